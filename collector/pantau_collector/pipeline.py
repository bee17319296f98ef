"""One step of the collector's mind: journal -> fleet -> incidents -> outbox, kept in one transaction.

What is in memory is what the database holds, and the rest of the journal: so after a crash, or a transaction that
failed, everything is loaded again and goes on where the last one ended. Nothing is told twice, and nothing is
lost.
"""

import itertools
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from sqlalchemy import Connection

from pantau_collector.clock import Clock
from pantau_collector.fleet.apply import apply
from pantau_collector.fleet.attention import Attention, ClockWatch
from pantau_collector.fleet.city import City, PictureTime
from pantau_collector.fleet.view import CityView, IncidentView
from pantau_collector.incidents.calendar import Calendar
from pantau_collector.incidents.case import Incident, Moment, Request, Transition
from pantau_collector.incidents.coverage import Coverage
from pantau_collector.incidents.planned import Planned
from pantau_collector.incidents.rules import IncidentRules
from pantau_collector.incidents.scheduler import Judgement, Scheduler
from pantau_collector.incidents.stages import make_stages
from pantau_collector.incidents.topology import Topology
from pantau_collector.inventory import Inventory
from pantau_collector.journal import Journal, Record
from pantau_collector.notices.announce import announce
from pantau_collector.notices.facts import facts_of
from pantau_collector.notices.notice import NoticeKind
from pantau_collector.notices.plan import plan
from pantau_collector.notices.recipients import NoticeRules, People
from pantau_collector.own_records import is_own
from pantau_collector.store import (
    Store,
    StoreError,
    downtime_rows,
    fleet_rows,
    incident_rows,
    notice_rows,
    request_rows,
)
from pantau_contract.errors import ContractError
from pantau_contract.topics import TopicKind, parse_topic
from pantau_contract.wire import decode

RECORDS_A_STEP = 5_000
STEP_EVERY_S = 1.0
KEEP_EVERY_S = 1.0
"""Mere signs of life are kept so often; what concerns an incident at once."""
SHOW_EVERY_S = 0.25
ASK_EVERY_S = 0.5
"""How often it is looked for what people have asked and planned."""
RECENT_INCIDENTS = 50
OVERLAP_MS = 120_000
"""Another collector's journal is taken up so long before where that one was: its clock may differ from ours."""
ANNOUNCE_EVERY_MS = 60_000
_RETRY_S = 2.0

_log = logging.getLogger(__name__)


class Pipeline:
    """Belongs to one thread; `view` may be read by any."""

    def __init__(
        self,
        journal: Journal,
        store: Store,
        inventory: Inventory,
        people: People,
        rules: IncidentRules,
        clock: Clock,
        *,
        listening: Callable[[], bool],
        picture_ms: PictureTime = lambda _site, _camera: 0,
        notice_rules: NoticeRules | None = None,
    ) -> None:
        """Loads what the store holds.

        Args:
            journal: what was received.
            store: where the fleet, incidents, outbox and cursor are.
            inventory: what things are called, and whose they are.
            people: who is told.
            rules: when an outage is one.
            clock: the time.
            listening: whether what agents send now is taken; silence proves nothing while it is not.
            picture_ms: when a camera's newest snapshot was taken.
            notice_rules: how notices are gathered.

        Raises:
            StoreError: the store cannot be read.
        """
        self._journal = journal
        self._store = store
        self._inventory = inventory
        self._renewed: Inventory | None = None
        self._people = people
        self._announced_ms = 0
        self._notice_rules = notice_rules or NoticeRules()
        self._rules = rules
        self._clock = clock
        self._listening = listening
        self._picture_ms = picture_ms
        self.trouble: str | None = None
        """Why the last step could not be kept, for the operator."""
        self.unreadable = 0
        """Records that broke the contract, since the start."""
        self._clock_watch = ClockWatch()
        self._view: CityView
        self._load()

    def _load(self) -> None:
        with self._store.begin() as connection:
            kept = fleet_rows.load_cursor(connection)
            fleet = fleet_rows.load_fleet(connection)
            opened = incident_rows.load_open(connection)
            resolved = incident_rows.load_resolved(connection, RECENT_INCIDENTS)
            symptoms = incident_rows.load_symptoms(connection)
            ids = itertools.count(incident_rows.next_id(connection))
        cursor = self._cursor_in_our_journal(kept)
        self._fleet = fleet
        self._position = cursor.position
        self._journal.report_position("pipeline", cursor.position)
        self._received_ms = cursor.received_ms
        self._attention = Attention(grace_s=self._rules.restart_grace_s, seconds=cursor.attention_s)
        self._calendar = Calendar()
        self._topology = Topology(self._inventory)
        self._coverage = Coverage(self._inventory, self._topology)
        self._planned = Planned(self._coverage)
        waits_s = [60 * level.after_min for level in self._people.levels]
        stages = make_stages(self._rules, self._planned, ids, escalate_after_s=waits_s)
        self._docket = Scheduler(stages, self._topology, open_incidents=opened, symptoms=symptoms)
        self._asked_at = float("-inf")
        self._open = {incident.id: incident for incident in opened}
        self._resolved = deque(resolved, maxlen=RECENT_INCIDENTS)
        self._city = City(self._inventory, self._picture_ms)
        self._kept_at = self._shown_at = self._clock.monotonic()
        self._show(self._clock.time_ms())

    def _cursor_in_our_journal(self, kept: fleet_rows.PipelineCursor | None) -> fleet_rows.PipelineCursor:
        """Positions are of one journal: where another collector stood is found in ours by the time.

        One without a name was kept before journals had names, and there was but one.
        """
        journal = self._journal.identity
        if kept is None:
            return fleet_rows.PipelineCursor(journal, 0, 0, 0.0)
        if kept.journal in {journal, ""}:
            return kept._replace(journal=journal)
        position = self._journal.position_at(kept.received_ms - OVERLAP_MS)
        return kept._replace(journal=journal, position=position)

    @property
    def view(self) -> CityView:
        """The city as it is known: immutable, replaced whole."""
        return self._view

    @property
    def open_incidents(self) -> list[Incident]:
        """Those that are open."""
        return list(self._open.values())

    @property
    def idle_s(self) -> float:
        """How many seconds of attention there is nothing to do, if nothing comes."""
        return self._docket.next_s - self._attention.seconds

    @property
    def inventory(self) -> Inventory:
        """What things are called, and whose they are."""
        return self._inventory

    def renew(self, inventory: Inventory) -> None:
        """Has the city be as this inventory says, from the next step on. Any thread may ask for it."""
        self._renewed = inventory

    @property
    def attention(self) -> Attention:
        """How attentive the collector is."""
        return self._attention

    @property
    def clock_steps(self) -> int:
        """How often the machine's clock was stepped, since the start."""
        return self._clock_watch.steps

    @property
    def position(self) -> int:
        """How far the journal has been read."""
        return self._position

    def run(self, stopping: threading.Event) -> None:
        """Steps when something has come, and each second; goes on whatever happens, until `stopping`."""
        while not stopping.is_set():
            self._journal.wait(self._position, STEP_EVERY_S)
            try:
                self._take_inventory()
                self.step()
                self.trouble = None
            except StoreError as error:
                self.trouble = str(error)
                _log.error("the collector's state cannot be kept; it goes on from what is kept: %s", error)
            except Exception as error:  # noqa: BLE001 - whatever it is, people must go on being told
                self.trouble = f"a step failed: {type(error).__name__}: {error}"
                _log.exception("a step of the pipeline failed; it goes on from what is kept")
            while self.trouble is not None and not stopping.wait(_RETRY_S) and not self._recovered():
                pass

    def step(self) -> int:
        """Takes what has come, judges it, keeps it and shows it; the number of records taken.

        Raises:
            StoreError: it could not be kept; what is in memory is ahead of the store now, so load it again.
        """
        end = self._journal.end
        records, self._position = self._journal.read(self._position, RECORDS_A_STEP)
        behind = self._position < end
        monotonic = self._clock.monotonic()
        self._attention.tick(monotonic, listening=self._listening(), behind=behind)
        attentive = self._attention.attentive and not behind
        now = Moment(self._clock.time_ms(), self._attention.seconds, attentive)
        if stepped_s := self._clock_watch.look(monotonic, now.time_ms):
            _log.warning("the machine's clock was stepped by %.0f s; no outage is opened for that", stepped_s)
        for record in records:
            self._apply(record, now.s)
        if records:
            self._received_ms = records[-1].received_ms
        requests = self._take_requests(monotonic)
        maintenance = self._calendar.advance(now.time_ms)
        if maintenance:
            self._planned.set(self._calendar.under_way)
        judgement = self._docket.judge(
            self._fleet.sites,
            self._fleet.take_to_judge(),
            now,
            requests=self._by_case(requests),
            also=[incident.case for incident in self._open.values()] if maintenance else (),
        )
        for site in judgement.sites:
            self._fleet.heard(self._fleet.sites[site])
        if judgement or requests or monotonic - self._kept_at >= KEEP_EVERY_S:
            self._keep(judgement, requests, now)
            self._kept_at = monotonic
        if judgement or monotonic - self._shown_at >= SHOW_EVERY_S:
            self._show(now.time_ms)
            self._shown_at = monotonic
        return len(records)

    def _take_requests(self, monotonic: float) -> list[Request]:
        """What people have asked since; the calendar takes what they have planned."""
        if monotonic - self._asked_at < ASK_EVERY_S:
            return []
        with self._store.begin() as connection:
            requests = request_rows.load_pending(connection)
            downtimes = downtime_rows.list_downtimes(connection, now_ms=self._clock.time_ms())
        self._calendar.take(downtimes)
        self._asked_at = monotonic
        return requests

    def _by_case(self, requests: Iterable[Request]) -> dict[str, list[Request]]:
        by_case: dict[str, list[Request]] = {}
        for request in requests:
            if request.incident in self._open:
                by_case.setdefault(self._open[request.incident].case, []).append(request)
        return by_case

    def _take_inventory(self) -> None:
        """Begins anew, from what is kept, with the inventory that was asked for: as a start would."""
        renewed = self._renewed
        if renewed is not None:
            self._inventory, self._renewed = renewed, None
            self._load()
            _log.info("the inventory has been read again: %d cameras", len(renewed.cameras))

    def _recovered(self) -> bool:
        try:
            self._load()
        except StoreError as error:
            self.trouble = str(error)
            return False
        self.trouble = None
        return True

    def _apply(self, record: Record, now_s: float) -> None:
        if is_own(record):
            return
        try:
            topic = parse_topic(record.topic)
            if topic.kind is not TopicKind.SNAPSHOT:
                message = decode(topic, record.payload)
                apply(self._fleet, message, record.received_ms, now_s, retained=record.retained)
        except ContractError as error:
            self.unreadable += 1
            _log.warning("the journal holds a record on %s that breaks the contract: %s", record.topic, error)

    def _keep(self, judgement: Judgement, requests: Sequence[Request], now: Moment) -> None:
        with self._store.begin() as connection:
            cursor = fleet_rows.PipelineCursor(self._journal.identity, self._position, self._received_ms, now.s)
            fleet_rows.save_cursor(connection, cursor)
            fleet_rows.save_fleet(connection, self._fleet)
            if requests:
                request_rows.save_applied(connection, requests[-1].id)
            incident_rows.save_symptoms(connection, judgement.symptoms)
            incident_rows.save_incidents(connection, judgement.incidents.values(), judgement.transitions)
            for transition in judgement.transitions:
                self._tell(connection, transition, now)
            self._announce(connection, now)
        self._journal.report_position("pipeline", self._position)
        self._fleet.saved()
        for incident in judgement.incidents.values():
            if incident.resolved_ms is None:
                self._open[incident.id] = incident
            else:
                self._open.pop(incident.id, None)
                self._resolved.appendleft(incident)
        for transition in judgement.transitions:
            incident = transition.incident
            _log.info("incident %d %s: %s %s", incident.id, transition.kind, incident.name, incident.cause)

    def _tell(self, connection: Connection, transition: Transition, now: Moment) -> None:
        told = notice_rows.kinds_sent(connection, transition.incident.id)
        tellings = plan(transition, told, self._people, self._inventory, self._fleet.sites, self._notice_rules)
        notice_rows.add(connection, tellings, created_ms=now.time_ms)

    def _announce(self, connection: Connection, now: Moment) -> None:
        """Maintenance that is about to begin is announced, and looked for each minute."""
        if 0 <= now.time_ms - self._announced_ms < ANNOUNCE_EVERY_MS:
            return
        tellings = announce(
            downtime_rows.list_downtimes(connection, now_ms=now.time_ms),
            lambda step: notice_rows.announced(connection, step),
            self._people,
            self._inventory,
            self._coverage,
            self._fleet.sites,
            self._notice_rules,
            now.time_ms,
        )
        notice_rows.add(connection, tellings, created_ms=now.time_ms)
        self._announced_ms = now.time_ms

    def place_of(self, incident: Incident) -> str:
        """What people call the place of an incident; any thread may ask."""
        return facts_of(NoticeKind.OPENED, incident, (), self._inventory, self._fleet.sites).place

    def _show(self, time_ms: int) -> None:
        self._city.renew(self._fleet, self._fleet.take_to_show())
        self._view = self._city.view(time_ms, map(self._incident_view, [*self._open.values(), *self._resolved]))

    def _incident_view(self, incident: Incident) -> IncidentView:
        taken = incident.acknowledged
        return IncidentView(
            incident.id,
            incident.site,
            incident.camera,
            incident.cause,
            incident.cameras,
            incident.opened_ms,
            incident.resolved_ms,
            incident.device,
            incident.uplink,
            incident.sites,
            taken.by if taken else "",
            taken.until_ms if taken else None,
            incident.downtime,
            incident.flapping,
            incident.escalation,
            self._parent_name(incident),
        )

    def _parent_name(self, incident: Incident) -> str:
        """What people call the uplink or device that has failed; empty for a site or a camera."""
        if incident.uplink is not None:
            return self._inventory.uplink_name(incident.uplink)
        if incident.device is not None:
            return self._inventory.device_name(incident.site, incident.device)
        return ""

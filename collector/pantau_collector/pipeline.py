"""One step of the collector's mind: journal -> fleet -> incidents -> outbox, kept in one transaction.

What is in memory is what the database holds, and the rest of the journal: so after a crash, or a transaction that
failed, everything is loaded again and goes on where the last one ended. Nothing is told twice, and nothing is
lost.
"""

import itertools
import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence

from pantau_collector.clock import Clock
from pantau_collector.config import IncidentRules, Recipient
from pantau_collector.fleet.apply import apply
from pantau_collector.fleet.attention import Attention
from pantau_collector.fleet.city import City, PictureTime
from pantau_collector.fleet.view import CityView, IncidentView
from pantau_collector.incidents.case import Incident, Moment
from pantau_collector.incidents.docket import Docket, Judgement
from pantau_collector.incidents.stages import make_stages
from pantau_collector.inventory import Inventory
from pantau_collector.journal import Journal, Record
from pantau_collector.notices import outbox
from pantau_collector.own_records import is_own
from pantau_collector.store import Store, StoreError, fleet_rows, incident_rows, outbox_rows
from pantau_contract.errors import ContractError
from pantau_contract.topics import Kind, parse_topic
from pantau_contract.wire import decode

RECORDS_A_STEP = 5_000
STEP_EVERY_S = 1.0
KEEP_EVERY_S = 1.0
"""Mere signs of life are kept so often; what concerns an incident at once."""
SHOW_EVERY_S = 0.25
RECENT_INCIDENTS = 50
OVERLAP_MS = 120_000
"""Another collector's journal is taken up so long before where that one was: its clock may differ from ours."""
_RETRY_S = 2.0

_log = logging.getLogger(__name__)


class Pipeline:
    """Belongs to one thread; `view` may be read by any."""

    def __init__(
        self,
        journal: Journal,
        store: Store,
        inventory: Inventory,
        recipients: Sequence[Recipient],
        rules: IncidentRules,
        clock: Clock,
        *,
        listening: Callable[[], bool],
        picture_ms: PictureTime = lambda _site, _camera: 0,
    ) -> None:
        """Loads what the store holds.

        Args:
            journal: what was received.
            store: where the fleet, incidents, outbox and cursor are.
            inventory: what things are called, and whose they are.
            recipients: who is told.
            rules: when an outage is one.
            clock: the time.
            listening: whether what agents send now is taken; silence proves nothing while it is not.
            picture_ms: when a camera's newest snapshot was taken.

        Raises:
            StoreError: the store cannot be read.
        """
        self._journal = journal
        self._store = store
        self._inventory = inventory
        self._recipients = recipients
        self._rules = rules
        self._clock = clock
        self._listening = listening
        self._picture_ms = picture_ms
        self.trouble: str | None = None
        """Why the last step could not be kept, for the operator."""
        self.unreadable = 0
        """Records that broke the contract, since the start."""
        self._view: CityView
        self._load()
        journal.register("pipeline", lambda: self._kept_position)

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
        self._position = self._kept_position = cursor.position
        self._received_ms = cursor.received_ms
        self._attention = Attention(grace_s=self._rules.restart_grace_s, seconds=cursor.attention_s)
        self._docket = Docket(make_stages(self._rules, ids), open_incidents=opened, symptoms=symptoms)
        self._open = {incident.id: incident for incident in opened}
        self._resolved = deque(resolved, maxlen=RECENT_INCIDENTS)
        self._city = City(self._inventory, self._picture_ms)
        self._kept_at = self._shown_at = self._clock.monotonic()
        self._show(self._clock.time_ms())

    def _cursor_in_our_journal(self, kept: fleet_rows.Cursor | None) -> fleet_rows.Cursor:
        """Positions are of one journal: where another collector stood is found in ours by the time."""
        journal = self._journal.identity
        if kept is None:
            return fleet_rows.Cursor(journal, 0, 0, 0.0)
        if kept.journal == journal:
            return kept
        position = self._journal.position_at(kept.received_ms - OVERLAP_MS)
        return kept._replace(journal=journal, position=position)

    @property
    def view(self) -> CityView:
        """The city as it is known: immutable, replaced whole."""
        return self._view

    @property
    def attention(self) -> Attention:
        """How attentive the collector is."""
        return self._attention

    @property
    def position(self) -> int:
        """How far the journal has been read."""
        return self._position

    def run(self, stopping: threading.Event) -> None:
        """Steps when something has come, and each second; goes on whatever happens, until `stopping`."""
        while not stopping.is_set():
            self._journal.wait(self._position, STEP_EVERY_S)
            try:
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
        for record in records:
            self._apply(record, now.s)
        if records:
            self._received_ms = records[-1].received_ms
        judgement = self._docket.judge(self._fleet.sites, self._fleet.take_to_judge(), now)
        for site in judgement.sites:
            self._fleet.heard(self._fleet.sites[site])
        if judgement or monotonic - self._kept_at >= KEEP_EVERY_S:
            self._keep(judgement, now)
            self._kept_at = monotonic
        if judgement or monotonic - self._shown_at >= SHOW_EVERY_S:
            self._show(now.time_ms)
            self._shown_at = monotonic
        return len(records)

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
            if topic.kind is not Kind.SNAPSHOT:
                message = decode(topic, record.payload)
                apply(self._fleet, message, record.received_ms, now_s, retained=record.retained)
        except ContractError as error:
            self.unreadable += 1
            _log.warning("the journal holds a record on %s that breaks the contract: %s", record.topic, error)

    def _keep(self, judgement: Judgement, now: Moment) -> None:
        with self._store.begin() as connection:
            cursor = fleet_rows.Cursor(self._journal.identity, self._position, self._received_ms, now.s)
            fleet_rows.save_cursor(connection, cursor)
            fleet_rows.save_fleet(connection, self._fleet)
            incident_rows.save_symptoms(connection, judgement.symptoms)
            incident_rows.save_incidents(connection, judgement.incidents.values(), judgement.transitions)
            for transition in judgement.transitions:
                told = outbox_rows.told(connection, transition.incident.id)
                site = self._fleet.sites[transition.incident.site]
                deliveries = outbox.plan(transition, told, self._recipients, self._inventory, site)
                outbox_rows.add(connection, deliveries, created_ms=now.time_ms)
        self._kept_position = self._position
        self._fleet.saved()
        for incident in judgement.incidents.values():
            if incident.resolved_ms is None:
                self._open[incident.id] = incident
            else:
                self._open.pop(incident.id, None)
                self._resolved.appendleft(incident)
        for transition in judgement.transitions:
            incident = transition.incident
            _log.info(
                "incident %d %s: %s/%s %s",
                incident.id,
                transition.kind,
                incident.site,
                incident.camera or "*",
                incident.cause,
            )

    def _show(self, time_ms: int) -> None:
        self._city.renew(self._fleet, self._fleet.take_to_show())
        self._view = self._city.view(time_ms, map(_incident_view, [*self._open.values(), *self._resolved]))


def _incident_view(incident: Incident) -> IncidentView:
    return IncidentView(
        incident.id,
        incident.site,
        incident.camera,
        incident.cause,
        incident.cameras,
        incident.opened_ms,
        incident.resolved_ms,
    )

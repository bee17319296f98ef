"""Runs the steps: journal -> fleet -> incidents -> notices, each saved in one transaction.

The state in memory is what the store holds, plus the rest of the journal. So after a crash, or a transaction that
failed, everything is loaded again and goes on where the last transaction ended: no notice is lost or sent twice.
"""

import logging
import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from collections.abc import Set as AbstractSet

from pantau_collector.clock import Clock
from pantau_collector.fleet.apply import apply
from pantau_collector.fleet.attention import Attention, ClockWatch
from pantau_collector.fleet.city import City, PictureTime
from pantau_collector.fleet.view import CityView
from pantau_collector.incidents.acknowledgement import AcknowledgementRequest
from pantau_collector.incidents.incident import Incident
from pantau_collector.incidents.moment import Moment
from pantau_collector.incidents.rules import IncidentRules
from pantau_collector.incidents.scheduler import Judgement
from pantau_collector.inventory import Inventory
from pantau_collector.journal import Journal, Record
from pantau_collector.notices.build import build_notice
from pantau_collector.notices.notice import NoticeKind
from pantau_collector.notices.recipients import NoticeRules, People
from pantau_collector.own_records import is_own
from pantau_collector.pipeline.incident_views import view_incident
from pantau_collector.pipeline.notifier import Notifier
from pantau_collector.pipeline.state import State
from pantau_collector.store import (
    Store,
    StoreError,
    agent_request_rows,
    downtime_rows,
    fleet_rows,
    forgotten_rows,
    incident_rows,
    request_rows,
)
from pantau_contract.errors import ContractError
from pantau_contract.messages import Birth, Message, Reply, Telemetry
from pantau_contract.topics import TopicKind, parse_topic
from pantau_contract.wire import decode

RECORDS_PER_STEP = 5_000
"""Records of the journal that one step reads at most."""
STEP_EVERY_S = 1.0
"""Seconds between two steps while nothing arrives."""
SAVE_EVERY_S = 1.0
"""Seconds between two transactions for mere signs of life; a change of an incident is saved at once."""
PUBLISH_EVERY_S = 0.25
"""Seconds between two views of the city while no incident changes."""
POLL_REQUESTS_EVERY_S = 0.5
"""Seconds between two looks for acknowledgements and downtimes in the store."""
_RETRY_S = 2.0
"""Seconds between two attempts to load the state after a step has failed."""

RemovePictures = Callable[[Iterable[tuple[str, str]]], None]
"""Removes the snapshots of cameras, by site and id."""

_log = logging.getLogger(__name__)


class Pipeline:
    """Belongs to one thread; any thread may read `view`."""

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
        remove_pictures: RemovePictures = lambda _cameras: None,
        notice_rules: NoticeRules | None = None,
    ) -> None:
        """Load what the store holds.

        Args:
            journal: what was received.
            store: holds the fleet, the incidents, the notices and the cursor.
            inventory: the names and owners of sites and cameras.
            people: who is notified.
            rules: the thresholds of outages.
            clock: the time.
            listening: returns whether messages are received now; silence proves nothing while they are not.
            picture_ms: returns when a camera's newest snapshot was taken.
            remove_pictures: removes the snapshots of cameras, by site and id, that are no more.
            notice_rules: how notices are batched.

        Raises:
            StoreError: the store cannot be read.
        """
        self._journal = journal
        self._store = store
        self._inventory = inventory
        self._next_inventory: Inventory | None = None
        self._people = people
        self._notifier = Notifier(people, notice_rules or NoticeRules())
        self._rules = rules
        self._clock = clock
        self._listening = listening
        self._picture_ms = picture_ms
        self._remove_pictures = remove_pictures
        self.trouble: str | None = None
        """Why the last step could not be saved, for the operator; None if it was."""
        self._unusable_downtimes: dict[int, str] = {}
        self.unreadable = 0
        """Records since the start that broke the contract."""
        self._clock_watch = ClockWatch()
        self._view: CityView
        self._load()

    def _load(self) -> None:
        self._state = State(self._store, self._journal, self._inventory, self._people, self._rules)
        with self._store.begin() as connection:
            self._forgotten = forgotten_rows.load_forgotten(connection)
        self._returned: set[str] = set()
        self._answers: list[tuple[int, Reply]] = []
        self._journal.report_position("pipeline", self._state.position)
        self._requests_polled_at = float("-inf")
        self._city = City(self._inventory, self._picture_ms)
        self._saved_at = self._published_at = self._clock.monotonic()
        self._publish(self._clock.time_ms())

    @property
    def downtime_trouble(self) -> str | None:
        """Which downtimes are set aside and why, for the operator; None if there are none."""
        unusable = self._unusable_downtimes
        if not unusable:
            return None
        number, reason = min(unusable.items())
        more = f"; and {len(unusable) - 1} more" if len(unusable) > 1 else ""
        return f"downtime {number} is set aside, cancel it and plan it again: {reason}{more}"

    @property
    def view(self) -> CityView:
        """The city as it is known: immutable, and replaced as a whole."""
        return self._view

    @property
    def open_incidents(self) -> list[Incident]:
        """The incidents that are open."""
        return list(self._state.open.values())

    @property
    def idle_s(self) -> float:
        """Seconds of attention until there is something to do if nothing arrives."""
        return self._state.scheduler.next_s - self._state.attention.seconds

    @property
    def inventory(self) -> Inventory:
        """The names and owners of sites and cameras."""
        return self._inventory

    def replace_inventory(self, inventory: Inventory) -> None:
        """Use this inventory from the next step on. Any thread may call this."""
        self._next_inventory = inventory

    @property
    def attention(self) -> Attention:
        """How long the collector has been listening."""
        return self._state.attention

    @property
    def clock_steps(self) -> int:
        """How often the machine's clock was stepped since the start."""
        return self._clock_watch.steps

    @property
    def position(self) -> int:
        """The position in the journal up to which it has been read."""
        return self._state.position

    def run(self, stopping: threading.Event) -> None:
        """Step when something has arrived, and once a second; go on whatever happens, until `stopping`."""
        while not stopping.is_set():
            self._journal.wait(self._state.position, STEP_EVERY_S)
            try:
                self._apply_next_inventory()
                self.step()
                self.trouble = None
            except StoreError as error:
                self.trouble = str(error)
                _log.error("the collector's state cannot be kept; it goes on from what is kept: %s", error)
            except Exception as error:  # noqa: BLE001 - whatever it is, people must still be notified
                self.trouble = f"a step failed: {type(error).__name__}: {error}"
                _log.exception("a step of the pipeline failed; it goes on from what is kept")
            while self.trouble is not None and not stopping.wait(_RETRY_S) and not self._recover():
                pass

    def step(self) -> int:
        """Apply what has arrived, judge it, save it and publish it; return the number of records read.

        Raises:
            StoreError: it could not be saved. The state in memory is ahead of the store then and must be reloaded.
        """
        if forgotten := self._forgotten.keys() & self._state.fleet.sites.keys():
            self._forget(forgotten)
        state = self._state
        end = self._journal.end
        records, state.position = self._journal.read(state.position, RECORDS_PER_STEP)
        behind = state.position < end
        monotonic = self._clock.monotonic()
        state.attention.tick(monotonic, listening=self._listening(), behind=behind)
        attentive = state.attention.attentive and not behind
        now = Moment(self._clock.time_ms(), state.attention.seconds, attentive)
        if stepped_s := self._clock_watch.check(monotonic, now.time_ms):
            _log.warning("the machine's clock was stepped by %.0f s; no outage is opened for that", stepped_s)
        for record in records:
            self._apply(record, now.s)
        if records:
            state.received_ms = records[-1].received_ms
        requests = self._poll_requests(monotonic)
        downtimes_changed = state.calendar.advance(now.time_ms)
        if downtimes_changed:
            state.mute.set_active(state.calendar.active)
        judgement = state.scheduler.judge(
            state.fleet.sites,
            state.fleet.pop_to_judge(),
            now,
            requests=self._by_case(requests),
            extra=[incident.case for incident in state.open.values()] if downtimes_changed else (),
        )
        for site in judgement.sites:
            state.fleet.mark_heard(state.fleet.sites[site])
        if judgement or requests or self._answers or monotonic - self._saved_at >= SAVE_EVERY_S:
            self._save(judgement, requests, now)
            self._saved_at = monotonic
        if judgement or monotonic - self._published_at >= PUBLISH_EVERY_S:
            self._publish(now.time_ms)
            self._published_at = monotonic
        return len(records)

    def _poll_requests(self, monotonic: float) -> list[AcknowledgementRequest]:
        """Return the new requests of people, and hand the downtimes to the calendar."""
        if monotonic - self._requests_polled_at < POLL_REQUESTS_EVERY_S:
            return []
        with self._store.begin() as connection:
            requests = request_rows.load_pending(connection)
            self._forgotten = forgotten_rows.load_forgotten(connection)
            stored = downtime_rows.load_downtimes(connection, now_ms=self._clock.time_ms())
        for site in self._returned:
            self._forgotten.pop(site, None)
        self._state.calendar.set_downtimes(stored.downtimes)
        self._report_unusable(self._state.calendar.unusable | stored.unreadable)
        self._requests_polled_at = monotonic
        return requests

    def _report_unusable(self, unusable: dict[int, str]) -> None:
        for number, reason in unusable.items():
            if number not in self._unusable_downtimes:
                _log.warning("downtime %d is set aside: %s", number, reason)
        self._unusable_downtimes = unusable

    def _by_case(self, requests: Iterable[AcknowledgementRequest]) -> dict[str, list[AcknowledgementRequest]]:
        by_case: dict[str, list[AcknowledgementRequest]] = {}
        for request in requests:
            incident = self._state.open.get(request.incident)
            if incident is not None:
                by_case.setdefault(incident.case, []).append(request)
        return by_case

    def _apply_next_inventory(self) -> None:
        """Load the state again with the inventory that was handed over, as at a start."""
        inventory = self._next_inventory
        if inventory is not None:
            self._inventory, self._next_inventory = inventory, None
            self._load()
            _log.info("the inventory has been read again: %d cameras", len(inventory.cameras))

    def _recover(self) -> bool:
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
                if topic.site in self._forgotten and self._is_forgotten(topic.site, message, record):
                    return
                if isinstance(message, Reply):
                    self._answers.append((record.received_ms, message))
                apply(
                    self._state.fleet,
                    message,
                    record.received_ms,
                    now_s,
                    retained=record.retained,
                    undated=record.undated,
                )
        except ContractError as error:
            self.unreadable += 1
            _log.warning("the journal holds a record on %s that breaks the contract: %s", record.topic, error)

    def _is_forgotten(self, site: str, message: Message, record: Record) -> bool:
        """Return True if a message is only a trace of a forgotten site; one that reports again is remembered."""
        if (
            record.retained
            or record.received_ms <= self._forgotten[site]
            or not isinstance(message, Birth | Telemetry)
        ):
            return True
        del self._forgotten[site]
        self._returned.add(site)
        return False

    def _forget(self, sites: AbstractSet[str]) -> None:
        """Forget sites, and load what remains, as at a start."""
        now_ms = self._clock.time_ms()
        cameras = [(site, camera) for site in sites for camera in self._state.fleet.sites[site].cameras]
        with self._store.begin() as connection:
            for site in sites:
                forgotten_rows.forget_site(connection, site, self._state.open.values(), now_ms)
        for site in sorted(sites):
            _log.info("site %s is forgotten", site)
        self._drop_pictures(cameras)
        self._load()

    def _save(self, judgement: Judgement, requests: Sequence[AcknowledgementRequest], now: Moment) -> None:
        state = self._state
        with self._store.begin() as connection:
            cursor = fleet_rows.PipelineCursor(self._journal.identity, state.position, state.received_ms, now.s)
            fleet_rows.save_cursor(connection, cursor)
            fleet_rows.save_fleet(connection, state.fleet)
            forgotten_rows.drop_forgotten(connection, self._returned)
            agent_request_rows.save_answers(connection, self._answers)
            if requests:
                request_rows.save_applied(connection, requests[-1].id)
            incident_rows.save_symptoms(connection, judgement.symptoms)
            incident_rows.save_incidents(connection, judgement.incidents.values(), judgement.transitions)
            sites, transitions = state.fleet.sites, judgement.transitions
            self._notifier.notify(connection, transitions, self._inventory, sites, now.time_ms)
            downtimes = state.calendar.usable
            self._notifier.announce(connection, downtimes, self._inventory, state.coverage, sites, now.time_ms)
        self._journal.report_position("pipeline", state.position)
        self._drop_pictures(list(state.fleet.removed_cameras))
        state.fleet.mark_saved()
        self._returned.clear()
        self._answers.clear()
        state.update_incidents(judgement.incidents.values())
        for transition in judgement.transitions:
            incident = transition.incident
            _log.info("incident %d %s: %s %s", incident.id, transition.kind, incident.name, incident.cause)

    def place_of(self, incident: Incident) -> str:
        """Return what people call the place of an incident. Any thread may call this."""
        return build_notice(NoticeKind.OPENED, incident, (), self._inventory, self._state.fleet.sites).place

    def _drop_pictures(self, cameras: Collection[tuple[str, str]]) -> None:
        """Remove the pictures of cameras that are no more; what cannot be removed now is found later."""
        if not cameras:
            return
        try:
            self._remove_pictures(cameras)
        except OSError as error:
            _log.warning("pictures of cameras that are no more cannot be removed: %s", error)

    def _publish(self, time_ms: int) -> None:
        state = self._state
        self._city.update(state.fleet, state.fleet.pop_to_show())
        incidents = [view_incident(each, self._inventory) for each in (*state.open.values(), *state.resolved)]
        self._view = self._city.view(time_ms, incidents)

"""Writes checked messages to disk: to the journal, the pictures, or the dead letters."""

import contextlib
import logging
import time
from collections.abc import Callable, Iterable

from pantau_collector.clock_correction import correction_ms
from pantau_collector.deadletter import DeadLetter, DeadLetters
from pantau_collector.intake.check import check_message
from pantau_collector.intake.drop_reports import DropReports
from pantau_collector.intake.fair_share import FairShare, Turn, price_s
from pantau_collector.intake.inbox import Incoming
from pantau_collector.intake.known_cameras import KnownCameras
from pantau_collector.intake.overflow import Overflow
from pantau_collector.intake.reader_delay import ReaderDelay
from pantau_collector.intake.receipts import identify_unread
from pantau_collector.intake.undated import BatchKey, UndatedBatches, latest_batches
from pantau_collector.journal import Journal, Record
from pantau_collector.pictures import PictureFiles
from pantau_collector.snapshots import SnapshotArchive
from pantau_contract.errors import ContractError
from pantau_contract.messages import Birth, CameraState, Message, Telemetry
from pantau_contract.snapshot import SnapshotMetadata
from pantau_contract.topics import TopicKind, site_of

REMEMBERED = 1 << 16
"""Batches that are recognised when they arrive again; a broker repeats only what was being delivered."""
_LATEST_BYTES = 4 << 20
"""Bytes at the journal's end whose batches are recognised after a restart: a minute of 2,000 sites."""
LATE_AFTER_S = 60
"""Seconds after which arriving telemetry counts as an agent's backlog, to be written after new records."""
PIPELINE = "pipeline"
"""The name by which the journal knows the reader that decides about outages."""
MAX_WAITING_AT_ONCE = 2000
"""Waiting messages that are written at once at most."""
_DAY_MS = 86_400_000
_SNAPSHOT = f"/{TopicKind.SNAPSHOT}"
_log = logging.getLogger(__name__)


class CheckedMessages:
    """Messages to be written. Each part is emptied once it is written, so that a failed write can be repeated."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.keys: dict[BatchKey, bool] = {}
        """The batches of telemetry among them, each with True if it is undated."""
        self.received: list[BatchKey] = []
        """All batches of telemetry that came, also those that are known, break the contract, or wait."""
        self.pictures: list[tuple[SnapshotMetadata, bytes, str]] = []
        self.states: list[CameraState] = []
        """States of cameras whose time is believed, for the archive of pictures."""
        self.dead: list[DeadLetter] = []
        self.samples = 0
        self.over_share: list[Incoming] = []
        """Messages that must wait, in the order of their arrival."""
        self.done: dict[str, int] = {}
        """The last of each site's waiting messages that are among these."""


class MessageWriter:
    """Checks messages and writes them; its counters count since the start."""

    def __init__(
        self,
        journal: Journal,
        pictures: PictureFiles,
        dead_letters: DeadLetters,
        overflow: Overflow,
        drops: DropReports,
        *,
        max_age_ms: int,
        archive: SnapshotArchive | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._journal = journal
        self._pictures = pictures
        self._dead_letters = dead_letters
        self._overflow = overflow
        self._archive = archive
        self._max_age_ms = max_age_ms
        self._monotonic = monotonic
        self._share = FairShare(overflow, monotonic=monotonic)
        self._delay = ReaderDelay()
        self._known = KnownCameras()
        self._seen = dict.fromkeys(latest_batches(journal, _LATEST_BYTES), False)
        self._undated = UndatedBatches(journal)
        self._drops = drops
        self._charged_s = 0.0
        """The processor time of this thread for which some site has been charged."""
        self.journaled = 0
        self.samples = 0
        self.duplicates = 0
        self.dead = 0
        self.lost_pictures = 0

    def check(self, messages: Iterable[Incoming]) -> CheckedMessages:
        """Check messages and sort them by where they go; telemetry that is in the journal already is left out.

        Those of a site that is over its share are to wait, and those that wait are added once it no longer is.
        """
        batch = CheckedMessages()
        self._charged_s = time.thread_time()
        self._share.begin(is_behind=self._is_behind())
        for incoming in messages:
            site = site_of(incoming.topic)
            is_picture = incoming.topic.endswith(_SNAPSHOT)
            later_s = 0.0
            match self._share.turn(site, len(incoming.payload), can_wait=not is_picture):
                case Turn.NOW:
                    later_s = self._check_one(incoming, batch)
                case Turn.LATER:
                    batch.over_share.append(incoming)
                    batch.received += identify_unread(incoming.topic, incoming.payload)
                case Turn.NEVER if is_picture:  # the camera's next one comes within minutes
                    self.lost_pictures += 1
                case Turn.NEVER:
                    self._drops.note(site, len(incoming.payload))
            self._charge(site, later_s)
        try:
            for site, waiting in self._share.waiting(MAX_WAITING_AT_ONCE):
                self._charge(site, self._check_one(waiting.message, batch))
                batch.done[site] = waiting.id
        except OSError as error:
            _log.warning("what waits is tried again: %s", error)
        reports = self._drops.take_due(self._monotonic())
        for report in reports:
            _log.warning("%s: %s; look at its agent, and at who has its login", report.topic, report.reason)
        batch.dead += reports
        return batch

    def _is_behind(self) -> bool:
        """Return True if the collector does not keep up with the journal."""
        return self._delay.is_behind(self._journal.position_of(PIPELINE), self._journal.end, self._monotonic())

    def _check_one(self, incoming: Incoming, batch: CheckedMessages) -> float:
        """Check a message and sort it, and return the seconds that it costs behind the intake."""
        message = None
        try:
            message = self._checked(incoming)
            if message is not None:
                self._sort(message, incoming, batch)
        except ContractError as error:
            batch.dead.append(DeadLetter(incoming.topic, str(error), incoming.payload))
            batch.received += identify_unread(incoming.topic, incoming.payload)
        return price_s(message, len(incoming.payload))

    def _charge(self, site: str, later_s: float) -> None:
        """Charge a site for the processor time since the last one was charged, and for what will follow."""
        before_s, self._charged_s = self._charged_s, time.thread_time()
        self._share.charge(site, self._charged_s - before_s + later_s)

    def _checked(self, incoming: Incoming) -> Message | SnapshotMetadata | None:
        """Return the message, or None if it is nothing to be kept.

        Raises:
            ContractError: it breaks the contract.
        """
        if not incoming.payload and incoming.topic.endswith(f"/{TopicKind.STATE}"):
            return None  # clears the retained state of a removed camera; its birth message reports the removal
        message = check_message(incoming.topic, incoming.payload)
        if isinstance(message, Telemetry):
            self._check_age(message, incoming.received_ms)
        self._known.admit(message)
        return message

    def _check_age(self, batch: Telemetry, received_ms: int) -> None:
        age_ms = received_ms - batch.time
        if batch.clock_synchronised and age_ms > self._max_age_ms and not correction_ms(batch.time, received_ms):
            raise ContractError(
                f"it was measured {age_ms / _DAY_MS:.0f} days ago, and nothing older than"
                f" {self._max_age_ms / _DAY_MS:g} days is believed (intake.spool_max_age_days and one more)"
            )

    def _sort(self, message: Message | SnapshotMetadata, incoming: Incoming, batch: CheckedMessages) -> None:
        if isinstance(message, SnapshotMetadata):
            batch.pictures.append((message, incoming.payload, incoming.topic))
            return
        undated = late = False
        if isinstance(message, Telemetry):
            key = (message.site, message.boot, message.seq)
            batch.received.append(key)
            if key in self._seen or key in batch.keys or key in self._undated:
                self.duplicates += 1
                return
            undated = self._is_undated(message.time, incoming.received_ms)
            late = not undated and _is_late(message, incoming.received_ms)
            batch.keys[key] = undated
            batch.samples += len(message.samples)
        elif isinstance(message, Birth | CameraState):
            undated = self._is_undated(message.time, incoming.received_ms)
            if isinstance(message, CameraState) and not undated:
                batch.states.append(message)
        batch.records.append(
            Record(
                incoming.received_ms,
                incoming.topic,
                incoming.payload,
                incoming.retained,
                late=late,
                undated=undated,
            )
        )

    def write(self, batch: CheckedMessages) -> None:
        """Make messages durable.

        A picture that cannot be written is dropped; the camera's next comes within minutes.

        Raises:
            OSError: not all of them are on disk; the rest may be tried again.
        """
        self._journal.append(batch.records)
        self.journaled += len(batch.records)
        self.samples += batch.samples
        self._seen |= batch.keys
        for _ in range(len(self._seen) - REMEMBERED):
            del self._seen[next(iter(self._seen))]
        for key, undated in batch.keys.items():
            if undated:
                self._undated.add(key)
        self._undated.save_if_due()
        batch.records, batch.keys, batch.samples = [], {}, 0
        self._overflow.add(batch.over_share)
        batch.over_share = []
        self._write_pictures(batch)
        self._dead_letters.write(batch.dead)
        self.dead += len(batch.dead)
        batch.dead = []
        for site, last in list(batch.done.items()):
            self._overflow.remove(site, last)
            del batch.done[site]

    def close(self) -> None:
        """Report what was dropped."""
        with contextlib.suppress(OSError):
            self._dead_letters.write(self._drops.take_all(self._monotonic()))

    def _is_undated(self, time_ms: int, received_ms: int) -> bool:
        """Return True for a time that is not believed."""
        return correction_ms(time_ms, received_ms) != 0 or received_ms - time_ms > self._max_age_ms

    def _write_pictures(self, batch: CheckedMessages) -> None:
        if self._archive is not None:
            for state in batch.states:
                self._archive.note_state(state)
        batch.states = []
        for about, jpeg, topic in batch.pictures:
            try:
                if self._pictures.put(about, jpeg) and self._archive is not None:
                    self._archive.note_picture(about)
            except ContractError as error:
                batch.dead.append(DeadLetter(topic, str(error), jpeg))
            except OSError as error:
                self.lost_pictures += 1
                _log.warning("the picture of %s/%s is not kept: %s", about.site, about.camera, error)
        batch.pictures = []


def _is_late(message: Telemetry, received_ms: int) -> bool:
    """Return True for telemetry of an agent's backlog. The age is unknown if the agent's clock was not set."""
    return message.clock_synchronised is not False and received_ms - message.time > LATE_AFTER_S * 1000

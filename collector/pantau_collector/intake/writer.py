"""Writes checked messages to disk: to the journal, the pictures, or the dead letters."""

import logging
from collections.abc import Iterable

from pantau_collector.clock_correction import correction_ms
from pantau_collector.deadletter import DeadLetter, DeadLetters
from pantau_collector.intake.check import check_message
from pantau_collector.intake.inbox import Incoming
from pantau_collector.intake.known_cameras import KnownCameras
from pantau_collector.intake.receipts import identify_refused
from pantau_collector.intake.undated import BatchKey, UndatedBatches, latest_batches
from pantau_collector.journal import Journal, Record
from pantau_collector.pictures import PictureFiles
from pantau_contract.errors import ContractError
from pantau_contract.messages import Telemetry
from pantau_contract.snapshot import SnapshotMetadata
from pantau_contract.topics import TopicKind

REMEMBERED = 1 << 16
"""Batches that are recognised when they arrive again; a broker repeats only what was being delivered."""
_LATEST_BYTES = 4 << 20
"""Bytes at the journal's end whose batches are recognised after a restart: a minute of 2,000 sites."""
LATE_AFTER_S = 60
"""Seconds after which arriving telemetry counts as an agent's backlog, to be written after new records."""
_log = logging.getLogger(__name__)


class CheckedMessages:
    """Messages to be written. Each part is emptied once it is written, so that a failed write can be repeated."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.keys: dict[BatchKey, bool] = {}
        """The batches of telemetry among them, each with True if it is undated."""
        self.received: list[BatchKey] = []
        """All batches of telemetry that came, also those that are known already, or break the contract."""
        self.pictures: list[tuple[SnapshotMetadata, bytes, str]] = []
        self.dead: list[DeadLetter] = []
        self.samples = 0


class MessageWriter:
    """Checks messages and writes them; its counters count since the start."""

    def __init__(self, journal: Journal, pictures: PictureFiles, dead_letters: DeadLetters) -> None:
        self._journal = journal
        self._pictures = pictures
        self._dead_letters = dead_letters
        self._known = KnownCameras()
        self._seen = dict.fromkeys(latest_batches(journal, _LATEST_BYTES), False)
        self._undated = UndatedBatches(journal)
        self.journaled = 0
        self.samples = 0
        self.duplicates = 0
        self.dead = 0
        self.lost_pictures = 0

    def check(self, messages: Iterable[Incoming]) -> CheckedMessages:
        """Check messages and sort them by where they go; telemetry that is in the journal already is left out."""
        batch = CheckedMessages()
        for incoming in messages:
            if not incoming.payload and incoming.topic.endswith(f"/{TopicKind.STATE}"):
                # The agent clears the retained state of a removed camera; its birth message reports the removal.
                continue
            try:
                message = check_message(incoming.topic, incoming.payload)
                self._known.admit(message)
            except ContractError as error:
                batch.dead.append(DeadLetter(incoming.topic, str(error), incoming.payload))
                batch.received += identify_refused(incoming.topic, incoming.payload)
                continue
            if isinstance(message, SnapshotMetadata):
                batch.pictures.append((message, incoming.payload, incoming.topic))
                continue
            if isinstance(message, Telemetry):
                key = (message.site, message.boot, message.seq)
                batch.received.append(key)
                if key in self._seen or key in batch.keys or key in self._undated:
                    self.duplicates += 1
                    continue
                undated = correction_ms(message.time, incoming.received_ms) != 0
                late = not undated and _is_late(message, incoming.received_ms)
                batch.keys[key] = undated
                batch.samples += len(message.samples)
            else:
                undated = late = False
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
        return batch

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
        self._write_pictures(batch)
        self._dead_letters.write(batch.dead)
        self.dead += len(batch.dead)
        batch.dead = []

    def _write_pictures(self, batch: CheckedMessages) -> None:
        for about, jpeg, topic in batch.pictures:
            try:
                self._pictures.put(about, jpeg)
            except ContractError as error:
                batch.dead.append(DeadLetter(topic, str(error), jpeg))
            except OSError as error:
                self.lost_pictures += 1
                _log.warning("the picture of %s/%s is not kept: %s", about.site, about.camera, error)
        batch.pictures = []


def _is_late(message: Telemetry, received_ms: int) -> bool:
    """Return True for telemetry of an agent's backlog. The age is unknown if the agent's clock was not set."""
    return message.clock_synchronised is not False and received_ms - message.time > LATE_AFTER_S * 1000

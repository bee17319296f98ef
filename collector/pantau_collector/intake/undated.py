"""Remembers, over restarts, which batches without a true time are in the journal.

Such a batch is dated by its arrival, so a second copy of it would make a second point at another time. Any other
batch makes the same points again, and needs to be remembered for a while only.
"""

import logging
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from pantau_collector.journal import Journal, Record
from pantau_contract.errors import ContractError
from pantau_contract.messages import Telemetry
from pantau_contract.topics import TopicKind, parse_topic
from pantau_contract.wire import decode
from pantau_service import atomic_file

BatchKey = tuple[str, str, int]
"""`(site, boot, seq)`, which identifies a batch of telemetry."""

REMEMBERED = 1 << 16
"""Undated batches that are remembered: the latest 65,536."""
SAVE_EVERY_BYTES = 64 << 20
"""Bytes by which the journal may grow until the file is saved, and so what is read of it at the start at most."""
_RECORDS_PER_READ = 5000
_log = logging.getLogger(__name__)


class _SavedBatches(Struct):
    """The file's content: the undated batches that the journal named `journal` holds before `position`."""

    journal: str
    position: int
    batches: list[BatchKey]


class UndatedBatches:
    """The latest undated batches: those of a file, and those that the journal has gained since it was saved."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._path = journal.directory / "undated.json"
        saved = _read(self._path)
        if saved is None or saved.journal != journal.identity or saved.position > journal.end:
            saved = _SavedBatches(journal.identity, journal.latest(SAVE_EVERY_BYTES), [])
        self._keys: dict[BatchKey, None] = {}
        for key in saved.batches:
            self.add(key)
        self._saved_position = saved.position
        self._read_journal()

    def __contains__(self, key: BatchKey) -> bool:
        return key in self._keys

    def add(self, key: BatchKey) -> None:
        """Note that a batch is in the journal."""
        self._keys[key] = None
        if len(self._keys) > REMEMBERED:
            del self._keys[next(iter(self._keys))]

    def save_if_due(self) -> None:
        """Save the file if the journal has grown by `SAVE_EVERY_BYTES` since it was saved last."""
        if self._journal.end - self._saved_position >= SAVE_EVERY_BYTES:
            self._save()

    def _save(self) -> None:
        position = self._journal.end
        saved = _SavedBatches(self._journal.identity, position, list(self._keys))
        try:
            atomic_file.write(self._path, msgspec.json.encode(saved))
        except OSError as error:
            _log.debug("%s is written later: %s", self._path, error)
            return
        self._saved_position = position

    def _read_journal(self) -> None:
        for record in _records(self._journal, self._saved_position):
            if record.undated and (key := _key(record)):
                self.add(key)
        self.save_if_due()


def latest_batches(journal: Journal, size: int) -> Iterator[BatchKey]:
    """Yield the batches of telemetry in about the last `size` bytes of the journal."""
    for record in _records(journal, journal.latest(size)):
        if key := _key(record):
            yield key


def _records(journal: Journal, position: int) -> Iterator[Record]:
    while True:
        records, position = journal.read(position, _RECORDS_PER_READ)
        yield from records
        if not records:
            return


def _key(record: Record) -> BatchKey | None:
    if not record.topic.endswith(f"/{TopicKind.TELEMETRY}"):
        return None
    try:
        message = decode(parse_topic(record.topic), record.payload)
    except ContractError:
        return None
    return (message.site, message.boot, message.seq) if isinstance(message, Telemetry) else None


def _read(path: Path) -> _SavedBatches | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_SavedBatches)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        _log.warning("%s cannot be read, and is created again: %s", path, error)
        return None

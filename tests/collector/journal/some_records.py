"""Records for tests, and all that a journal has."""

from pathlib import Path

from pantau_collector.journal import JournalReader, Record

TOPIC = "pantau/v1/nagoya/telemetry"


def records(count: int, *, size: int = 100, first: int = 0) -> list[Record]:
    return [Record(first + i, TOPIC, f"{first + i}:".encode().ljust(size, b"x")) for i in range(count)]


def read_all(journal: JournalReader, position: int = 0, limit: int = 7) -> list[Record]:
    found: list[Record] = []
    while True:
        some, position = journal.read(position, limit)
        if not some:
            return found
        found += some


def newest(folder: Path) -> Path:
    return max(folder.glob("*.journal"))

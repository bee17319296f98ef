"""Converts the journal's records to lines, a batch at a time."""

from collections.abc import Callable
from typing import NamedTuple

from pantau_collector.deadletter import DeadLetter
from pantau_collector.journal import JournalReader, Record
from pantau_collector.sinks import schema
from pantau_contract.errors import ContractError

BATCH_LINES = 5000
"""Lines of one write; larger writes make InfluxDB no faster."""
_RECORDS_PER_READ = 32
"""Records read from the journal at once, and so the number by which a batch may exceed its limit."""

RecordFilter = Callable[[Record], bool]
"""Returns True for a record that belongs into the batch."""


class LineBatch(NamedTuple):
    """Lines of `records` records, the records that could not be converted, and the position after all of them.

    `skipped` is the number of records that the filter left out; `is_full` is true if the batch reached its limit.
    """

    lines: list[str]
    dead: list[DeadLetter]
    records: int
    skipped: int
    is_full: bool
    position: int

    def writes(self) -> list[list[str]]:
        """Return the lines in parts of about `BATCH_LINES`, all of nearly the same size."""
        count = max(round(len(self.lines) / BATCH_LINES), 1)
        size = -(-len(self.lines) // count)
        return [self.lines[at : at + size] for at in range(0, len(self.lines), size)] if self.lines else []


def read_batch(
    journal: JournalReader,
    position: int,
    *,
    end: int | None = None,
    select: RecordFilter = lambda _: True,
    limit: int = BATCH_LINES,
) -> LineBatch:
    """Read about `limit` lines of the records that `select` accepts, between `position` and `end`."""
    lines: list[str] = []
    dead: list[DeadLetter] = []
    count = skipped = 0
    while len(lines) < limit:
        if end is not None and position >= end:
            break
        records, position = journal.read(position, _RECORDS_PER_READ, until=end)
        if not records:
            break
        for record in records:
            if not select(record):
                skipped += 1
                continue
            count += 1
            try:
                lines += schema.lines(record)
            except (ContractError, ValueError) as error:
                dead.append(DeadLetter(record.topic, f"cannot be made lines: {error}", record.payload))
    return LineBatch(lines, dead, count, skipped, len(lines) >= limit, position)

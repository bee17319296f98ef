"""From the journal, a batch of lines."""

from collections.abc import Callable
from typing import NamedTuple

from pantau_collector.deadletter import DeadLetter
from pantau_collector.journal import JournalReader, Record
from pantau_collector.sinks import schema
from pantau_contract.errors import ContractError

BATCH_LINES = 5000
"""Lines of one write; more make InfluxDB no faster."""
_RECORDS_AT_ONCE = 32

Wanted = Callable[[Record], bool]


class Batch(NamedTuple):
    """Lines of `records` records, what could not be made lines, and the position behind all of it.

    `left` is how many records were there and not wanted; `is_full` says that there may be more.
    """

    lines: list[str]
    dead: list[DeadLetter]
    records: int
    left: int
    is_full: bool
    position: int

    def writes(self) -> list[list[str]]:
        """The lines in equal parts of about `BATCH_LINES`, none much smaller than the others."""
        count = max(round(len(self.lines) / BATCH_LINES), 1)
        size = -(-len(self.lines) // count)
        return [self.lines[at : at + size] for at in range(0, len(self.lines), size)] if self.lines else []


def read_batch(
    journal: JournalReader,
    position: int,
    *,
    end: int | None = None,
    wanted: Wanted = lambda _: True,
    limit: int = BATCH_LINES,
) -> Batch:
    """About `limit` lines of `wanted` records, or what there is, from `position` to before `end`."""
    lines: list[str] = []
    dead: list[DeadLetter] = []
    count = left = 0
    while len(lines) < limit:
        if end is not None and position >= end:
            break
        records, position = journal.read(position, _RECORDS_AT_ONCE, until=end)
        if not records:
            break
        for record in records:
            if not wanted(record):
                left += 1
                continue
            count += 1
            try:
                lines += schema.lines(record)
            except (ContractError, ValueError) as error:
                dead.append(DeadLetter(record.topic, f"cannot be made lines: {error}", record.payload))
    return Batch(lines, dead, count, left, len(lines) >= limit, position)

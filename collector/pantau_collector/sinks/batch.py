"""From the journal, a batch of lines."""

from typing import NamedTuple

from pantau_collector.deadletter import DeadLetter
from pantau_collector.journal import JournalReader
from pantau_collector.sinks import schema
from pantau_contract.errors import ContractError

BATCH_LINES = 5000
"""Lines of one write; more make InfluxDB no faster."""
_RECORDS_AT_ONCE = 64


class Batch(NamedTuple):
    """Lines of `records` records, what could not be made lines, and the position behind all of it."""

    lines: list[str]
    dead: list[DeadLetter]
    records: int
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
    since_ms: int | None = None,
    until_ms: int | None = None,
    end: int | None = None,
) -> Batch:
    """About `BATCH_LINES` lines, or what there is, from `position` and before the position `end`.

    Only of records received from `since_ms` and before `until_ms` (UTC), where these are given.
    """
    lines: list[str] = []
    dead: list[DeadLetter] = []
    count = 0
    while len(lines) < BATCH_LINES and (end is None or position < end):
        records, position = journal.read(position, _RECORDS_AT_ONCE)
        if not records:
            break
        for record in records:
            if since_ms is not None and record.received_ms < since_ms:
                continue
            if until_ms is not None and record.received_ms >= until_ms:
                continue
            count += 1
            try:
                lines += schema.lines(record)
            except (ContractError, ValueError) as error:
                dead.append(DeadLetter(record.topic, f"cannot be made lines: {error}", record.payload))
    return Batch(lines, dead, count, position)

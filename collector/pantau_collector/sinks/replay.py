"""Writes what is in the journal now into a time-series store, once."""

import random
import time
from collections.abc import Callable, Sequence

from msgspec import Struct

from pantau_collector.deadletter import DeadLetter, DeadLetters
from pantau_collector.journal import JournalReader, Record
from pantau_collector.sinks.answers import RetryLaterError
from pantau_collector.sinks.deliver import SeriesStore, deliver
from pantau_collector.sinks.read_ahead import ReadAhead

_FIRST_RETRY_S = 0.5
"""Seconds until a failed write is tried again; doubled with each further failure."""
_LONGEST_RETRY_S = 10.0
"""Seconds at most until a failed write is tried again, unless the server asks for more."""


class ReplayResult(Struct):
    """How many records and lines were written, and how many lines were refused; `error` is why it ended early."""

    records: int = 0
    lines: int = 0
    refused: int = 0
    seconds: float = 0.0
    error: str | None = None


def replay_journal(
    journal: JournalReader,
    store: SeriesStore,
    dead_letters: DeadLetters,
    *,
    first_ms: int | None = None,
    end_ms: int | None = None,
    patience_s: float = 60.0,
    advance: Callable[[int, int], None] = lambda _done, _total: None,
) -> ReplayResult:
    """Write the records received from `first_ms` and before `end_ms` (UTC), up to the journal's present end.

    `advance(done, total)` is called with bytes. The replay ends early once the store has taken nothing for
    `patience_s`.
    """
    result = ReplayResult()
    began = time.monotonic()
    start = position = journal.start if first_ms is None else journal.position_at(first_ms)
    end = journal.end
    batches = ReadAhead(journal)

    def select(record: Record) -> bool:
        return (first_ms is None or record.received_ms >= first_ms) and (
            end_ms is None or record.received_ms < end_ms
        )

    try:
        while position < end:
            batch = batches.batch(position, end=end, select=select)
            if batch.position == position:
                break
            refused = list(batch.dead)
            for lines in batch.writes():
                refused += _deliver_patiently(store, lines, patience_s)
            dead_letters.write(refused)
            result.records += batch.records
            result.refused += len(refused)
            result.lines += len(batch.lines) - len(refused) + len(batch.dead)
            position = batch.position
            advance(min(position, end) - start, end - start)
    except RetryLaterError as answer:
        result.error = str(answer)
    finally:
        batches.close()
    result.seconds = time.monotonic() - began
    return result


def _deliver_patiently(store: SeriesStore, lines: Sequence[str], patience_s: float) -> list[DeadLetter]:
    """Deliver lines, again and again for `patience_s`, and return those that the server will never take.

    Raises:
        RetryLaterError: the server did not take them within `patience_s`.
    """
    deadline = time.monotonic() + patience_s
    retry_s = _FIRST_RETRY_S
    while True:
        try:
            return deliver(store, lines)
        except RetryLaterError as answer:
            wait_s = max(answer.retry_after_s, retry_s) * random.uniform(1, 1.25)
            if time.monotonic() + wait_s > deadline:
                raise
        time.sleep(wait_s)
        retry_s = min(retry_s * 2, _LONGEST_RETRY_S)

"""What is in the journal now into a store, once: for a replay."""

import random
import time
from collections.abc import Callable, Sequence

from msgspec import Struct

from pantau_collector.deadletter import DeadLetter, DeadLetters
from pantau_collector.journal import JournalReader, Record
from pantau_collector.sinks.answers import NotNow
from pantau_collector.sinks.deliver import Store, deliver
from pantau_collector.sinks.read_ahead import ReadAhead

_MAX_WAIT_S = 10.0


class Outcome(Struct):
    """What was poured. `error` is why it ended early."""

    records: int = 0
    lines: int = 0
    refused: int = 0
    seconds: float = 0.0
    error: str | None = None


def pour(
    journal: JournalReader,
    store: Store,
    dead_letters: DeadLetters,
    *,
    first_ms: int | None = None,
    end_ms: int | None = None,
    patience_s: float = 60.0,
    advance: Callable[[int, int], None] = lambda _done, _total: None,
) -> Outcome:
    """Delivers the records received from `first_ms` and before `end_ms` (UTC), up to the journal's present end.

    `advance(done, total)` is told of bytes. It ends early when the store takes nothing for `patience_s`.
    """
    outcome = Outcome()
    began = time.monotonic()
    start = position = journal.start if first_ms is None else journal.position_at(first_ms)
    end = journal.end
    batches = ReadAhead(journal)

    def wanted(record: Record) -> bool:
        return (first_ms is None or record.received_ms >= first_ms) and (
            end_ms is None or record.received_ms < end_ms
        )

    try:
        while position < end:
            batch = batches.batch(position, end=end, wanted=wanted)
            if batch.position == position:
                break
            refused = list(batch.dead)
            for lines in batch.writes():
                refused += _insist(store, lines, patience_s)
            dead_letters.write(refused)
            outcome.records += batch.records
            outcome.refused += len(refused)
            outcome.lines += len(batch.lines) - len(refused) + len(batch.dead)
            position = batch.position
            advance(min(position, end) - start, end - start)
    except NotNow as answer:
        outcome.error = str(answer)
    finally:
        batches.close()
    outcome.seconds = time.monotonic() - began
    return outcome


def _insist(store: Store, lines: Sequence[str], patience_s: float) -> list[DeadLetter]:
    """Delivers, again and again for as long as patience lasts.

    Raises:
        NotNow: it did not last.
    """
    deadline = time.monotonic() + patience_s
    wait_s = 0.5
    while True:
        try:
            return deliver(store, lines)
        except NotNow as answer:
            pause_s = max(answer.retry_after_s, wait_s) * random.uniform(1, 1.25)
            if time.monotonic() + pause_s > deadline:
                raise
        time.sleep(pause_s)
        wait_s = min(wait_s * 2, _MAX_WAIT_S)

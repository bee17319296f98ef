"""Writes the journal into a time-series store, from a cursor on, for as long as the collector runs."""

import logging
import random
import time

from pantau_collector.deadletter import DeadLetter, DeadLetters
from pantau_collector.journal import CursorFile, Journal, Record
from pantau_collector.periodic import PeriodicThread
from pantau_collector.sinks.answers import RetryLaterError
from pantau_collector.sinks.batch import BATCH_LINES, LineBatch
from pantau_collector.sinks.deliver import SeriesStore, deliver
from pantau_collector.sinks.lanes import Lanes, backlog_lines
from pantau_collector.sinks.read_ahead import ReadAhead

_LINGER_BELOW_BYTES = 1 << 20
"""Bytes of unwritten journal below which the writer lets more messages gather."""
_FIRST_RETRY_S = 1.0
"""Seconds until a failed write is tried again; doubled with each further failure."""
_LONGEST_RETRY_S = 60.0
"""Seconds at most until a failed write is tried again, unless the server asks for more."""
_WAIT_FOR_RECORDS_S = 0.5
"""Seconds for which the thread waits for records before it checks whether it is to stop."""
_log = logging.getLogger(__name__)


class SinkWriter:
    """Writes on its own thread. The cursor moves only after the store has taken what lies before it.

    New records are written first and a backlog in between, in the order of `lanes`. `linger_s` lets messages
    gather, so that a small city causes few writes. Lines that the store refuses for good go to the dead letters;
    after any other failure the lines stay in the journal and are tried again, at growing intervals.
    """

    def __init__(
        self,
        journal: Journal,
        cursor: CursorFile,
        store: SeriesStore,
        dead_letters: DeadLetters,
        *,
        name: str = "influx",
        linger_s: float = 0.2,
        first_retry_s: float = _FIRST_RETRY_S,
    ) -> None:
        self._journal = journal
        self._cursor = cursor
        self._store = store
        self._dead_letters = dead_letters
        self._live = ReadAhead(journal)
        self._backlog = ReadAhead(journal)
        self._name = name
        self._linger_s = linger_s
        self._first_retry_s = self._retry_s = first_retry_s
        self._thread = PeriodicThread(
            f"sink {name}", self._step, failure=f"writing to {store.name} failed", retry_s=first_retry_s
        )
        self.trouble: str | None = None
        """Why the store does not take lines now, for the operator; None while it does."""
        self.lines_written = 0
        """Lines that the store took since the start."""
        self.lines_dead = 0
        """Lines that the store refused for good since the start."""
        self.retries = 0
        """Writes that failed since the start, and were or will be tried again."""
        journal.report_position(name, cursor.position)
        self._backlog_lines = BATCH_LINES
        self._lanes = Lanes.at(cursor.positions, journal.end)

    @property
    def behind_bytes(self) -> int:
        """Bytes of the journal that the store does not have yet."""
        return max(self._journal.end - self._cursor.position, 0)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread after the write under way; what is not written stays in the journal."""
        self._thread.stop()
        self._live.close()
        self._backlog.close()
        self._store.close()

    def _step(self) -> float:
        """Write a batch, and return the seconds until the next one: 0, or a back-off after a failure."""
        try:
            self._write_batch()
        except RetryLaterError as answer:
            self._note_trouble(str(answer))
            retry_s = max(answer.retry_after_s, self._retry_s)
        except OSError as error:
            self._note_trouble(f"the collector's own disk: {error}")
            retry_s = self._retry_s
        except Exception as error:  # noqa: BLE001 - whatever it was, the lines stay in the journal
            _log.exception("writing to %s failed for a reason that was not expected", self._store.name)
            self._note_trouble(f"{type(error).__name__}: {error}")
            retry_s = self._retry_s
        else:
            self._retry_s = self._first_retry_s
            return 0.0
        self.retries += 1
        self._retry_s = min(self._retry_s * 2, _LONGEST_RETRY_S)
        return retry_s * random.uniform(1, 1.25)

    def _write_batch(self) -> None:
        """Wait for records and write a batch of one of the lanes."""
        if self._lanes.is_single:
            if not self._journal.wait(self._lanes.live, _WAIT_FOR_RECORDS_S):
                return
            if self.behind_bytes < _LINGER_BELOW_BYTES:
                self._thread.stopping.wait(self._linger_s)
        end = self._journal.end
        self._lanes = self._lanes.before_live(end)
        if self._lanes.live < end and not self._lanes.is_backlogs_turn:
            batch = self._live.batch(self._lanes.live, end=end, select=_is_not_late)
            self._deliver(batch)
            self._lanes = self._lanes.after_live(
                batch.position, skipped_late=batch.skipped > 0, is_full=batch.is_full, end=self._journal.end
            )
        else:
            select = _is_late if self._lanes.backlog_is_late else _is_any
            batch = self._backlog.batch(
                self._lanes.backlog, end=self._lanes.backlog_end, select=select, limit=self._backlog_lines
            )
            began = time.monotonic()
            self._deliver(batch)
            if batch.lines:
                self._backlog_lines = backlog_lines(len(batch.lines), time.monotonic() - began)
            self._lanes = self._lanes.after_backlog(batch.position)
        self._cursor.move(*self._lanes.positions)
        self._journal.report_position(self._name, self._cursor.position)
        if self.trouble is not None:
            self.trouble = None
            _log.warning("%s takes lines again", self._store.name)

    def _deliver(self, batch: LineBatch) -> None:
        refused: list[DeadLetter] = []
        for lines in batch.writes():
            refused += deliver(self._store, lines)
        dead = batch.dead + refused
        if dead:
            self._dead_letters.write(dead)
            self.lines_dead += len(dead)
            _log.warning("%s: %d refused for ever, the first: %s", self._store.name, len(dead), dead[0].reason)
        self.lines_written += len(batch.lines) - len(refused)

    def _note_trouble(self, trouble: str) -> None:
        level = logging.DEBUG if trouble == self.trouble else logging.WARNING
        self.trouble = trouble
        _log.log(level, "%s; the lines are kept and tried again", trouble)


def _is_any(_: Record) -> bool:
    return True


def _is_late(record: Record) -> bool:
    return record.late


def _is_not_late(record: Record) -> bool:
    return not record.late

"""The journal, from a cursor, into a store: for as long as the collector runs."""

import logging
import random
import threading
import time

from pantau_collector.deadletter import DeadLetter, DeadLetters
from pantau_collector.journal import Cursor, Journal, Record
from pantau_collector.sinks.answers import NotNow
from pantau_collector.sinks.batch import BATCH_LINES, Batch
from pantau_collector.sinks.deliver import Store, deliver
from pantau_collector.sinks.lanes import Lanes, backlog_lines
from pantau_collector.sinks.read_ahead import ReadAhead

_LITTLE_BYTES = 1 << 20
_FIRST_WAIT_S = 1.0
_MAX_WAIT_S = 60.0
_log = logging.getLogger(__name__)


class Drain:
    """A thread of its own. The cursor moves only when the store has taken what its lanes say.

    What is new goes first, and a backlog in between, as `lanes` has it. `linger_s` lets a few messages gather, so
    that a small city costs few writes. What the store refuses for ever goes to the dead letters; whatever else
    happens, the lines stay in the journal and are tried again, at growing intervals.
    """

    def __init__(
        self,
        journal: Journal,
        cursor: Cursor,
        store: Store,
        dead_letters: DeadLetters,
        *,
        name: str = "influx",
        linger_s: float = 0.2,
        first_wait_s: float = _FIRST_WAIT_S,
    ) -> None:
        self._journal = journal
        self._cursor = cursor
        self._store = store
        self._dead_letters = dead_letters
        self._new = ReadAhead(journal)
        self._backlog = ReadAhead(journal)
        self._linger_s = linger_s
        self._first_wait_s = first_wait_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"sink {name}")
        self.trouble: str | None = None
        """Why the store does not take lines now, for the operator."""
        self.lines_written = 0
        """Lines that the store took since the start; so are the other counters."""
        self.lines_dead = 0
        """Lines that it refused for ever."""
        self.retries = 0
        """Writes that have to be tried again."""
        journal.register(name, lambda: cursor.position)
        self._backlog_lines = BATCH_LINES
        self._lanes = Lanes.at(cursor.positions, journal.end)

    @property
    def behind_bytes(self) -> int:
        """How much of the journal the store does not have yet."""
        return max(self._journal.end - self._cursor.position, 0)

    def start(self) -> None:
        """Begins to drain."""
        self._thread.start()

    def stop(self) -> None:
        """Ends after the write under way; what is left stays in the journal."""
        self._stopping.set()
        self._thread.join()
        self._new.close()
        self._backlog.close()
        self._store.close()

    def _run(self) -> None:
        wait_s = self._first_wait_s
        while not self._stopping.is_set():
            try:
                self._step()
            except NotNow as answer:
                self._tell(str(answer))
                pause_s = max(answer.retry_after_s, wait_s)
            except OSError as error:
                self._tell(f"the collector's own disk: {error}")
                pause_s = wait_s
            except Exception as error:  # noqa: BLE001 - whatever it was, the lines stay in the journal
                _log.exception("draining into %s failed in a way that nobody foresaw", self._store.name)
                self._tell(f"{type(error).__name__}: {error}")
                pause_s = wait_s
            else:
                wait_s = self._first_wait_s
                continue
            self.retries += 1
            self._stopping.wait(pause_s * random.uniform(1, 1.25))
            wait_s = min(wait_s * 2, _MAX_WAIT_S)

    def _step(self) -> None:
        """Waits for records and delivers a batch of one of the lanes."""
        if self._lanes.is_one:
            if not self._journal.wait(self._lanes.live, 0.5):
                return
            if self.behind_bytes < _LITTLE_BYTES:
                self._stopping.wait(self._linger_s)
        end = self._journal.end
        self._lanes = self._lanes.before_live(end)
        if self._lanes.live < end and not self._lanes.is_backlogs_turn:
            batch = self._new.batch(self._lanes.live, end=end, wanted=_is_not_late)
            self._deliver(batch)
            self._lanes = self._lanes.after_live(
                batch.position, left_late=batch.left > 0, is_full=batch.is_full, end=self._journal.end
            )
        else:
            wanted = _is_late if self._lanes.backlog_is_late else _is_any
            batch = self._backlog.batch(
                self._lanes.backlog, end=self._lanes.backlog_end, wanted=wanted, limit=self._backlog_lines
            )
            began = time.monotonic()
            self._deliver(batch)
            if batch.lines:
                self._backlog_lines = backlog_lines(len(batch.lines), time.monotonic() - began)
            self._lanes = self._lanes.after_backlog(batch.position)
        self._cursor.move(*self._lanes.positions)
        if self.trouble is not None:
            self.trouble = None
            _log.warning("%s takes lines again", self._store.name)

    def _deliver(self, batch: Batch) -> None:
        refused: list[DeadLetter] = []
        for lines in batch.writes():
            refused += deliver(self._store, lines)
        dead = batch.dead + refused
        if dead:
            self._dead_letters.write(dead)
            self.lines_dead += len(dead)
            _log.warning("%s: %d refused for ever, the first: %s", self._store.name, len(dead), dead[0].reason)
        self.lines_written += len(batch.lines) - len(refused)

    def _tell(self, trouble: str) -> None:
        level = logging.DEBUG if trouble == self.trouble else logging.WARNING
        self.trouble = trouble
        _log.log(level, "%s; the lines are kept and tried again", trouble)


def _is_any(_: Record) -> bool:
    return True


def _is_late(record: Record) -> bool:
    return record.late


def _is_not_late(record: Record) -> bool:
    return not record.late

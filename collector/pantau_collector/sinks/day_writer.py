"""Writes the days of all cameras into a time-series store, and again whenever the ledger knows better.

Nothing is queued: what is to be written is derived from the ledger and from what was written before. So after a
crash at any instant, or an absence of the store, the next round writes what is missing, and the same point twice
changes nothing. A round reads each site from its oldest day that may have changed, and writes the days that did.
"""

import logging
import time
from collections import deque
from collections.abc import Hashable, Mapping, Sequence
from hashlib import blake2b
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from pantau_collector.clock import Clock
from pantau_collector.deadletter import DeadLetters
from pantau_collector.ledger import Interval
from pantau_collector.ledger.facts import CAMERA
from pantau_collector.ledger.rows import Change, drop_changes, load_cameras, load_changes, load_site_runs
from pantau_collector.periodic import PeriodicThread
from pantau_collector.sinks.answers import RetryLaterError
from pantau_collector.sinks.camera_days import Belonging, day_lines, days, empty_lines, was_in_service
from pantau_collector.sinks.deliver import SeriesStore, deliver
from pantau_collector.store import Store, StoreError, series_day_rows

EVERY_S = 300.0
"""Seconds from the beginning of one round to that of the next."""
LOOK_BACK_DAYS = 62
"""Days that are read again once a day, and after a change that the ledger's rows do not tell of."""
MOST_BACK_DAYS = 400
"""Days back to which a change is written at most."""
SETTLE_MS = 120_000
"""Milliseconds before now at which the running day ends, so that what is on its way is not called unknown."""
_AROUND_MS = 300_000
"""Milliseconds before a change that it may be felt in, beside the gap that it ends."""
_RESTS = 4
"""How many times as long as a step took the next one waits, so that the rest of the collector goes first."""
_LINES_PER_STEP = 5_000
_SITES_PER_STEP = 16
_RETRY_S = 30.0
_NOTHING = 0
"""The digest of a day of which nothing was written."""
_DAY_MS = 86_400_000
_log = logging.getLogger(__name__)


class Lives(Protocol):
    """The lives of cameras, as the days tell them."""

    def open(self) -> Hashable:
        """Begin a round; return what the past depends on beside the ledger's own facts."""

    def of_site(self, site: str, from_ms: int, to_ms: int) -> Mapping[str, Sequence[Interval]]:
        """Return the intervals of each camera of a site in a period (UTC ms), without gaps."""

    def belongs(self, site: str, camera: str) -> Belonging:
        """Return to whom a camera belongs."""


class _Task(NamedTuple):
    """A site to be read from `from_ms` on; `change` is what the ledger said of it."""

    site: str
    from_ms: int
    change: Change | None


class DayWriter:
    """Writes on its own thread, a round each five minutes.

    The running day of every camera is written in each round, earlier days if the ledger has changed them.
    """

    def __init__(
        self,
        store: Store,
        series: SeriesStore,
        dead_letters: DeadLetters,
        lives: Lives,
        *,
        zone: ZoneInfo,
        clock: Clock,
        every_s: float = EVERY_S,
    ) -> None:
        """Prepare the writer; `start` starts it.

        Args:
            store: the collector's state, with the ledger.
            series: the store to write to; the writer closes it.
            dead_letters: takes the lines that the store refuses for good.
            lives: what is written. When more than the ledger's facts has changed, as planned maintenance, the last
                62 days are read again.
            zone: where a day begins at midnight.
            clock: the source of time.
            every_s: seconds from one round to the next.
        """
        self._store = store
        self._series = series
        self._dead_letters = dead_letters
        self._lives = lives
        self._zone = zone
        self._clock = clock
        self._every_s = every_s
        self._tasks: deque[_Task] | None = None
        self._round_began = 0.0
        self._complete_for: Hashable = None
        self._reads_for: Hashable = None
        self.lines_written = 0
        """Lines that the store took since the start."""
        self._thread = PeriodicThread(
            "days",
            self._step,
            failure=f"the days of cameras cannot be written to {series.name}",
            retry_s=_RETRY_S,
            expected=(StoreError, RetryLaterError, OSError),
        )

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread after the step under way."""
        self._thread.stop()
        self._series.close()

    def write_round(self) -> None:
        """Write a whole round at once.

        Raises:
            StoreError: the state cannot be read or written.
            RetryLaterError: the store takes no lines now.
            OSError: the dead letters cannot be written.
        """
        while self.write_some():
            pass

    def write_some(self) -> bool:
        """Write some sites, and return True if the round is not over. What fails is for the next round.

        Raises:
            StoreError: the state cannot be read or written.
            RetryLaterError: the store takes no lines now.
            OSError: the dead letters cannot be written.
        """
        tasks, self._tasks = self._tasks, None
        if tasks is None:
            tasks = self._begin_round()
        lines = 0
        for _ in range(min(len(tasks), _SITES_PER_STEP)):
            lines += self._write_if_it_can(tasks.popleft())
            if lines >= _LINES_PER_STEP or self._thread.stopping.is_set():
                break
        if tasks:
            self._tasks = tasks
            return True
        self._complete_for = self._reads_for
        return False

    def _step(self) -> float:
        began = time.monotonic()
        if self._tasks is None:
            self._round_began = began
        is_under_way = self.write_some()
        ended = time.monotonic()
        return _RESTS * (ended - began) if is_under_way else max(self._round_began + self._every_s - ended, 0.0)

    def _begin_round(self) -> deque[_Task]:
        now_ms = self._clock.time_ms()
        today = next(days(self._zone, now_ms, now_ms + 1))
        oldest_ms = today.from_ms - LOOK_BACK_DAYS * _DAY_MS
        self._reads_for = (today, self._lives.open())
        with self._store.begin() as connection:
            changes = {change.site: change for change in load_changes(connection)}
            newest = series_day_rows.load_newest(connection)
            sites = sorted({site for site, _ in load_cameras(connection, CAMERA)})
        tasks: deque[_Task] = deque()
        for site in sites:
            from_ms = min(newest.get(site, oldest_ms), today.from_ms)
            if self._reads_for != self._complete_for:
                from_ms = min(from_ms, oldest_ms)
            tasks.append(_Task(site, from_ms, changes.get(site)))
        return tasks

    def _write_if_it_can(self, task: _Task) -> int:
        """Write a site. One that cannot be read, for a reason that was not expected, holds up no other."""
        try:
            return self._write_site(task)
        except (StoreError, RetryLaterError, OSError):
            raise
        except Exception:  # noqa: BLE001 - whatever it was, it is tried again in the next round
            _log.exception("the days of %s cannot be written", task.site)
            return 0

    def _write_site(self, task: _Task) -> int:
        """Write what has changed of a site, and return how many lines that were."""
        until_ms = self._clock.time_ms() - SETTLE_MS
        with self._store.begin() as connection:
            from_ms = max(self._since_ms(connection, task), until_ms - MOST_BACK_DAYS * _DAY_MS)
            period = list(days(self._zone, from_ms, until_ms))
            digests = series_day_rows.load_digests(connection, task.site, period[0].from_ms) if period else {}
        if not period:
            return 0
        lives = self._lives.of_site(task.site, period[0].from_ms, until_ms)
        lines: list[str] = []
        written: dict[int, int] = {}
        for day in period:
            before = digests.pop(day.from_ms, _NOTHING)
            of_day: list[str] = []
            if before != _NOTHING or was_in_service(lives, day):  # else it is as before the site was set up
                of_day = day_lines(task.site, lives, day, until_ms, self._lives.belongs)
            digest = _digest(of_day)
            if before != digest or not of_day:
                written[day.from_ms] = digest
                lines += of_day
        for day_ms in digests:  # days of another zone
            lines += empty_lines(task.site, sorted(lives), day_ms)
        self._deliver(lines)
        with self._store.begin() as connection:
            series_day_rows.save_digests(connection, task.site, written)
            series_day_rows.drop_days(connection, task.site, digests)
            drop_changes(connection, [task.change] if task.change else [])
        return len(lines)

    def _since_ms(self, connection: Connection, task: _Task) -> int:
        """Return the moment from which on a site is to be read."""
        if task.change is None:
            return task.from_ms
        changed_ms = task.change.from_ms
        before = load_site_runs(connection, task.site, changed_ms, changed_ms)
        ended_ms = [each.run.to_ms for each in before if each.run.from_ms <= changed_ms]
        return min(task.from_ms, changed_ms - _AROUND_MS, *(each - _AROUND_MS for each in ended_ms))

    def _deliver(self, lines: Sequence[str]) -> None:
        for first in range(0, len(lines), _LINES_PER_STEP):
            part = lines[first : first + _LINES_PER_STEP]
            refused = deliver(self._series, part)
            if refused:
                self._dead_letters.write(refused)
                _log.warning(
                    "%s: %d days refused for ever, the first: %s",
                    self._series.name,
                    len(refused),
                    refused[0].reason,
                )
            self.lines_written += len(part) - len(refused)


def _digest(lines: Sequence[str]) -> int:
    """Return what tells whether these lines are already written; `_NOTHING` of no lines."""
    if not lines:
        return _NOTHING
    return int.from_bytes(blake2b("\n".join(lines).encode(), digest_size=8).digest(), "big", signed=True)

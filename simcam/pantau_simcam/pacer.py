"""One timer for all sessions."""

import asyncio
import heapq
from collections.abc import Callable
from itertools import count

TICK_S = 0.004
"""Seconds within which due sessions are served by one wake-up."""
LATE_S = 0.5
"""Seconds after its time from which on a step counts as late: a watcher may notice it."""

Step = Callable[[float], float | None]
"""Does what is due at the given time, and returns when it is due again; None if never."""


class Pacer:
    """Calls each step when it is due.

    `late_s` adds up the seconds by which steps were called late, where that was more than `LATE_S`: it stays 0
    unless the machine is too slow for its cameras.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._heap: list[tuple[float, int, Step]] = []
        self._order = count()
        self.late_s = 0.0
        # Its `when()` is not used: for a time that has passed, uvloop returns a handle without it.
        self._timer: asyncio.TimerHandle | None = None

    def add(self, step: Step, due: float) -> None:
        """Call `step` at `due`, in the event loop's time."""
        entry = (due, next(self._order), step)
        heapq.heappush(self._heap, entry)
        if self._timer is None or self._heap[0] is entry:
            self._set_timer()

    def stop(self) -> None:
        """Call nothing any more."""
        self._heap.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._heap:
            self._timer = self._loop.call_at(self._heap[0][0], self._tick)

    def _tick(self) -> None:
        self._timer = None
        now = self._loop.time()
        heap, horizon = self._heap, now + TICK_S / 2
        if heap and now - heap[0][0] > LATE_S:
            self.late_s += now - heap[0][0]
        try:
            while heap and heap[0][0] <= horizon:
                _, order, step = heapq.heappop(heap)
                due = step(now)
                if due is not None:
                    heapq.heappush(heap, (max(due, now + TICK_S), order, step))
        finally:
            self._set_timer()

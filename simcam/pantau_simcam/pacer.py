"""One timer for all sessions."""

import asyncio
import heapq
from collections.abc import Callable
from itertools import count

TICK_S = 0.004
"""Sessions that are due within the same tick are served by one wake-up."""

Step = Callable[[float], float | None]
"""Does what is due at a time, and says when it wants to be called again; None is never."""


class Pacer:
    """Calls each step at its time."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._heap: list[tuple[float, int, Step]] = []
        self._order = count()
        # Not asked when it is due: for a time that has passed, uvloop gives a handle that does not know.
        self._timer: asyncio.TimerHandle | None = None

    def add(self, step: Step, due: float) -> None:
        """Calls `step` at `due`, in the loop's time."""
        entry = (due, next(self._order), step)
        heapq.heappush(self._heap, entry)
        if self._timer is None or self._heap[0] is entry:
            self._set_timer()

    def stop(self) -> None:
        """Calls nothing any more."""
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
        try:
            while heap and heap[0][0] <= horizon:
                _, order, step = heapq.heappop(heap)
                due = step(now)
                if due is not None:
                    heapq.heappush(heap, (max(due, now + TICK_S), order, step))
        finally:
            self._set_timer()

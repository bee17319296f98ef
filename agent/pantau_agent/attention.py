"""Attention: the time in which the agent could watch. No camera is blamed for our own stalls.

A machine that is too slow, a process that was stopped, a disk that hangs: while anything holds the event loop up,
nothing is read, and a camera that seems silent has not been listened to.
"""

import asyncio
from bisect import bisect_right
from collections.abc import Callable
from typing import NoReturn

TICK_S = 0.25
"""Seconds between two checks that the event loop runs."""
LATE_S = 0.1
"""Seconds by which a check may be late; if it is later, the event loop was held up since it was due."""
MAX_STALLS = 10_000
"""Stalls that are remembered: an hour of them where every check is late."""


class Attention:
    """Measures for how long the event loop was held up. Times are monotonic seconds.

    Until `keep` runs, it never was.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._due = float("inf")
        self._ends: list[float] = []
        self._begins: list[float] = []
        self._lost_until: list[float] = []

    async def keep(self) -> NoReturn:
        """Check again and again that the event loop runs."""
        while True:
            now = self._monotonic()
            self._due = (now // TICK_S + 1) * TICK_S  # on a grid, so that one wake-up serves other timers too
            await asyncio.sleep(self._due - now)
            self._note(self._monotonic())

    def lost_since(self, since: float) -> float:
        """Return the seconds since then in which the event loop was held up."""
        now = self._monotonic()
        pending_s = now - max(self._due, since) if now - self._due > LATE_S else 0.0
        return max(0.0, pending_s) + self._lost_before_tick(since)

    def _lost_before_tick(self, since: float) -> float:
        first = bisect_right(self._ends, since)
        if first == len(self._ends):
            return 0.0
        before_s = self._lost_until[first - 1] if first else 0.0
        partly_s = max(0.0, since - self._begins[first])
        return self._lost_until[-1] - before_s - partly_s

    def _note(self, now: float) -> None:
        """Remember a stall if the check that is made now is late."""
        if now - self._due <= LATE_S:
            return
        lost_s = self._lost_until[-1] if self._lost_until else 0.0
        self._begins.append(self._due)
        self._ends.append(now)
        self._lost_until.append(lost_s + now - self._due)
        if len(self._ends) > MAX_STALLS:
            for stalls in (self._begins, self._ends, self._lost_until):
                del stalls[: MAX_STALLS // 2]

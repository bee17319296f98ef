"""Time, passed in wherever it matters, so that a year of outages can be replayed in a second."""

import time
from typing import Protocol


class Clock(Protocol):
    """What the agent reads time from."""

    def time_ms(self) -> int:
        """UTC now, epoch milliseconds; may be stepped."""

    def monotonic(self) -> float:
        """Seconds since some fixed moment; never stepped."""


class SystemClock:
    """The machine's own clocks."""

    @staticmethod
    def time_ms() -> int:
        """UTC now, epoch milliseconds."""
        return time.time_ns() // 1_000_000

    # The function itself: it is read once for each chunk that arrives.
    monotonic = staticmethod(time.monotonic)

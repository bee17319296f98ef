"""Time, passed in wherever it matters, so that a year of outages can be replayed in a second."""

import time
from typing import Protocol


class Clock(Protocol):
    """What the collector reads time from."""

    def time_ms(self) -> int:
        """UTC now, epoch milliseconds; may be stepped."""

    def monotonic(self) -> float:
        """Seconds since some fixed moment; never stepped."""


class SystemClock:
    """The machine's own clocks."""

    def time_ms(self) -> int:
        """UTC now, epoch milliseconds."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Seconds since some fixed moment."""
        return time.monotonic()

"""Clocks, which are passed in wherever time matters, so that a year of outages can be replayed in a second."""

import time
from typing import Protocol


class Clock(Protocol):
    """The source of time for the collector."""

    def time_ms(self) -> int:
        """Return the present time in UTC epoch milliseconds; it may be stepped."""

    def monotonic(self) -> float:
        """Return the seconds since some fixed moment; it is never stepped."""


class SystemClock:
    """The clocks of the machine."""

    def time_ms(self) -> int:
        """Return the present time in UTC epoch milliseconds."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Return the seconds since some fixed moment."""
        return time.monotonic()

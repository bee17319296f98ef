"""Time, passed in wherever it matters, so that a year of outages can be replayed in a second."""

import time
from typing import Protocol

_ONE_MOMENT_S = 0.01


class Clock(Protocol):
    """What the agent reads time from."""

    def time_ms(self) -> int:
        """UTC now, epoch milliseconds; may be stepped."""

    def monotonic(self) -> float:
        """Seconds since some fixed moment; never stepped."""


def read_both(clock: Clock) -> tuple[int, float]:
    """Time of day (UTC, ms) and monotonic clock (s) of one moment.

    Where the process was held up between the two they are read again, for their difference tells of steps.
    """
    for _ in range(5):
        before = clock.monotonic()
        time_ms = clock.time_ms()
        after = clock.monotonic()
        if after - before < _ONE_MOMENT_S:
            break
    return time_ms, before


class SystemClock:
    """The machine's own clocks."""

    @staticmethod
    def time_ms() -> int:
        """UTC now, epoch milliseconds."""
        return time.time_ns() // 1_000_000

    # The function itself: it is read once for each chunk that arrives.
    monotonic = staticmethod(time.monotonic)

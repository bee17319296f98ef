"""The clocks, passed in wherever time matters, so that tests can replay a year of outages in a second."""

import time
from typing import Protocol

from pantau_agent.attention import Attention

_ONE_MOMENT_S = 0.01
"""Seconds between two readings of the clocks that still count as one moment."""
STEP_MS = 100
"""Milliseconds by which the wall clock must move against the monotonic clock to count as stepped.

The kernel slews both clocks alike, and time daemons step from 128 ms on; what is less is the time between two
readings.
"""


class Clock(Protocol):
    """What the agent reads time from."""

    def time_ms(self) -> int:
        """Return UTC now, in milliseconds since 1970; it may be stepped."""

    def monotonic(self) -> float:
        """Return the seconds since some fixed moment; it is never stepped."""

    def lost_since(self, since: float) -> float:
        """Return the seconds since then (monotonic) in which the agent was held up and could watch nothing."""


def read_both(clock: Clock) -> tuple[int, float]:
    """Return the wall clock (UTC, ms) and the monotonic clock (s) of one moment.

    Both are read again if the process was held up between the two, because their difference reveals steps.
    """
    for _ in range(5):
        before = clock.monotonic()
        time_ms = clock.time_ms()
        after = clock.monotonic()
        if after - before < _ONE_MOMENT_S:
            break
    return time_ms, before


class UtcEpoch:
    """The UTC time at which the monotonic clock stood at zero. It follows the steps of the wall clock.

    Everything is measured in monotonic time; adding this epoch dates it. The epoch stays the same to the
    millisecond between two steps, so the same moment always gets the same date.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._epoch_ms = self._read()

    def now_ms(self) -> int:
        """Return the epoch by the current wall clock, in UTC ms; it is negative if that was never set."""
        read_ms = self._read()
        if abs(read_ms - self._epoch_ms) >= STEP_MS:
            self._epoch_ms = read_ms
        return self._epoch_ms

    def _read(self) -> int:
        time_ms, monotonic_s = read_both(self._clock)
        return time_ms - int(monotonic_s * 1000)


class SystemClock:
    """The machine's own clocks. `attention` has to be kept for `lost_since` to return anything but 0."""

    def __init__(self) -> None:
        self.attention = Attention(time.monotonic)

    @staticmethod
    def time_ms() -> int:
        """Return UTC now, in milliseconds since 1970."""
        return time.time_ns() // 1_000_000

    # The function itself, without a wrapper: it is called for each chunk that arrives.
    monotonic = staticmethod(time.monotonic)

    def lost_since(self, since: float) -> float:
        """Return the seconds since then in which the agent was held up and could watch nothing."""
        return self.attention.lost_since(since)

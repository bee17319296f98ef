"""Batches reads with `SO_RCVLOWAT` (socket(7)): a readable socket wakes us only once enough bytes wait.

Waking up is the most expensive part of watching. The counts stay the same; only arrival times become coarse. So
jitter is measured in intervals in which each packet wakes us, and whoever needs the counts of this moment reads
first what has arrived. That happens about once a second, so the mark is higher than what comes in a second: it
only matters where that reading is late.
"""

MARK_S = 2.0
"""Seconds of the stream that the mark is set to."""
LEAST_MARK_S = 1.25
"""Seconds of the stream below which the mark is too low, and is set anew."""
MOST_MARK_S = 4.0
"""Seconds of the stream above which the mark is too high, and is set anew."""
MAX_BYTES = 256 << 10
"""Highest low-water mark, in bytes."""
EXACT_AT_START_S = 3.0
"""Seconds from the start in which every packet wakes us."""
EXACT_S = 1.0
"""Seconds of each later interval in which every packet wakes us."""
EVERY_S = 20.0
"""Seconds from the start of one exact interval to the next."""


class LowWaterMark:
    """The low-water mark of one stream, to be updated about once a second."""

    def __init__(self) -> None:
        self._started = -1.0
        self._last = (0.0, 0)
        self._mark = 1

    def update(self, now: float, octets: int) -> int:
        """Return the new mark in bytes; 1 in an exact interval. `octets` counts the bytes received until `now`."""
        then, octets_then = self._last
        self._last = now, octets
        if self._started < 0:
            self._started = now
            return 1
        age = now - self._started
        if age < EXACT_AT_START_S or age % EVERY_S < EXACT_S or now <= then:
            return 1
        rate = (octets - octets_then) / (now - then)
        if not LEAST_MARK_S * rate <= self._mark <= MOST_MARK_S * rate:
            self._mark = max(1, min(MAX_BYTES, int(MARK_S * rate)))
        return self._mark

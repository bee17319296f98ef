"""Reading in gulps: to be woken is what costs most, so the kernel is asked to wake us for more at once.

`SO_RCVLOWAT` (socket(7)) lets a readable socket wait until so many octets are there. What is counted is the
same; only arrival times grow coarse. So jitter is measured in turns in which each packet wakes us, and
whoever wants to know what has come reads the rest first.
"""

GULP_S = 1.0
"""A gulp is what comes in so long."""
LARGEST = 256 << 10
EXACT_AT_FIRST_S = 3.0
EXACT_S = 1.0
EVERY_S = 20.0
"""Each so long, arrival is exact for `EXACT_S`."""


class LowWaterMark:
    """One stream's. Updated about each second."""

    def __init__(self) -> None:
        self._began = -1.0
        self._before = (0.0, 0)

    def update(self, now: float, octets: int) -> int:
        """How many octets to wait for from now on; 1 is an exact turn. `octets` counts all that came by `now`."""
        then, had = self._before
        self._before = now, octets
        if self._began < 0:
            self._began = now
            return 1
        age = now - self._began
        if age < EXACT_AT_FIRST_S or age % EVERY_S < EXACT_S or now <= then:
            return 1
        return max(1, min(LARGEST, int((octets - had) / (now - then) * GULP_S)))

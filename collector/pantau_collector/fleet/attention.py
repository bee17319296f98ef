"""The collector's attention: the seconds during which it was truly listening.

A site's silence and the settling of a symptom are measured in these seconds. They stand still while the broker is
away, while the process is paused or starved, while the collector catches up with the journal, and for a grace
after each of these, in which the agents come back. They do not follow the wall clock, so a stepped clock opens no
outage; and as the sum is kept over a restart, neither does a restart.
"""

MAX_LAPSE_S = 5.0
"""Seconds between two ticks up to which a pause is ignored, such as a slow disk or a burst of messages."""
MAX_DRIFT_MS = 2_000
"""Milliseconds by which the two clocks may diverge between two checks, because the wall clock is slewed."""


class Attention:
    """Counts the attention from the readings of a monotonic clock, in seconds. It is pure."""

    def __init__(self, *, grace_s: float, seconds: float = 0.0) -> None:
        self.seconds = seconds
        """The attention in all, since the collector was first started."""
        self.breaks = 0
        """The number of times that listening was interrupted."""
        self._grace_s = grace_s
        self._ready_at: float | None = None
        self._last: float | None = None

    @property
    def attentive(self) -> bool:
        """True if the collector is listening and its grace is over; only then may an outage be opened."""
        return self._ready_at is not None and self._last is not None and self._last >= self._ready_at

    def attentive_s(self, monotonic: float) -> float | None:
        """Return for how many seconds it has been listening without a break, or None if it does not."""
        if not self.attentive or self._ready_at is None or self._last is None:
            return None
        return monotonic - self._ready_at if monotonic - self._last <= MAX_LAPSE_S else None

    def tick(self, monotonic: float, *, listening: bool, behind: bool) -> None:
        """Count the time since the last tick, if all of it was spent listening.

        Args:
            monotonic: the reading of the clock, in seconds.
            listening: the collector is connected to the broker, and what the broker sends is accepted.
            behind: there is more in the journal than has been read.
        """
        if not listening:
            self._break()
            return
        if behind:
            return
        if self._last is None or self._ready_at is None or monotonic - self._last > MAX_LAPSE_S:
            self._break()
            self._ready_at = monotonic + self._grace_s
        else:
            self.seconds += max(0.0, monotonic - max(self._last, self._ready_at))
        self._last = monotonic

    def _break(self) -> None:
        if self._last is not None:
            self.breaks += 1
        self._ready_at = None
        self._last = None


class ClockWatch:
    """Detects steps of the wall clock by comparing it with the monotonic clock, which is never stepped."""

    def __init__(self) -> None:
        self.steps = 0
        self._apart_ms: float | None = None

    def check(self, monotonic: float, time_ms: int) -> float:
        """Return the seconds by which the wall clock was stepped since the last check, or 0."""
        apart_ms = time_ms - monotonic * 1000
        before, self._apart_ms = self._apart_ms, apart_ms
        if before is None or abs(apart_ms - before) <= MAX_DRIFT_MS:
            return 0.0
        self.steps += 1
        return (apart_ms - before) / 1000

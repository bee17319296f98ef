"""The collector's attention: seconds during which it was truly listening.

A site's silence, and the settling of a symptom, are counted in these seconds. They stand still while the broker is
away, while the process is paused or starved, while the journal is being caught up with, and for a grace after each
of these, in which the agents come back. They do not follow the wall clock, so a stepped clock opens no outage; and
as the sum is kept over a restart, neither does a restart.
"""

LONGEST_LAPSE_S = 5.0
"""A lapse up to this is none: a slow disk, a burst."""
LARGEST_DRIFT_MS = 2_000
"""What a clock that is slewed may differ between two looks."""


class Attention:
    """Pure: it is told the readings of a monotonic clock, in seconds."""

    def __init__(self, *, grace_s: float, seconds: float = 0.0) -> None:
        self.seconds = seconds
        """In all, since the collector was first started."""
        self.breaks = 0
        """How often it had to begin anew."""
        self._grace_s = grace_s
        self._ready_at: float | None = None
        self._last: float | None = None

    @property
    def attentive(self) -> bool:
        """Whether it is listening and its grace is over: only then may an outage be opened."""
        return self._ready_at is not None and self._last is not None and self._last >= self._ready_at

    def tick(self, monotonic: float, *, listening: bool, behind: bool) -> None:
        """Counts the time since the last tick, if all of it was spent listening.

        Args:
            monotonic: the clock's reading.
            listening: the broker has us, and what it sends is taken.
            behind: there is more in the journal than has been read.
        """
        if not listening:
            self._break()
            return
        if behind:
            return
        if self._last is None or self._ready_at is None or monotonic - self._last > LONGEST_LAPSE_S:
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
    """Whether the wall clock is stepped: it is compared with the monotonic one, which never is."""

    def __init__(self) -> None:
        self.steps = 0
        self._apart_ms: float | None = None

    def look(self, monotonic: float, time_ms: int) -> float:
        """By how many seconds it was stepped since the last look; 0 if it was not."""
        apart_ms = time_ms - monotonic * 1000
        before, self._apart_ms = self._apart_ms, apart_ms
        if before is None or abs(apart_ms - before) <= LARGEST_DRIFT_MS:
            return 0.0
        self.steps += 1
        return (apart_ms - before) / 1000

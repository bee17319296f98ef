"""Knows whether the reader of the journal that decides about outages keeps up with what is written."""

from collections import deque

MAX_DELAY_S = 1.5
"""Seconds after which what is in the journal must have been read; the reader reports its position each second."""
_NOTE_EVERY_S = 0.1


class ReaderDelay:
    """Compares a reader's position with where the journal ended some time ago. It is pure; times are monotonic."""

    def __init__(self) -> None:
        self._ends: deque[tuple[float, int]] = deque()
        """When the journal had which end: the latest one that is old enough, and those that are not."""

    def is_behind(self, position: int | None, end: int, now_s: float) -> bool:
        """Return True if what was written `MAX_DELAY_S` ago is unread; `position` is None without a reader."""
        if not self._ends or now_s - self._ends[-1][0] >= _NOTE_EVERY_S:
            self._ends.append((now_s, end))
        while len(self._ends) > 1 and now_s - self._ends[1][0] >= MAX_DELAY_S:
            self._ends.popleft()
        noted_s, noted_end = self._ends[0]
        return position is not None and now_s - noted_s >= MAX_DELAY_S and position < noted_end

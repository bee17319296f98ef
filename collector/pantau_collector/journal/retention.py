"""Which of the journal's segments may be removed."""

from dataclasses import dataclass
from typing import NamedTuple


class Segment(NamedTuple):
    """A finished segment: its positions, and when the record after it was received (UTC ms, None if unknown)."""

    start: int
    end: int
    newest_ms: int | None


@dataclass(frozen=True, slots=True)
class RetentionLimits:
    """How much is kept. What a reader still has to read is kept past the first two limits, to `hard_max_bytes`."""

    max_bytes: int = 8 << 30
    max_age_s: float = 31 * 86_400
    hard_max_bytes: int = 24 << 30

    def removable(self, segments: list[Segment], *, end: int, now_ms: int, needed: int) -> list[Segment]:
        """Return the oldest segments that may be removed; every reader has read up to position `needed`."""
        removable: list[Segment] = []
        for segment in segments:
            kept = end - segment.start
            old = segment.newest_ms is not None and now_ms - segment.newest_ms > self.max_age_s * 1000
            read = segment.end <= needed
            if kept > self.hard_max_bytes or (read and (old or kept > self.max_bytes)):
                removable.append(segment)
            else:
                break
        return removable

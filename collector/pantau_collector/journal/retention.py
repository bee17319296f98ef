"""Which of the journal's segments may go."""

from dataclasses import dataclass
from typing import NamedTuple


class Segment(NamedTuple):
    """A finished segment: its positions, and when the record behind it was received (UTC ms; None: not known)."""

    start: int
    end: int
    newest_ms: int | None


@dataclass(frozen=True, slots=True)
class Retention:
    """How much is kept. What a reader has yet to read stays past the first two limits, up to `hard_max_bytes`."""

    max_bytes: int = 8 << 30
    max_age_s: float = 31 * 86_400
    hard_max_bytes: int = 24 << 30

    def removable(self, segments: list[Segment], *, end: int, now_ms: int, needed: int) -> list[Segment]:
        """The oldest of the finished `segments` that may go; `needed` is where the reader farthest back stands."""
        gone: list[Segment] = []
        for segment in segments:
            kept = end - segment.start
            old = segment.newest_ms is not None and now_ms - segment.newest_ms > self.max_age_s * 1000
            read = segment.end <= needed
            if kept > self.hard_max_bytes or (read and (old or kept > self.max_bytes)):
                gone.append(segment)
            else:
                break
        return gone

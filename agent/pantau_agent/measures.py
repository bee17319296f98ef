"""Rates out of counts, over the last few seconds: the arithmetic that the packet path leaves out."""

from collections import deque
from dataclasses import dataclass

from pantau_agent.probes.counts import Counts

WINDOW_S = 10.0
COLLAPSE = 0.3
"""Of the usual size of the frames between keyframes: under it, the picture hardly changes any more."""
USUAL_OVER = 60
"""Seconds over which that usual size is learnt."""
WORTH_NOTICING = 150
"""Octets: a usual size under this is a picture that hardly changes anyway."""
SAME_SIZES = 3
"""So many keyframes of the very same size are one keyframe, repeated."""


@dataclass(frozen=True, slots=True)
class Measures:
    """One stream, lately. None is not known yet. Units stand in the names."""

    fps: float | None = None
    bitrate_kbps: float | None = None
    keyframe_interval_s: float | None = None
    rtp_loss_pct: float | None = None
    jitter_ms: float | None = None
    suspicious: bool = False
    """The compressed sizes look as those of a frozen or black picture do."""


class Window:
    """Takes a source's counts about each second and tells its rates over the last `WINDOW_S`."""

    def __init__(self) -> None:
        self._marks: deque[tuple[float, Counts]] = deque()
        self._usual = 0.0

    def update(self, counts: Counts, now: float) -> Measures:
        """The rates, after these counts at `now` (seconds, monotonic)."""
        marks = self._marks
        suspicious = self._is_suspicious(marks[-1][1], counts) if marks else False
        marks.append((now, counts))
        while now - marks[0][0] > WINDOW_S and len(marks) > 2:
            marks.popleft()
        since, before = marks[0]
        received, lost = counts.packets - before.packets, max(0, counts.lost - before.lost)
        return Measures(
            fps=self._fps(counts),
            bitrate_kbps=(counts.octets - before.octets) * 0.008 / (now - since) if now - since >= 0.5 else None,
            keyframe_interval_s=counts.keyframe_interval or None,
            rtp_loss_pct=100.0 * lost / (received + lost) if received > 0 and counts.jitter is not None else None,
            jitter_ms=counts.jitter * 1000 if counts.jitter is not None and counts.frames > 1 else None,
            suspicious=suspicious,
        )

    def _fps(self, counts: Counts) -> float | None:
        """From frame to frame, so that it is exact over a few seconds too."""
        for _, before in self._marks:
            if before.frames and counts.last_frame - before.last_frame >= 0.5:
                return (counts.frames - before.frames) / (counts.last_frame - before.last_frame)
        return None

    def _is_suspicious(self, before: Counts, counts: Counts) -> bool:
        if counts.same_key_sizes >= SAME_SIZES:
            return True
        deltas = counts.deltas - before.deltas
        if deltas < 2:
            return False
        size = (counts.delta_octets - before.delta_octets) / deltas
        if self._usual == 0:
            self._usual = size
        collapsed = self._usual > WORTH_NOTICING and size < COLLAPSE * self._usual
        self._usual += (size - self._usual) / USUAL_OVER
        return collapsed

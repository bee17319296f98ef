"""Rates out of counts, over the last few seconds: the arithmetic that the packet path leaves out."""

from collections import deque
from dataclasses import dataclass

from pantau_agent.streams.counts import Counts

WINDOW_S = 10.0
RECENT_S = 4.0
"""What is judged at once is taken over so long."""
ENOUGH_FRAMES = 8
"""With fewer frames in it, over as much longer as the window has."""
SIZED_S = 0.9
"""Sizes are judged over so long at least: an agent looks each second, now and then sooner."""
COLLAPSE = 0.3
"""Of the usual size of the frames between keyframes: under it, the picture hardly changes any more."""
STILL_S = 4.0
"""So long that counts: behind each keyframe an encoder spends some frames on making even a still picture finer."""
USUAL_OVER, COLLAPSED_OVER = 60, 600
"""Seconds over which that usual size is learnt, and over which a collapsed one is: that may be a lasting fault."""
WORTH_NOTICING = 150
"""Octets: a usual size under this is a picture that hardly changes anyway."""
SPREADS = 3
"""And it is so many times further from the usual than keyframes are on average."""
USUAL_KEYS = 15
"""Keyframes over which their usual size is learnt."""
SAME_SIZES = 3
"""So many keyframes of the very same size are one keyframe, repeated."""
OTHER_PICTURE = 1.6
"""A keyframe so many times larger or smaller than usual shows something else: a cover, a blur, noise, a card."""


@dataclass(frozen=True, slots=True)
class Measures:
    """One stream, lately. None is not known yet. Units stand in the names.

    `recent_fps`, `recent_loss_pct` and `recent_lost` (packets) are over `RECENT_S`, the others over the window.
    """

    fps: float | None = None
    bitrate_kbps: float | None = None
    keyframe_interval_s: float | None = None
    rtp_loss_pct: float | None = None
    jitter_ms: float | None = None
    recent_fps: float | None = None
    recent_loss_pct: float | None = None
    recent_lost: int = 0
    still: bool = False
    """Next to nothing comes between keyframes, as of a picture that is frozen, black or a card."""
    suspicious: bool = False
    """The compressed sizes look as those of another picture do, or those of a still one."""


class Window:
    """Takes a source's counts about each second and tells its rates over the last `WINDOW_S`."""

    def __init__(self) -> None:
        self._marks: deque[tuple[float, Counts]] = deque()
        self._usual = 0.0
        self._usual_key = self._usual_spread = 0.0
        self._sized: tuple[float, Counts] | None = None
        self._collapsed = float("-inf")
        self._other = False

    def update(self, counts: Counts, now: float) -> Measures:
        """The rates, after these counts at `now` (seconds, monotonic)."""
        marks = self._marks
        self._size_up(counts, now)
        still = now - self._collapsed < STILL_S
        marks.append((now, counts))
        while now - marks[0][0] > WINDOW_S and len(marks) > 2:
            marks.popleft()
        since, before = marks[0]
        recent = next((mark for at, mark in reversed(marks) if now - at >= RECENT_S), before)
        return Measures(
            fps=self._fps(counts),
            bitrate_kbps=(counts.octets - before.octets) * 0.008 / (now - since) if now - since >= 0.5 else None,
            keyframe_interval_s=counts.keyframe_interval or None,
            rtp_loss_pct=_loss_pct(before, counts),
            jitter_ms=counts.jitter * 1000 if counts.jitter is not None and counts.frames > 1 else None,
            recent_fps=self._recent_fps(counts, now),
            recent_loss_pct=_loss_pct(recent, counts),
            recent_lost=counts.lost - recent.lost,
            still=still,
            suspicious=still or self._other or counts.same_key_sizes >= SAME_SIZES,
        )

    def _fps(self, counts: Counts) -> float | None:
        return next((fps for _, before in self._marks if (fps := _frame_rate(before, counts)) is not None), None)

    def _recent_fps(self, counts: Counts, now: float) -> float | None:
        for at, before in reversed(self._marks):
            if now - at >= RECENT_S and counts.frames - before.frames >= ENOUGH_FRAMES:
                return _frame_rate(before, counts)
        return self._fps(counts)

    def _size_up(self, counts: Counts, now: float) -> None:
        """Judges the sizes of about a second, however often it is asked."""
        if self._sized is None:
            self._sized = now, counts
        since, before = self._sized
        if now - since < SIZED_S:
            return
        self._sized = now, counts
        self._other = self._is_other_picture(before, counts)
        if self._has_collapsed(before, counts):
            self._collapsed = now

    def _has_collapsed(self, before: Counts, counts: Counts) -> bool:
        deltas = counts.deltas - before.deltas
        if deltas < 2:
            return False
        size = (counts.delta_octets - before.delta_octets) / deltas
        if self._usual == 0:
            self._usual = size
        collapsed = self._usual > WORTH_NOTICING and size < COLLAPSE * self._usual
        self._usual += (size - self._usual) / (COLLAPSED_OVER if collapsed else USUAL_OVER)
        return collapsed

    def _is_other_picture(self, before: Counts, counts: Counts) -> bool:
        """Whether the newest keyframe is of another size than the ones before it, which it then joins."""
        keys = counts.keyframes - before.keyframes
        if keys <= 0:
            return self._other
        size = (counts.key_octets - before.key_octets) / keys
        usual, spread = self._usual_key or size, self._usual_spread
        self._usual_key += (size - usual) / USUAL_KEYS if self._usual_key else size
        self._usual_spread += (abs(size - usual) - spread) / USUAL_KEYS
        other = not usual / OTHER_PICTURE <= size <= usual * OTHER_PICTURE
        return other and abs(size - usual) > SPREADS * spread


def _frame_rate(before: Counts, counts: Counts) -> float | None:
    """From frame to frame, so that it is exact over a few seconds too."""
    took = counts.last_frame - before.last_frame
    return (counts.frames - before.frames) / took if before.frames and took >= 0.5 else None


def _loss_pct(before: Counts, counts: Counts) -> float | None:
    received, lost = counts.packets - before.packets, max(0, counts.lost - before.lost)
    return 100.0 * lost / (received + lost) if received > 0 and counts.jitter is not None else None

"""Rates over the last seconds, computed from counts: the arithmetic that the packet path leaves out."""

from collections import deque
from dataclasses import dataclass

from pantau_agent.streams.counts import Counts

WINDOW_S = 10.0
"""Seconds over which rates are averaged."""
RECENT_S = 4.0
"""Seconds over which the rates are taken that a camera is degraded by at once."""
MIN_FRAMES = 8
"""Frames needed for the recent frame rate; with fewer, as much more of the window is used as it takes."""
SIZE_INTERVAL_S = 0.9
"""Least seconds over which sizes are averaged: the stream is assessed each second, sometimes sooner."""
COLLAPSE = 0.3
"""Share of the usual size of the frames between keyframes under which the picture hardly changes any more."""
STILL_S = 4.0
"""Seconds for which a collapse counts: after a keyframe, encoders spend frames on refining a still picture."""
USUAL_SIZE_OVER = 60
"""Size intervals (about a second each) over which the usual size of frames is learned."""
COLLAPSED_SIZE_OVER = 600
"""Size intervals over which a collapsed size becomes the usual one: slowly, for it may be a lasting fault."""
MIN_USUAL_BYTES = 150
"""Bytes: a picture whose frames are usually smaller hardly changes anyway, so a collapse says nothing."""
SPREADS = 3
"""How many times the usual deviation of keyframe sizes a keyframe must deviate to show another picture."""
USUAL_KEYFRAMES = 15
"""Keyframes over which their usual size is learned."""
SAME_SIZES = 3
"""Keyframes of exactly the same size that are taken for one keyframe, repeated."""
OTHER_PICTURE = 1.6
"""Ratio to the usual size beyond which a keyframe shows something else: a cover, a blur, noise, a test card."""


@dataclass(frozen=True, slots=True)
class Measures:
    """What was measured of one stream lately. None is not known yet. The names contain the units.

    `recent_fps`, `recent_loss_pct` and `recent_lost` (packets) cover `RECENT_S`, the others `WINDOW_S`.
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
    """Frames between keyframes are almost empty, as with a picture that is frozen, black or a test card."""
    suspicious: bool = False
    """The compressed sizes look like those of another picture, or of a still one."""


class Window:
    """Computes rates over the last `WINDOW_S` from a source's counts, which it is given about each second."""

    def __init__(self) -> None:
        self._marks: deque[tuple[float, Counts]] = deque()
        self._usual_size = 0.0
        self._usual_keyframe_size = self._usual_deviation = 0.0
        self._size_mark: tuple[float, Counts] | None = None
        self._last_collapse = float("-inf")
        self._is_other = False

    def update(self, counts: Counts, now: float) -> Measures:
        """Return the measures after adding `counts`, read at `now` (monotonic seconds)."""
        marks = self._marks
        self._update_sizes(counts, now)
        still = now - self._last_collapse < STILL_S
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
            jitter_ms=_jitter_ms(counts),
            recent_fps=self._recent_fps(counts, now),
            recent_loss_pct=_loss_pct(recent, counts),
            recent_lost=counts.lost - recent.lost,
            still=still,
            suspicious=still or self._is_other or counts.same_key_sizes >= SAME_SIZES,
        )

    def _fps(self, counts: Counts) -> float | None:
        return next((fps for _, before in self._marks if (fps := _frame_rate(before, counts)) is not None), None)

    def _recent_fps(self, counts: Counts, now: float) -> float | None:
        for at, before in reversed(self._marks):
            if now - at >= RECENT_S and counts.frames - before.frames >= MIN_FRAMES:
                return _frame_rate(before, counts)
        return self._fps(counts)

    def _update_sizes(self, counts: Counts, now: float) -> None:
        """Assess the sizes of about a second, however often it is called."""
        if self._size_mark is None:
            self._size_mark = now, counts
        since, before = self._size_mark
        if now - since < SIZE_INTERVAL_S:
            return
        self._size_mark = now, counts
        self._is_other = self._is_other_picture(before, counts)
        if self._has_collapsed(before, counts):
            self._last_collapse = now

    def _has_collapsed(self, before: Counts, counts: Counts) -> bool:
        deltas = counts.deltas - before.deltas
        if deltas < 2:
            return False
        size = (counts.delta_octets - before.delta_octets) / deltas
        if self._usual_size == 0:
            self._usual_size = size
        collapsed = self._usual_size > MIN_USUAL_BYTES and size < COLLAPSE * self._usual_size
        self._usual_size += (size - self._usual_size) / (COLLAPSED_SIZE_OVER if collapsed else USUAL_SIZE_OVER)
        return collapsed

    def _is_other_picture(self, before: Counts, counts: Counts) -> bool:
        """Return whether the newest keyframe's size is unusual, and let it count towards the usual size."""
        keys = counts.keyframes - before.keyframes
        if keys <= 0:
            return self._is_other
        size = (counts.key_octets - before.key_octets) / keys
        usual, deviation = self._usual_keyframe_size or size, self._usual_deviation
        self._usual_keyframe_size += (size - usual) / USUAL_KEYFRAMES if self._usual_keyframe_size else size
        self._usual_deviation += (abs(size - usual) - deviation) / USUAL_KEYFRAMES
        other = not usual / OTHER_PICTURE <= size <= usual * OTHER_PICTURE
        return other and abs(size - usual) > SPREADS * deviation


def _frame_rate(before: Counts, counts: Counts) -> float | None:
    """Return the rate from frame to frame, which is exact over a few seconds too; None if too few came."""
    seconds = counts.last_frame - before.last_frame
    return (counts.frames - before.frames) / seconds if before.frames and seconds >= 0.5 else None


def _jitter_ms(counts: Counts) -> float | None:
    """Return the jitter, or None if it is not measured, or says nothing for this stream."""
    return (
        counts.jitter * 1000 if counts.jitter is not None and counts.jitter_valid and counts.frames > 1 else None
    )


def _loss_pct(before: Counts, counts: Counts) -> float | None:
    received, lost = counts.packets - before.packets, max(0, counts.lost - before.lost)
    measured = counts.jitter is not None and counts.loss_valid
    return 100.0 * lost / (received + lost) if received > 0 and measured else None

"""What a stream usually reaches, learnt while it is watched."""

from typing import Annotated

from msgspec import Meta, Struct

from pantau_agent.assessment.diagnosis import Expected
from pantau_agent.assessment.rates import Measures
from pantau_agent.config import Camera

LEARN_S = 60
"""Looks, one a second, before anything is held against a stream."""
LEARN_KEYFRAMES_S = 86_400
"""Before keyframes that fail to come are: cameras that save bits stretch their interval, most of all at night."""
RISE = 0.05
FALL = 1 / 86_400
"""A look: up within a minute, down within a day, so that a night's lower rates do not become the norm at once."""


NotNegative = Annotated[float, Meta(ge=0)]


class Baseline(Struct, frozen=True):
    """What was learnt of one stream, in so many looks. The keyframe interval is the longest of about a day."""

    looks: Annotated[int, Meta(ge=0)] = 0
    fps: NotNegative = 0.0
    bitrate_kbps: NotNegative = 0.0
    keyframe_interval_s: NotNegative = 0.0

    def usual(self) -> Expected:
        """What may be held against the stream by now."""
        if self.looks < LEARN_S:
            return Expected()
        knows_keyframes = self.looks >= LEARN_KEYFRAMES_S and self.keyframe_interval_s
        return Expected(self.fps, self.bitrate_kbps, self.keyframe_interval_s if knows_keyframes else None)

    def after(self, measures: Measures) -> "Baseline":
        """What is known after one more look at a stream that works."""
        if measures.fps is None or measures.bitrate_kbps is None:
            return self
        interval, seen = self.keyframe_interval_s, measures.keyframe_interval_s or 0.0
        return Baseline(
            self.looks + 1,
            _follow(self.fps, measures.fps),
            _follow(self.bitrate_kbps, measures.bitrate_kbps),
            seen if seen > interval else _follow(interval, seen or interval),
        )


def configured(camera: Camera) -> Expected:
    """What is expected of a camera by its configuration. It goes before what is learnt."""
    return Expected(camera.expected_fps, camera.expected_bitrate_kbps, camera.expected_keyframe_interval_s)


def _follow(value: float, seen: float) -> float:
    return value + (seen - value) * (RISE if seen > value else FALL) if value else seen

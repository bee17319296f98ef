"""The baseline: what a stream usually reaches, learned while it is watched."""

from typing import Annotated

from msgspec import Meta, Struct, field

from pantau_agent.assessment.diagnosis import Expected
from pantau_agent.assessment.rates import Measures
from pantau_agent.config import Camera

LEARN_ASSESSMENTS = 60
"""Assessments, one a second, before a stream is judged by its baseline."""
LEARN_KEYFRAMES_ASSESSMENTS = 86_400
"""Assessments before missing keyframes are judged by it: some cameras stretch their interval at night."""
RISE = 0.05
"""Share of the difference by which an assessment raises the baseline: it follows a rise within a minute."""
FALL = 1 / 86_400
"""Share of the difference by which an assessment lowers it: within a day, so one night does not spoil it."""


NotNegative = Annotated[float, Meta(ge=0)]


class Baseline(Struct, frozen=True):
    """What was learned of one stream in so many assessments.

    The keyframe interval is the longest of about a day.
    """

    assessments: Annotated[int, Meta(ge=0)] = field(default=0, name="looks")
    fps: NotNegative = 0.0
    bitrate_kbps: NotNegative = 0.0
    keyframe_interval_s: NotNegative = 0.0

    def expected(self) -> Expected:
        """Return the expectations that are learned well enough to judge the stream by."""
        if self.assessments < LEARN_ASSESSMENTS:
            return Expected()
        knows_keyframes = self.assessments >= LEARN_KEYFRAMES_ASSESSMENTS and self.keyframe_interval_s
        return Expected(self.fps, self.bitrate_kbps, self.keyframe_interval_s if knows_keyframes else None)

    def updated(self, measures: Measures) -> "Baseline":
        """Return the baseline after one more assessment, in which the stream was ok."""
        if measures.fps is None or measures.bitrate_kbps is None:
            return self
        interval, seen = self.keyframe_interval_s, measures.keyframe_interval_s or 0.0
        return Baseline(
            self.assessments + 1,
            _follow(self.fps, measures.fps),
            _follow(self.bitrate_kbps, measures.bitrate_kbps),
            seen if seen > interval else _follow(interval, seen or interval),
        )


def configured_expectation(camera: Camera) -> Expected:
    """Return what the configuration expects of a camera. It takes precedence over the baseline."""
    return Expected(camera.expected_fps, camera.expected_bitrate_kbps, camera.expected_keyframe_interval_s)


def _follow(value: float, seen: float) -> float:
    return value + (seen - value) * (RISE if seen > value else FALL) if value else seen

"""Colour cast: a stuck infra-red filter, a lost colour channel, a failed white balance."""

from pantau_agent.picture.comparison import Comparison
from pantau_agent.picture.measures import PictureMeasures
from pantau_agent.picture.score_baseline import ScoreBaseline
from pantau_agent.picture.verdict import NO_EVIDENCE, FaultEvidence
from pantau_contract.words.evidence import detail

LIMIT = 0.17
"""Log of a ratio of channels: 0.17 is 19 % more red for the same green. White balance wanders by half of it."""
DARK = 30.0
"""Grey level under which no colour is told."""
DIMMED = 0.55
"""Of full daylight: under so much of it lamps colour the scene, and are no fault. A lost channel takes a third."""


def colour_cast(
    measures: PictureMeasures, comparison: Comparison, baseline: ScoreBaseline, daylight: float
) -> FaultEvidence:
    """All colours moved the same way, off the line between grey and the usual.

    Told by what is the camera's daylight only.
    """
    if float(measures.light.mean()) < max(DARK, DIMMED * daylight):
        return NO_EVIDENCE
    value = 0.5 * comparison.cast / baseline.threshold("cast", LIMIT)
    if value < 0.1:
        return NO_EVIDENCE
    return FaultEvidence(min(1.0, value), detail("colour_cast", share=f"{comparison.cast:.0%}"))

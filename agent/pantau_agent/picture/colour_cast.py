"""Colour cast: a stuck infrared filter, a lost colour channel, a failed white balance."""

from pantau_agent.picture.comparison import Comparison
from pantau_agent.picture.measures import PictureMeasures
from pantau_agent.picture.score_baseline import ScoreBaseline
from pantau_agent.picture.verdict import NO_EVIDENCE, FaultEvidence
from pantau_contract.words.evidence import detail

LIMIT = 0.17
"""Log of a ratio of channels by which colours may differ from the baseline.

0.17 is 19 % more red for the same green; white balance drifts by half of it.
"""
DARK = 30.0
"""Mean grey level below which colours are not judged."""
DIMMED = 0.55
"""Fraction of full daylight below which lamps colour the scene: that is no fault. A lost channel takes a third."""


def colour_cast(
    measures: PictureMeasures, comparison: Comparison, baseline: ScoreBaseline, daylight: float
) -> FaultEvidence:
    """Return evidence that all colours moved the same way, off the line between grey and the baseline.

    Only pictures taken in what is daylight for this camera are judged. `daylight` is the grey level of its
    brightest hour.
    """
    if float(measures.light.mean()) < max(DARK, DIMMED * daylight):
        return NO_EVIDENCE
    value = 0.5 * comparison.cast / baseline.threshold("cast", LIMIT)
    if value < 0.1:
        return NO_EVIDENCE
    return FaultEvidence(min(1.0, value), detail("colour_cast", share=f"{comparison.cast:.0%}"))

"""Defocused: the scene is in its place, its fine detail is gone."""

from pantau_agent.picture.comparison import Comparison
from pantau_agent.picture.score_baseline import ScoreBaseline
from pantau_agent.picture.verdict import NO_EVIDENCE, FaultEvidence
from pantau_contract.words.evidence import detail

LIMIT = 0.5
"""Log of fine over coarse contrast, against the usual."""
HAZE = 0.6
"""Fog takes coarse contrast and a little detail with it; a lens out of focus leaves coarse contrast as it was."""
OUTLINES = 0.65
"""Part of the coarse contrast that a blur leaves at least; at half of it nothing is told."""


def defocused(comparison: Comparison, baseline: ScoreBaseline) -> FaultEvidence:
    """How much detail went at the sharpest places, beyond what haze explains."""
    blur = comparison.blur - HAZE * max(0.0, comparison.haze)
    value = 0.5 * blur / baseline.threshold("blur", LIMIT)
    # what a cover hides, or is elsewhere, cannot be called blurred: a blur leaves the outlines
    value *= min(1.0, max(0.0, 2 * comparison.outlines / OUTLINES - 1))
    if value < 0.1:
        return NO_EVIDENCE
    return FaultEvidence(min(1.0, value), detail("defocused", share=f"{2.718**-comparison.blur:.0%}"))

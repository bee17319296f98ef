"""Defocused: the scene is in its place, but its fine detail is gone."""

from pantau_agent.picture.comparison import Comparison
from pantau_agent.picture.score_baseline import ScoreBaseline
from pantau_agent.picture.verdict import NO_EVIDENCE, FaultEvidence
from pantau_contract.words.evidence import detail

LIMIT = 0.5
"""Log of fine over coarse contrast that may be lost against the baseline."""
HAZE = 0.6
"""Fine detail that fog takes with coarse contrast (logs); a lens out of focus leaves coarse contrast as it was."""
OUTLINES = 0.65
"""Part of the coarse contrast that a blur leaves at least; at half of it there is no evidence of blur."""


def defocused(comparison: Comparison, baseline: ScoreBaseline) -> FaultEvidence:
    """Return evidence of detail lost at the sharpest places, beyond what haze explains."""
    blur = comparison.blur - HAZE * max(0.0, comparison.haze)
    value = 0.5 * blur / baseline.threshold("blur", LIMIT)
    # a blur leaves the outlines, unlike a cover or another view
    value *= min(1.0, max(0.0, 2 * comparison.outlines / OUTLINES - 1))
    if value < 0.1:
        return NO_EVIDENCE
    return FaultEvidence(min(1.0, value), detail("defocused", share=f"{2.718**-comparison.blur:.0%}"))

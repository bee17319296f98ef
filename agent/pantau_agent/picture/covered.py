"""Covered: an object in front of the lens, or dirt, paint or spray on it."""

from pantau_agent.picture.comparison import Comparison
from pantau_agent.picture.score_baseline import ScoreBaseline
from pantau_agent.picture.verdict import NO_EVIDENCE, FaultEvidence
from pantau_contract.words.evidence import detail

SHARE = 0.2
"""Share of the static cells that a cover hides: a parked lorry rarely hides as much for long."""
OUT_OF_FOCUS_SHARE = 0.15
"""Share that is enough if what hides the scene is out of focus: objects on the lens are, parked ones are not."""


def covered(comparison: Comparison, baseline: ScoreBaseline, explained: float) -> FaultEvidence:
    """Return evidence that part of the scene is hidden, unless another fault explains it.

    `explained` is the evidence of those other faults, in [0, 1].
    """
    hidden = max(0.0, comparison.gone_share - baseline.level_of("gone"))
    # in a new lighting, cells without prominent edges may just lie in the dark
    out_of_focus = comparison.edge_prominence < 1 and baseline.widening == 1
    value = (
        0.5
        * comparison.clarity
        * hidden
        / baseline.threshold("gone", OUT_OF_FOCUS_SHARE if out_of_focus else SHARE)
    )
    if explained >= 0.5:
        value = min(value, 0.4)
    if value < 0.1:
        return NO_EVIDENCE
    return FaultEvidence(min(1.0, value), detail("covered", share=f"{comparison.gone_share:.0%}"))

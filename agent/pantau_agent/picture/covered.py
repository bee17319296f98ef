"""Covered: something stands, lies or was sprayed before the lens."""

from pantau_agent.picture.comparison import Comparison
from pantau_agent.picture.score_baseline import ScoreBaseline
from pantau_agent.picture.verdict import NO_EVIDENCE, FaultEvidence
from pantau_contract.words.evidence import detail

SHARE = 0.2
"""Of the cells that show something fixed: a parked lorry hides less for long."""
OUT_OF_FOCUS_SHARE = 0.15
"""Enough of what shows no relief: what lies on the lens is out of focus, what is parked in the scene is not."""


def covered(comparison: Comparison, baseline: ScoreBaseline, explained: float) -> FaultEvidence:
    """The share of the scene that shows through no longer, unless that is explained `otherwise` (in [0, 1])."""
    hidden = max(0.0, comparison.gone_share - baseline.level_of("gone"))
    # in a new lighting, what shows no relief may lie in the dark
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

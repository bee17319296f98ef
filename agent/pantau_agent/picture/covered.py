"""Covered: something stands, lies or was sprayed before the lens."""

from pantau_agent.picture.comparison import Comparison
from pantau_agent.picture.usual import Usual
from pantau_agent.picture.verdict import NONE, Evidence
from pantau_contract.words.evidence import detail

SHARE = 0.2
"""Of the cells that show something fixed: a parked lorry hides less for long."""
SOFT_SHARE = 0.15
"""Enough of what shows no relief: what lies on the lens is out of focus, what is parked in the scene is not."""


def covered(comparison: Comparison, usual: Usual, otherwise: float) -> Evidence:
    """The share of the scene that shows through no longer, unless that is explained `otherwise` (in [0, 1])."""
    hidden = max(0.0, comparison.gone_share - usual.of("gone"))
    # in a new lighting, what shows no relief may lie in the dark
    soft = comparison.relief < 1 and usual.wide == 1
    value = 0.5 * comparison.clarity * hidden / usual.limit("gone", SOFT_SHARE if soft else SHARE)
    if otherwise >= 0.5:
        value = min(value, 0.4)
    if value < 0.1:
        return NONE
    return Evidence(min(1.0, value), detail("covered", share=f"{comparison.gone_share:.0%}"))

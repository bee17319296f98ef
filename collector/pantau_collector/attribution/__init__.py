"""People's decisions about whose lost time was: kept for ever, and applied to what the ledger says.

    decisions = Decisions(load_decisions(connection))
    decisions.apply(site, camera, intervals)            # the ledger's intervals of a camera, as people decided

`decided` is the same for the decisions about one camera. `propose` and `add_decision` make a decision.
"""

from pantau_collector.attribution.decided import Decisions, decided
from pantau_collector.attribution.decision import Decision, DecisionError, Wish
from pantau_collector.attribution.propose import Proposal, propose
from pantau_collector.attribution.rows import add_decision, load_decisions

__all__ = [
    "Decision",
    "DecisionError",
    "Decisions",
    "Proposal",
    "Wish",
    "add_decision",
    "decided",
    "load_decisions",
    "propose",
]

"""People's decisions about whose lost time was: kept for ever, and applied to what the ledger says.

    DecidedLedger(store, inventory).site_intervals(site, from_ms, to_ms)    # the ledger, as people decided
    Decisions(load_decisions(connection)).apply(site, camera, intervals)    # the intervals of one camera

`decided` is the same for the decisions about one camera. `propose` and `add_decision` make a decision.
"""

from pantau_collector.attribution.decided import Decisions, decided
from pantau_collector.attribution.decided_ledger import DecidedLedger
from pantau_collector.attribution.decision import Decision, DecisionError, NothingToMoveError, Wish
from pantau_collector.attribution.propose import Proposal, propose
from pantau_collector.attribution.rows import add_decision, load_decisions

__all__ = [
    "DecidedLedger",
    "Decision",
    "DecisionError",
    "Decisions",
    "NothingToMoveError",
    "Proposal",
    "Wish",
    "add_decision",
    "decided",
    "load_decisions",
    "propose",
]

"""The rules about outages, in their order. A new rule is a new stage in this list."""

from collections.abc import Iterator

from pantau_collector.config import IncidentRules
from pantau_collector.incidents.case import Stage
from pantau_collector.incidents.correlate import Correlate
from pantau_collector.incidents.read import Read
from pantau_collector.incidents.settle import Settle
from pantau_collector.incidents.transitions import Transitions


def make_stages(rules: IncidentRules, ids: Iterator[int]) -> list[Stage]:
    """All of them; `ids` numbers new incidents."""
    settle = Settle(
        settle_s=rules.settle_s,
        by_cause={str(cause): seconds for cause, seconds in rules.settle_s_by_cause.items()},
        recovery_s=rules.recovery_s,
        new_camera_grace_s=rules.new_camera_grace_s,
    )
    return [
        Read(silence_factor=rules.silence_factor, states=rules.states),
        settle,
        Correlate(settle_s=settle.settle_s, regroup_s=rules.regroup_s),
        Transitions(ids),
    ]

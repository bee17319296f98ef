"""The rules about outages, in their order. A new rule is a new stage in one of these lists."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from pantau_collector.incidents.acknowledge import acknowledge
from pantau_collector.incidents.case import SiteStage, Stage
from pantau_collector.incidents.correlate import Correlate
from pantau_collector.incidents.escalate import Escalate
from pantau_collector.incidents.evaluate import Read
from pantau_collector.incidents.flap import Flap
from pantau_collector.incidents.hard_state import Settle
from pantau_collector.incidents.planned import Planned
from pantau_collector.incidents.rules import IncidentRules
from pantau_collector.incidents.transitions import Transitions
from pantau_collector.incidents.uplinks import Explain, Uplinks


class Stages(Struct, frozen=True):
    """First what each site's agent tells, then what many sites tell together, then the life of incidents."""

    site: Sequence[SiteStage]
    uplink: Uplinks
    life: Sequence[Stage]


def make_stages(
    rules: IncidentRules, planned: Planned, ids: Iterator[int], *, escalate_after_s: Sequence[float] = ()
) -> Stages:
    """All of them; `ids` numbers new incidents, and one is raised to a level after so long."""
    settle = Settle(
        settle_s=rules.settle_s,
        by_cause={str(cause): seconds for cause, seconds in rules.settle_s_by_cause.items()},
        recovery_s=rules.recovery_s,
        new_camera_grace_s=rules.new_camera_grace_s,
    )
    return Stages(
        site=[
            Read(silence_factor=rules.silence_factor, states=rules.states),
            settle,
            Correlate(settle_s=settle.settle_s, regroup_s=rules.regroup_s),
        ],
        uplink=Uplinks(window_s=rules.uplink_window_s, regroup_s=rules.regroup_s),
        life=[
            Explain(),
            planned,
            Flap(interval_s=rules.flap_interval_s),
            Transitions(ids),
            acknowledge,
            Escalate(escalate_after_s),
        ],
    )

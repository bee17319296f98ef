"""The rules about outages, in their order. A new rule is a new stage in one of these lists."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from msgspec import Struct

from pantau_collector.incidents.acknowledge import acknowledge
from pantau_collector.incidents.case import Case, SiteCase
from pantau_collector.incidents.correlate import Correlate
from pantau_collector.incidents.escalate import Escalate
from pantau_collector.incidents.evaluate import Evaluate
from pantau_collector.incidents.flap import Flap
from pantau_collector.incidents.hard_state import HardState
from pantau_collector.incidents.inhibit import Inhibit
from pantau_collector.incidents.lifecycle import Lifecycle
from pantau_collector.incidents.moment import Moment
from pantau_collector.incidents.mute import Mute
from pantau_collector.incidents.rules import IncidentRules
from pantau_collector.incidents.unlisted import Unlisted
from pantau_collector.incidents.uplinks import Uplinks


class SiteStage(Protocol):
    """One rule about what a site's agent reports. It is pure: it knows nothing but the case and the moment."""

    def __call__(self, case: SiteCase, now: Moment) -> None:
        """Do this stage's part of the case."""


class LifeStage(Protocol):
    """One rule about the life of incidents, whatever they are about."""

    def __call__(self, case: Case, now: Moment) -> None:
        """Do this stage's part of the case."""


class Stages(Struct, frozen=True):
    """First what each site's agent reports, then what many sites show together, then the life of incidents."""

    site: Sequence[SiteStage]
    uplink: Uplinks
    life: Sequence[LifeStage]


def make_stages(
    rules: IncidentRules,
    mute: Mute,
    ids: Iterator[int],
    *,
    is_unlisted: Callable[[str, str], bool] = lambda _site, _camera: False,
    escalate_after_s: Sequence[float] = (),
) -> Stages:
    """Make all stages.

    Args:
        rules: the thresholds.
        mute: the stage that knows the active downtimes.
        ids: the numbers for new incidents.
        is_unlisted: returns whether the inventory lacks a camera, by site and id.
        escalate_after_s: seconds (attention) until each level of escalation.
    """
    hard_state = HardState(
        settle_s=rules.settle_s,
        by_cause={str(cause): seconds for cause, seconds in rules.settle_s_by_cause.items()},
        recovery_s=rules.recovery_s,
        new_camera_grace_s=rules.new_camera_grace_s,
    )
    return Stages(
        site=[
            Evaluate(silence_factor=rules.silence_factor, states=rules.states),
            hard_state,
            Correlate(settle_s=hard_state.settle_s, regroup_s=rules.regroup_s),
            Unlisted(is_unlisted),
        ],
        uplink=Uplinks(window_s=rules.uplink_window_s, regroup_s=rules.regroup_s),
        life=[
            Inhibit(),
            mute,
            Flap(interval_s=rules.flap_interval_s),
            Lifecycle(ids),
            acknowledge,
            Escalate(escalate_after_s),
        ],
    )

"""Each declared scenario is about a rule: without that rule other notices than the expected ones are sent."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pantau_collector.fleet.attention import Attention
from pantau_collector.incidents import correlate
from pantau_collector.incidents.escalate import Escalate
from pantau_collector.incidents.flap import Flap
from pantau_collector.incidents.hard_state import HardState
from pantau_collector.incidents.mute import Mute
from pantau_collector.incidents.uplinks import Uplinks
from pantau_collector.simulation import load_scenario, simulate
from pantau_collector.simulation.agents import Agent
from pantau_collector.store import incident_rows

SCENARIOS = Path(__file__).with_name("scenarios")
TakeOut = Callable[[pytest.MonkeyPatch], None]


def stage(kind: type) -> TakeOut:
    """Make the stage do nothing."""
    return lambda patch: patch.setattr(kind, "__call__", lambda _self, _case, _now: None)


def grace(patch: pytest.MonkeyPatch) -> None:
    """Judge what is new as everything else."""
    made = HardState.__init__
    patch.setattr(HardState, "__init__", lambda self, **rules: made(self, **{**rules, "new_camera_grace_s": 0.0}))


def parents(patch: pytest.MonkeyPatch) -> None:
    """Never take anything as evidence of a site or device."""
    patch.setattr(correlate, "_MIN_BRANCHES", 10_000)


def memory(patch: pytest.MonkeyPatch) -> None:
    """Forget what was open when the collector starts, or goes on from its store."""
    patch.setattr(incident_rows, "load_open", lambda _connection: [])


def births(patch: pytest.MonkeyPatch) -> None:
    """Make an agent that reconnects send no birth."""
    rejoin = Agent.rejoin
    patch.setattr(Agent, "rejoin", lambda agent: rejoin(agent)[:0])


def attention(patch: pytest.MonkeyPatch) -> None:
    """Count every second, whether the collector listened or not."""

    def tick(self: Attention, monotonic: float, *, listening: bool, behind: bool) -> None:
        del listening, behind
        self.seconds += 0.0 if self._last is None else monotonic - self._last
        self._last = self._ready_at = monotonic

    patch.setattr(Attention, "tick", tick)


WITHOUT: dict[str, TakeOut] = {
    "01_a_camera_that_flaps": stage(Flap),
    "02_new_cameras": grace,
    "03_a_switch_with_sixteen_cameras": parents,
    "04_who_is_behind_it": parents,
    "16_an_outage_that_outlives_its_downtime": stage(Mute),
    "16_a_restart_in_downtime": memory,
    "17_a_child_that_stays_down": stage(Uplinks),
    "18_the_store_is_away": memory,
    "19_it_is_there_again_by_its_birth": births,
    "a_broker_that_is_away": attention,
    "an_uplink_with_thirty_sites": stage(Uplinks),
    "nobody_takes_it": stage(Escalate),
    "power_returns_in_waves": stage(Uplinks),
    "two_causes_at_once": parents,
}


@pytest.mark.parametrize("name", WITHOUT)
def test_without_its_rule_something_else_is_told(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    scenario, inventory = load_scenario(SCENARIOS / f"{name}.toml")
    WITHOUT[name](monkeypatch)
    assert simulate(scenario, inventory).differences

"""The thresholds that README and the example state, by their literal values."""

import tomllib
from itertools import combinations
from pathlib import Path

import pytest

from pantau_collector.fleet.attention import Attention, ClockWatch
from pantau_collector.incidents.case import Case
from pantau_collector.incidents.flap import Flap, share_pct
from pantau_collector.incidents.moment import Moment
from pantau_collector.incidents.proposal import Proposal
from pantau_collector.incidents.rules import IncidentRules
from pantau_collector.incidents.symptom import Symptom
from pantau_collector.notices.recipients import NoticeRules, Recipient
from pantau_contract.states import State

INCIDENTS = {
    "settle_s": 20,
    "recovery_s": 20,
    "silence_factor": 3,
    "new_camera_grace_s": 120,
    "restart_grace_s": 30,
    "regroup_s": 90,
    "uplink_window_s": 90,
    "flap_interval_s": 30,
    "keep_days": 400,
}
NOTICES = {
    "gather_s": 30,
    "announce_min": 60,
    "acknowledge_h": 72,
    "max_attempts": 100,
    "first_retry_s": 5,
    "max_retry_s": 900,
    "parallel": 8,
}
COLLECTOR = Path(__file__).parents[3] / "collector"
README = (COLLECTOR / "README.md").read_text()


def test_the_defaults_are_those_of_the_example() -> None:
    example = tomllib.loads((COLLECTOR / "collector.example.toml").read_text())
    assert IncidentRules().model_dump(exclude={"states", "settle_s_by_cause"}) == INCIDENTS
    assert IncidentRules().states == {State.DOWN, State.IMPAIRED}
    assert NoticeRules().model_dump() == NOTICES
    assert {key: example["incidents"][key] for key in INCIDENTS} == INCIDENTS
    assert {key: example["notices"][key] for key in NOTICES} == NOTICES


@pytest.mark.parametrize(
    "statement",
    [
        "are kept for 400 days",
        "of the latest 20 results, one each 30 s, more than 30 % were changes",
        "until it is below 25 %",
        "`notices.gather_s` (30 s)",
        "`notices.acknowledge_h` (72 h)",
        "announced an hour before it begins (`notices.announce_min`)",
        "In `quiet_hours` only cameras of `quiet_except`\n(`high`)",
    ],
)
def test_the_readme_states_them(statement: str) -> None:
    assert statement in README


def test_a_recipient_has_the_documented_defaults() -> None:
    recipient = Recipient.model_validate({"id": "noc", "urls": ["json://localhost/"]})
    assert recipient.next_channel_after == 3
    assert recipient.quiet_except == {"high"}
    assert recipient.hourly_limit is None


def changes_of(share: float) -> int:
    """Return changes with this weighted share, to a hundredth of a percent."""
    for count in range(1, 8):
        for ages in combinations(range(19), count):
            changes = sum(1 << age for age in ages)
            if abs(share_pct(changes) - share) < 0.01:
                return changes
    raise ValueError(share)


@pytest.mark.parametrize(
    ("before", "share", "after"),
    [(False, 30.1, True), (False, 29.9, False), (True, 25.1, True), (True, 24.9, False)],
)
def test_flapping_begins_above_30_and_ends_below_25_percent(before: bool, share: float, after: bool) -> None:
    case = Case("uplink:telkom", "")
    case.proposals = {case.id: Proposal("uplink_down", (), 0)}
    case.symptoms[case.id] = Symptom(
        changes=changes_of(share), result_s=1000.0, result_failed=True, flapping=before
    )
    Flap(interval_s=30)(case, Moment(0, 1000.0))
    assert case.symptoms[case.id].flapping is after


@pytest.mark.parametrize(("pause_s", "counted"), [(5.0, True), (5.1, False)])
def test_a_pause_of_more_than_five_seconds_is_not_attention(pause_s: float, counted: bool) -> None:
    attention = Attention(grace_s=0)
    attention.tick(100.0, listening=True, behind=False)
    attention.tick(100.0 + pause_s, listening=True, behind=False)
    assert (attention.seconds > 0) is counted


@pytest.mark.parametrize(("step_ms", "steps"), [(2000, 0), (2001, 1), (-2000, 0), (-2001, 1)])
def test_a_clock_step_is_more_than_two_seconds(step_ms: int, steps: int) -> None:
    watch = ClockWatch()
    watch.check(100.0, 1_000_000)
    watch.check(101.0, 1_001_000 + step_ms)
    assert watch.steps == steps

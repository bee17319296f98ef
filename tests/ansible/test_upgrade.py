"""Test what decides about an upgrade: what is to be done, also after one that broke off; whether all is well."""

import json
from typing import Any

import pytest

from tests.ansible.modules import load

plan = load("roles/pantau_upgrade/filter_plugins/upgrade_plan.py")
gate = load("roles/pantau_upgrade/library/pantau_gate.py")
digest = load("roles/pantau_install/filter_plugins/digest.py")

SINCE = 1000


def note(begun_at: str, to: str, cameras_ok: int = 3) -> str:
    return json.dumps({"needed": True, "from": begun_at, "to": to, "before": {"cameras_ok": cameras_ok}})


@pytest.mark.parametrize(
    ("written", "current", "wanted", "expected"),
    [
        ("", "1", "1", (False, "1", 5)),
        ("", "1", "2", (True, "1", 5)),
        pytest.param(note("1", "2"), "1", "2", (True, "1", 5), id="broken off before the switch"),
        pytest.param(note("1", "2"), "2", "2", (True, "1", 3), id="broken off after the switch: nothing proves 2"),
        pytest.param(
            note("1", "2"), "2", "3", (True, "1", 3), id="a third one: back is the one that proved itself"
        ),
        pytest.param(note("1", "2"), "2", "1", (True, "1", 3), id="somebody wants the former one"),
        pytest.param(note("1", "2"), "1", "1", (False, "1", 5), id="it has gone back already"),
        pytest.param('{"from": "1", "to', "1", "2", (True, "1", 5), id="a note that was cut off"),
    ],
)
def test_what_is_to_be_done(written: str, current: str, wanted: str, expected: tuple[bool, str, int]) -> None:
    made = plan.upgrade_plan(written, current, wanted, {"cameras_ok": 5})
    assert (made["needed"], made["from"], made["before"]["cameras_ok"]) == expected
    assert made["to"] == wanted


def site(**changes: Any) -> dict[str, Any]:
    heard = {"site": "kabil", "online": True, "heard_ms": (SINCE + 1) * 1000, "version": "2", "cameras": 3}
    return heard | {"cameras_ok": 3} | changes


def test_what_counts_before_is_what_is_heard() -> None:
    sites = [site(), site(site="nongsa", cameras_ok=2), site(site="dark", online=False)]
    assert plan.city_before(sites) == {"sites": 2, "cameras_ok": 5}
    assert plan.site_before(sites, "nongsa") == {"cameras_ok": 2}
    assert plan.site_before(sites, "dark") == {"cameras_ok": 0}


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        (site(), ""),
        (site(cameras_ok=4, cameras=4), ""),
        (None, "does not hear"),
        (site(online=False), "does not hear"),
        (site(heard_ms=SINCE * 1000), "does not hear"),
        (site(heard_ms=None), "does not hear"),
        (site(version="1"), "version 1, not 2"),
        (site(cameras_ok=2), "2 of its 3 cameras are ok, and 3 were before"),
    ],
)
def test_a_site_is_well_when_it_is_heard_since_under_the_new_version_with_its_cameras(
    seen: dict[str, Any] | None, told: str
) -> None:
    said = gate.site_complaint({"version": "2", "cameras_ok": 3, "since": str(SINCE)}, seen)
    assert (told in said) if told else said == ""


def test_a_city_is_well_when_as_many_sites_and_cameras_are_heard_since() -> None:
    wanted = {"sites": 2, "cameras_ok": 5, "since": SINCE}
    both = {"a": site(), "b": site(cameras_ok=2)}
    assert gate.city_complaint(wanted, both) == ""
    assert "1 sites" in gate.city_complaint(wanted, both | {"b": site(heard_ms=SINCE * 1000)})
    assert "4 cameras" in gate.city_complaint(wanted, both | {"b": site(cameras_ok=1)})


def judged(complaints: list[str], hold_s: float, until_s: float = 100) -> tuple[bool, str]:
    """Return after a complaint each 10 seconds whether it is decided, and how."""
    judge = gate.Gate(["kabil"], hold_s, until_s)
    for number, complaint in enumerate(complaints):
        judge.see({"kabil": complaint}, number * 10.0)
    return judge.is_decided((len(complaints) - 1) * 10.0), judge.verdicts()["kabil"]


def test_it_passes_once_it_has_been_well_for_long_enough_without_a_break() -> None:
    assert judged(["down", "", ""], hold_s=20) == (False, "not well for long enough; before that: down")
    assert judged(["down", "", "", ""], hold_s=20) == (True, "")
    decided, why = judged(["", "", "down", "", ""], hold_s=20)
    assert not decided, "what dies in between begins anew"
    assert "down" in why


def test_what_dies_again_and_again_never_passes_and_is_told_when_the_time_is_up() -> None:
    assert judged(["", "", "down"] * 4, hold_s=20, until_s=110) == (True, "down")


def test_where_nobody_can_be_asked_nothing_passes() -> None:
    assert gate.Gate(["kabil"], 20, 100).verdicts() == {"kabil": "nobody could be asked"}


def test_a_version_has_a_folder_of_its_own_by_all_that_is_in_it() -> None:
    wheel = "/x/pantau-0.3.0-py3-none-any.whl"
    assert digest.version_folder(wheel, "a").startswith("0.3.0-")
    assert digest.version_folder(wheel, "a") == digest.version_folder(wheel, "a")
    assert digest.version_folder(wheel, "a") != digest.version_folder(wheel, "b")
    assert digest.version_folder("pantau[agent]==0.2.0", "a").startswith("0.2.0-")
    assert digest.version_folder("pantau==0.2.0", "a").startswith("0.2.0-")

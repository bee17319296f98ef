"""`simulate`: what it prints, and what it reports of an invalid scenario."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pantau_collector.cli import app

SCENARIO = """
lasts = "5m"
notices = { gather_s = 0 }
[[cluster]]
site = "kabil"
cameras = 2
[[event]]
at = "1m"
do = "fail"
what = ["kabil/cam1"]
"""
WANTED = '[[notice]]\nat = "1m20s"\nto = "noc"\nabout = "{about}"\n'


def simulate(folder: Path, text: str, *options: str) -> Result:
    path = folder / "scenario.toml"
    path.write_text(text)
    return CliRunner().invoke(app, ["simulate", str(path), *options])


def test_it_prints_who_is_told_what_and_when(tmp_path: Path) -> None:
    done = simulate(tmp_path, SCENARIO)
    assert done.exit_code == 0
    assert "1m20s" in done.stdout
    assert "[PADAM] kabil / cam1" in done.stdout
    assert "messages to noc: 1" in done.stdout


def test_as_json_it_says_the_same(tmp_path: Path) -> None:
    told = json.loads(simulate(tmp_path, SCENARIO, "--json").stdout)
    (message,) = told["messages"]
    assert (message["at_s"], message["to"], message["form"]) == (80.0, "noc", "single")
    assert message["notices"] == [
        {"kind": "opened", "about": "kabil/cam1", "cause": "unreachable", "cameras": ["kabil/cam1"]}
    ]
    assert told["count"] == {"noc": 1}


def test_what_is_wanted_and_not_told_is_status_1(tmp_path: Path) -> None:
    assert simulate(tmp_path, SCENARIO + WANTED.format(about="kabil/cam1")).exit_code == 0
    done = simulate(tmp_path, SCENARIO + WANTED.format(about="kabil/cam2"))
    assert done.exit_code == 1
    assert "not told at 1m20s: to noc: opened kabil/cam2" in done.stdout
    assert "not wanted at 1m20s: to noc: opened kabil/cam1 (unreachable)" in done.stdout


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"5m"', '"five"', "lasts: expected a span of time such as 90s, 5m, 1h30m or 2d"),
        ("kabil/cam1", "kabil/cam7", "event[1].what: there is no `kabil/cam7`; did you mean"),
        ('"fail"', '"explode"', "event[1].do: expected"),
        ('[[cluster]]\nsite = "kabil"\ncameras = 2\n', "", "expected a site map"),
        ('at = "1m"', "", "event[1].at"),
    ],
)
def test_a_wrong_scenario_is_told_with_its_place(tmp_path: Path, old: str, new: str, said: str) -> None:
    done = simulate(tmp_path, SCENARIO.replace(old, new))
    assert done.exit_code == 2
    assert said in done.stderr


def test_people_rules_and_site_map_are_the_configurations_where_the_scenario_has_none(tmp_path: Path) -> None:
    (tmp_path / "inventory.toml").write_text(
        '[[site]]\nid = "nongsa"\n[[camera]]\nsite = "nongsa"\nid = "gerbang"\n'
    )
    config = tmp_path / "collector.toml"
    config.write_text(
        'inventory = "inventory.toml"\n[incidents]\nsettle_s = 40\nrestart_grace_s = 0\n'
        '[[recipient]]\nid = "budi"\nlanguage = "en"\nurls = ["json://localhost/budi"]\n'
    )
    text = 'lasts = "5m"\n[[event]]\nat = "1m"\ndo = "fail"\nwhat = ["nongsa/gerbang"]\n'
    told = json.loads(simulate(tmp_path, text, "--config", str(config), "--json").stdout)
    (message,) = told["messages"]
    assert (message["at_s"], message["to"]) == (100.0, "budi")
    assert message["subject"].startswith("[OUTAGE]")

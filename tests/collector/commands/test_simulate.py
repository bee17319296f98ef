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
        ("[[cluster]]", 'starts = "tomorrow"\n[[cluster]]', "starts: expected a time such as 2026-11-02T08:00"),
        ('"5m"', "inf", "lasts: expected less than or equal to"),
        ('site = "kabil"', 'site = "Simpang Kabil"', "cluster[1].site: expected 1 to 63 lower-case letters"),
        ("cameras = 2", "cameras = 1000\ncount = 10000", "cluster: expected 200,000 cameras at most"),
        ('"fail"', '"add"\nwhat = ["nowhere/cam9"]\n#', "event[1].what: expected a new camera of a known site"),
        ('"1m"', '"1m"\nevery = 0.001\nuntil = "9d"', "event[1].every: expected 1s or more"),
        (
            '"1m"',
            '"1m"\nevery = 1\nuntil = "900d"',
            "event[1].until: expected an event that happens 100,000 times",
        ),
        (
            '"fail"',
            '"remove"\nwhat = ["kabil"]\n#',
            "event[1].what: expected cameras, as SITE/CAMERA, got `kabil`",
        ),
        ('"fail"', '"downtime"\nrrule = "FREQ=SECONDLY"', "event[1].rrule: `FREQ=SECONDLY` is no recurrence rule"),
        (
            '"fail"',
            '"downtime"\nlasts = "500d"\nrrule = "FREQ=DAILY"',
            "event[1].rrule: a recurring downtime needs",
        ),
    ],
)
def test_a_wrong_scenario_is_told_with_its_place(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = SCENARIO.replace(old, new)
    if new.endswith("#"):
        text = text.rsplit("what =", 1)[0]
    done = simulate(tmp_path, text)
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


def test_a_camera_that_is_removed_twice_is_gone_once(tmp_path: Path) -> None:
    text = SCENARIO.replace('"fail"', '"remove"\nevery = "1m"\nuntil = "3m"')
    assert simulate(tmp_path, text).exit_code == 0

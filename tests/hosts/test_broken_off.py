"""Test that a run which is broken off at any of its tasks, and repeated, ends as one that was not.

A few tasks are taken, evenly spread; with `PANTAU_EVERY_TASK=1` each of them in turn, which takes hours.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hosts.builds import build
from tests.hosts.callbacks.break_off import BROKEN_OFF
from tests.hosts.city import City, Run, until
from tests.hosts.host import Host
from tests.hosts.small_city import describe, heard

CALLBACKS = {
    "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).parent / "callbacks"),
    "ANSIBLE_CALLBACKS_ENABLED": "break_off",
}
SAMPLE = 5
"""Tasks of each run that are taken, unless all are."""
GATE = ["--extra-vars=pantau_upgrade_hold_s=3", "--extra-vars=pantau_upgrade_wait_s=90"]
_STATE = """
cd /
find etc/pantau etc/credstore etc/systemd/system etc/mosquitto usr/local -type f -exec sha256sum {} + | sort -k2
find opt/pantau -maxdepth 2 -printf '%p %l\\n' | sort
systemctl is-active pantau-agent
/usr/local/lib/pantau/pantau-agent.written compare
"""


@pytest.fixture(scope="module")
def running(city: City) -> City:
    """Return a city of a control room and two sites, without cameras, set up by one run; and a blank machine."""
    describe(city)
    city.variables["sites"]["pantau_agent_cameras"] = []
    city.play("site.yml")
    return city


def state(host: Host) -> str:
    """Return what is installed and written on a host, and whether that is what runs."""
    return host.run(_STATE)


def play(city: City, *arguments: str, broken_off_at: int = 0, count_to: Path | None = None) -> Run:
    """Run a playbook, and end it where the task of this number begins."""
    environment = {**CALLBACKS, "PANTAU_BREAK_OFF_AT": str(broken_off_at)}
    if count_to is not None:
        environment["PANTAU_COUNT_TASKS"] = str(count_to)
    return city.play(*arguments, check=not broken_off_at, environment=environment)


def tasks_of(count: int) -> Iterator[int]:
    """Yield the numbers of the tasks that are taken out of so many."""
    step = 1 if os.environ.get("PANTAU_EVERY_TASK") else max(1, count // SAMPLE)
    return iter(range(step, count, step))


def test_an_update_that_is_broken_off_and_repeated_ends_as_one_that_was_not(
    running: City, wheel: Path, tmp_path: Path
) -> None:
    host = running.hosts["nongsa"]
    arguments = {
        version: [
            "upgrade.yml",
            *GATE,
            "--limit=nongsa",
            f"--extra-vars=pantau_install_package={build(wheel, version, tmp_path)}",
        ]
        for version in ("0.2.81", "0.2.82")
    }
    for version in ("0.2.81", "0.2.82", "0.2.81"):  # so that each has the other one to go back to
        play(running, *arguments[version], count_to=tmp_path / "count")
    states, version = {"0.2.81": state(host)}, "0.2.82"
    play(running, *arguments[version])
    states[version] = state(host)
    assert states["0.2.81"] != states["0.2.82"]
    for number in tasks_of(int((tmp_path / "count").read_text())):
        version = "0.2.81" if version == "0.2.82" else "0.2.82"
        broken = play(running, *arguments[version], broken_off_at=number)
        assert broken.status == BROKEN_OFF, broken.output
        play(running, *arguments[version])
        assert state(host) == states[version], f"broken off at task {number}"
        assert {site["version"] for site in heard(running) if site["site"] == "nongsa"} == {version}


def test_an_installation_that_is_broken_off_again_and_again_ends_as_one_that_was_not(
    running: City, tmp_path: Path
) -> None:
    count = tmp_path / "count"
    running.add("sekupang", "sites")
    running.play("broker.yml")
    play(running, "agent.yml", "--limit=kabil", count_to=count)
    for number in tasks_of(int(count.read_text())):
        assert play(running, "agent.yml", "--limit=sekupang", broken_off_at=number).status == BROKEN_OFF
    play(running, "agent.yml", "--limit=sekupang")
    until(lambda: any(site["site"] == "sekupang" and site["online"] for site in heard(running)), 120)
    before = state(running.hosts["sekupang"])
    assert play(running, "agent.yml", "--limit=sekupang").changed == 0
    assert state(running.hosts["sekupang"]) == before
    assert [line.split()[-1] for line in before.splitlines()] == [
        line.split()[-1] for line in state(running.hosts["kabil"]).splitlines()
    ], "the same files as on a machine that was set up in one run"

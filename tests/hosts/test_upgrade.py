"""Test updates of booted hosts: a bad build goes back by itself, a good one goes everywhere.

The first tests are the short form (`make hosts SHORT=1`): one control room, two sites, twice, a failed update,
and a good one.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hosts.builds import DIES_AFTER_ITS_START, FAULTS, OTHER_TABLES, Change, build
from tests.hosts.city import City, Run, until
from tests.hosts.host import BRIDGE_ADDRESS, Host
from tests.hosts.small_city import SITES, describe, heard, started

WITHIN = "--extra-vars=pantau_upgrade_wait_s=90"
HOLDS = "--extra-vars=pantau_upgrade_hold_s={}"
"""The gate of two minutes, shortened."""


@pytest.fixture(scope="module")
def camera(city: City) -> Iterator[str]:
    """Yield the URL of a camera that every host can reach."""
    program = [
        sys.executable,
        "-m",
        "pantau_simcam",
        "--camera",
        "gate",
        "--fps",
        "5",
        "--size",
        "320x180",
        "--json",
    ]
    inside = ["nsenter", f"--net=/run/netns/{city.network.name}"]
    with subprocess.Popen(
        [*inside, *program, "--host", BRIDGE_ADDRESS], stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        yield json.loads(running.stdout.readline())["cameras"]["gate"]
        running.terminate()


@pytest.fixture(scope="module")
def running(city: City, camera: str) -> City:
    """Return a city of a control room and two sites whose cameras work, set up by one run."""
    describe(city)
    city.variables["sites"]["pantau_agent_cameras"] = [{"id": "gate", "url": camera}]
    run = city.play("site.yml")
    print(f"from blank machines to a reporting city: {run.seconds:.0f} s")  # noqa: T201 # with -s
    until(lambda: ok(city) == dict.fromkeys(SITES, 1), 300)
    return city


def ok(city: City) -> dict[str, int]:
    """Return how many cameras of each site that is heard are ok."""
    return {site["site"]: site["cameras_ok"] for site in heard(city) if site["online"]}


def versions(city: City) -> dict[str, str]:
    """Return by site the version that the collector hears."""
    return {site["site"]: site["version"] for site in heard(city) if site["online"]}


def current(host: Host, program: str = "agent") -> str:
    """Return the version that is installed as the current one."""
    return host.run(f"readlink /opt/pantau/{program}/current")


def upgrade(
    city: City,
    wheel: Path,
    version: str,
    *arguments: str,
    changes: list[Change] | None = None,
    hold_s: int = 10,
    check: bool = True,
) -> Run:
    """Build a version, and run `upgrade.yml` with it."""
    package = f"--extra-vars=pantau_install_package={build(wheel, version, city.folder / 'wheels', changes)}"
    run = city.play("upgrade.yml", WITHIN, HOLDS.format(hold_s), package, *arguments, check=check)
    print(f"upgrade.yml to {version}: {run.seconds:.0f} s, status {run.status}")  # noqa: T201 # with -s
    return run


def fails_and_goes_back(city: City, wheel: Path, version: str, fault: str, why: str, *, hold_s: int = 10) -> None:
    """Upgrade to a broken build of the agent: the first site goes back, and the other is not touched."""
    first, other = (city.hosts[site] for site in SITES)
    before, untouched, was = current(first), started(other, "pantau-agent"), versions(city)
    run = upgrade(city, wheel, version, "--limit=sites", changes=FAULTS[fault], hold_s=hold_s, check=False)
    assert run.status, run.output
    assert why in " ".join(run.output.split()), run.output
    assert (current(first), current(other)) == (before, before)
    assert started(other, "pantau-agent") == untouched, "the roll-out went on"
    assert not first.run("ls /opt/pantau/agent | grep upgrading", check=False)
    until(lambda: versions(city) == was and ok(city) == dict.fromkeys(SITES, 1), 300)


def test_a_second_run_changes_nothing(running: City) -> None:
    run = running.play("site.yml")
    assert run.changed == 0, run.output


def test_a_build_that_sees_no_camera_goes_back_and_no_other_site_is_touched(running: City, wheel: Path) -> None:
    fails_and_goes_back(running, wheel, "0.2.91", "sees no camera", "0 of its 1 cameras are ok, and 1 were before")


def test_a_good_build_goes_everywhere_and_the_former_one_stays_to_go_back_to(running: City, wheel: Path) -> None:
    before = current(running.hosts["nongsa"])
    upgrade(running, wheel, "0.2.92")
    assert versions(running) == dict.fromkeys(SITES, "0.2.92")
    for site in SITES:
        assert current(running.hosts[site]).startswith("0.2.92-")
        assert running.hosts[site].run("readlink /opt/pantau/agent/previous") == before
        assert "pantau-agent 0.2.92" in running.hosts[site].run("pantau-agent --version")
    assert current(running.hosts["control"], "collector").startswith("0.2.92-")


def test_a_further_run_has_nothing_to_do_and_the_other_playbooks_leave_the_version_alone(
    running: City, wheel: Path
) -> None:
    agents = {site: started(running.hosts[site], "pantau-agent") for site in SITES}
    run = upgrade(running, wheel, "0.2.92")
    assert run.changed == 0, run.output
    run = running.play("site.yml")  # whose inventory still has the first version
    assert run.changed == 0, run.output
    assert "stays at it" in run.output
    assert versions(running) == dict.fromkeys(SITES, "0.2.92")
    assert {site: started(running.hosts[site], "pantau-agent") for site in SITES} == agents


@pytest.mark.long
@pytest.mark.parametrize(
    ("version", "fault", "why"),
    [
        ("0.2.93", "is not whole", "planted_and_missing"),
        ("0.2.94", "sees nothing from the beginning", "does not see camera gate"),
    ],
)
def test_a_build_that_fails_its_trial_is_never_switched_to(
    running: City, wheel: Path, version: str, fault: str, why: str
) -> None:
    agents = {site: started(running.hosts[site], "pantau-agent") for site in SITES}
    run = upgrade(running, wheel, version, "--limit=sites", changes=FAULTS[fault], check=False)
    assert run.status, run.output
    assert why in " ".join(run.output.split()), run.output
    assert {site: started(running.hosts[site], "pantau-agent") for site in SITES} == agents


@pytest.mark.long
def test_a_build_that_does_not_start_goes_back(running: City, wheel: Path) -> None:
    fails_and_goes_back(running, wheel, "0.2.95", "does not start", "it does not start")


@pytest.mark.long
def test_a_build_that_dies_after_its_start_goes_back(running: City, wheel: Path) -> None:
    fails_and_goes_back(
        running, wheel, "0.2.96", "dies after 20 s", "it ended by itself and was started again", hold_s=40
    )


@pytest.mark.long
@pytest.mark.parametrize(("version", "fault"), [("0.2.97", "sees no camera"), ("0.2.98", None)])
def test_a_power_cut_in_the_middle_is_made_good_by_the_next_run(
    running: City, wheel: Path, version: str, fault: str | None
) -> None:
    """What runs after the cut is the new version, which nobody has judged yet."""
    host, before = running.hosts["nongsa"], current(running.hosts["nongsa"])
    built = build(wheel, version, running.folder / "wheels", FAULTS[fault] if fault else None)
    package = f"--extra-vars=pantau_install_package={built}"
    arguments = ["upgrade.yml", WITHIN, HOLDS.format(10), package, "--limit=nongsa"]
    with running.begin(*arguments) as run:
        until(lambda: current(host).startswith(f"{version}-"), 300)
        host.cut_power()
        run.communicate(timeout=300)
    assert run.returncode
    host.start()
    assert current(host).startswith(f"{version}-")
    again = running.play(*arguments, check=False)
    assert bool(again.status) == bool(fault), again.output
    assert current(host) == before if fault else current(host).startswith(f"{version}-")
    until(lambda: ok(running).get("nongsa") == 1, 300)


@pytest.mark.long
def test_a_collector_that_dies_goes_back_with_its_store_as_it_was(running: City, wheel: Path) -> None:
    control = running.hosts["control"]
    before, agents = current(control, "collector"), [current(running.hosts[site]) for site in SITES]
    changes = OTHER_TABLES + DIES_AFTER_ITS_START
    run = upgrade(running, wheel, "0.2.99", changes=changes, hold_s=30, check=False)
    assert run.status, run.output
    assert "read again from the journal" in " ".join(run.output.split()), run.output
    assert current(control, "collector") == before
    assert [current(running.hosts[site]) for site in SITES] == agents
    until(lambda: ok(running) == dict.fromkeys(SITES, 1), 300)


@pytest.mark.long
def test_a_downgrade_refuses_a_store_that_it_cannot_read_before_anything_is_switched(
    running: City, wheel: Path
) -> None:
    control = running.hosts["control"]
    upgrade(running, wheel, "0.3.1", "--limit=control_room", changes=OTHER_TABLES)
    newer, runs = current(control, "collector"), started(control, "pantau-collector")
    run = upgrade(running, wheel, "0.2.92", "--limit=control_room", check=False)
    assert run.status, run.output
    assert "its tables are of version" in run.output
    assert (current(control, "collector"), started(control, "pantau-collector")) == (newer, runs)

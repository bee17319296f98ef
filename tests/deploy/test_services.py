"""Test agent and collector as their roles set them up and install them."""

import hashlib
import json
import re
import stat
import subprocess
import tempfile
import tomllib
import urllib.request
from pathlib import Path

import pytest

from tests.deploy.playbook import ROOT, Machine
from tests.deploy.site import CAMERAS, INFLUX_PASSWORDS, SECRETS, STORE_PASSWORD, USERS, Site
from tests.servers.influxdb import Database
from tests.servers.process import until
from tests.servers.programs import require_program
from tests.servers.screen import asked


def test_a_second_run_changes_nothing(site: Site) -> None:
    assert site.first.changed > 5, site.first.output
    for run in (site.second, site.collector_again):
        assert (run.changed, run.failed) == (0, 0), run.output


@pytest.mark.parametrize("lock", ["agent.txt", "collector-postgresql.txt"])
def test_the_locked_versions_are_installed_with_their_hashes(site: Site, lock: str) -> None:
    program = lock.partition("-")[0].removesuffix(".txt")
    assert (site.root / "opt/pantau" / program / "current" / lock).read_bytes() == (
        ROOT / "locks" / lock
    ).read_bytes()
    assert re.search(r"Install the tested versions of what it needs\] \**\s+ok", site.first.output)


def test_a_lock_that_cannot_be_installed_ends_the_run_before_the_program_is_touched(
    tmp_path: Path, wheel: Path
) -> None:
    machine = Machine(
        tmp_path,
        {
            "pantau_install_package": str(wheel),
            "pantau_agent_site_id": "nongsa",
            "pantau_agent_broker_host": "127.0.0.1",
            "pantau_agent_broker_password": "",
            "pantau_agent_cameras": [],
        },
    )
    lock = tmp_path / "agent.txt"
    lock.write_text(f"msgspec==0.0.1 --hash=sha256:{'0' * 64}\n")
    run = machine.play("agent.yml", pantau_install_lock=str(lock))
    assert run.failed == 1
    assert "msgspec==0.0.1" in run.refusals["here"]
    assert not (machine.root / "opt/pantau/agent/current").is_symlink()


def test_the_configuration_says_what_the_inventory_says_and_holds_no_password(site: Site) -> None:
    config = tomllib.loads((site.root / "etc/pantau/agent.toml").read_text())
    expected = [{key: value for key, value in camera.items() if key != "password"} for camera in CAMERAS]
    assert config["camera"] == expected
    assert config["site"] == {"id": "nongsa", "name": "Pelabuhan \\ Nongsa"}
    broker = {"host": "127.0.0.1", "port": site.broker_port, "user": "nongsa", "tls": False}
    assert config["broker"] == broker


def test_passwords_are_in_files_of_root_alone_and_nowhere_else(site: Site) -> None:
    assert {name: file.read_text() for name, file in site.credentials("pantau-agent").items()} == SECRETS
    for file in site.credentials("pantau-agent").values():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    for file in (site.root / "etc").rglob("*"):
        if file.is_file() and file not in site.credentials("pantau-agent").values():
            assert not [secret for secret in SECRETS.values() if secret in file.read_text()], file
    assert not [secret for secret in SECRETS.values() if secret in site.first.output + site.second.output]


def test_what_may_hold_a_secret_of_the_collectors_is_not_for_everyone(site: Site) -> None:
    files = [file for file in site.credentials("pantau-collector").values() if file.exists()]
    assert [(file.name, file.read_text()) for file in files] == [
        ("pantau-collector.broker", USERS["pantau-collector"]),
        ("pantau-collector.influx", INFLUX_PASSWORDS["pantau"]),
        ("pantau-collector.store", STORE_PASSWORD),
    ]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE((site.root / "etc/pantau/collector.toml").stat().st_mode) == 0o640


def test_influxdb_is_set_up_where_it_is_asked_for_once_and_the_administrators_secret_does_not_stay(
    site: Site, influxdb: Database, tmp_path: Path
) -> None:
    config = tmp_path / "collector.toml"
    plain = Path(site.machine.variables["pantau_collector_config"])
    influx = f"[influx]\nversion = 1\nurl = '{influxdb.url}'\ndatabase = '{influxdb.name}'\n"
    config.write_text(plain.read_text() + influx)
    changes = {
        "pantau_collector_config": str(config),
        "pantau_collector_init_influx": True,
        "pantau_collector_influx_admin": "admin",
        "pantau_collector_influx_admin_secret": "rahasia e",
    }
    before = set(Path(tempfile.gettempdir()).glob("pantau-*"))
    try:
        first = site.machine.play("collector.yml", "--tags=configuration", **changes)
        again = site.machine.play("collector.yml", "--tags=configuration", **changes)
    finally:
        site.machine.play("collector.yml", "--tags=configuration")
    assert (first.failed, again.failed, again.changed) == (0, 0, 0), first.output + again.output
    policies = influxdb.query(f'SHOW RETENTION POLICIES ON "{influxdb.name}"')
    assert {"long"} < {row["name"] for row in policies}
    assert "rahasia e" not in first.output
    assert not [
        path
        for path in set(Path(tempfile.gettempdir()).glob("pantau-*")) - before
        if path.is_file() and "rahasia e" in path.read_text(errors="replace")
    ]


@pytest.mark.parametrize("unit", ["pantau-agent", "pantau-collector"])
def test_systemd_takes_the_installed_unit_with_its_settings(site: Site, unit: str) -> None:
    command = [require_program("systemd-analyze"), "verify", "--man=no", f"--root={site.root}", f"{unit}.service"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")


def test_the_installed_services_start_as_their_units_say_and_what_the_agent_sees_reaches_the_wall(
    broker: Site, tmp_path: Path
) -> None:
    with broker.started("pantau-collector", tmp_path / "collector") as of_collector:
        with broker.started("pantau-agent", tmp_path / "agent") as of_agent:
            assert until(lambda: _refused(broker) == {"gate", "quay"}, within_s=120, every_s=0.1)
        logs = of_agent.read_text() + of_collector.read_text()
    assert list(broker.state("pantau-agent").glob("*.sqlite"))
    assert not [secret for secret in (*SECRETS.values(), *USERS.values()) if secret in logs]


def _refused(site: Site) -> set[str]:
    """Return the cameras on the wall whose cause is `refused`."""
    with urllib.request.urlopen(asked(f"http://127.0.0.1:{site.web_port}/api/city"), timeout=60) as answer:
        city = json.load(answer)
    cameras = [camera for site in city["sites"] for camera in site["cameras"]]
    return {camera["id"] for camera in cameras if camera["cause"] == "refused"}


def test_a_wrong_value_is_told_and_leaves_the_running_configuration(site: Site) -> None:
    config = site.root / "etc/pantau/agent.toml"
    before = config.read_bytes()
    wrong = [{"id": "gate", "vendor": "hikvison", "host": "10.0.0.1"}]
    run = site.machine.play("agent.yml", "--tags=configuration", pantau_agent_cameras=wrong)
    assert run.failed == 1
    assert "Did you mean hikvision?" in run.output
    assert config.read_bytes() == before


def test_a_camera_that_is_taken_out_takes_its_password_along_and_a_changed_wheel_is_installed(site: Site) -> None:
    with site.wheel.open("ab") as file:  # a zip file may be followed by anything
        file.write(b"\n")
    run = site.machine.play("agent.yml", pantau_agent_cameras=CAMERAS[1:])
    assert run.failed == 0, run.output
    assert set(site.credentials("pantau-agent")) == {"broker", "camera-quay"}
    remaining = {file.name for file in (site.root / "etc/credstore").glob("pantau-agent.*")}
    assert remaining == {"pantau-agent.broker", "pantau-agent.camera-quay"}
    assert re.search(r"pantau_install : Install\] \**\s+changed", run.output)
    digest = hashlib.sha256(site.wheel.read_bytes()).hexdigest()
    assert digest in (site.root / "opt/pantau/agent/current/complete").read_text(), (
        "which the running one is compared with"
    )

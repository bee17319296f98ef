"""The agent as its role sets it up, started from where the role put it, with the broker as its role sets it up."""

import os
import re
import shlex
import socket
import stat
import subprocess
import time
import tomllib
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from pantau_contract import wire
from pantau_contract.messages import Telemetry
from pantau_contract.topics import parse_topic
from tests.deploy.playbook import give_targets
from tests.deploy.site import CAMERAS, SECRETS, USERS, Site
from tests.servers.programs import need


def test_a_second_run_changes_nothing(site: Site) -> None:
    assert site.first.changed > 5, site.first.output
    assert (site.second.changed, site.second.failed) == (0, 0), site.second.output


def test_the_configuration_says_what_the_inventory_says_and_holds_no_password(site: Site) -> None:
    config = tomllib.loads((site.root / "etc/pantau/agent.toml").read_text())
    wanted = [{key: value for key, value in camera.items() if key != "password"} for camera in CAMERAS]
    assert config["camera"] == wanted
    assert config["site"] == {"id": "nongsa", "name": "Pelabuhan \\ Nongsa"}
    broker = {"host": "127.0.0.1", "port": site.broker_port, "user": "nongsa", "tls": False}
    assert config["broker"] == broker


def test_passwords_are_in_files_of_root_alone_and_nowhere_else(site: Site) -> None:
    assert {name: file.read_text() for name, file in site.credentials().items()} == SECRETS
    for file in site.credentials().values():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    for file in (site.root / "etc").rglob("*"):
        if file.is_file() and file not in site.credentials().values():
            assert not [secret for secret in SECRETS.values() if secret in file.read_text()], file
    assert not [secret for secret in SECRETS.values() if secret in site.first.output + site.second.output]


def test_systemd_takes_the_unit_with_its_settings(site: Site) -> None:
    give_targets(site.root)
    (site.root / "opt/pantau/bin/python3").chmod(0o755)
    command = [need("systemd-analyze"), "verify", "--man=no", f"--root={site.root}", "pantau-agent.service"]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (said.returncode, said.stderr) == (0, "")


@pytest.mark.usefixtures("broker")
def test_the_installed_agent_starts_as_its_unit_says_and_reports(site: Site, tmp_path: Path) -> None:
    settings = dict(site.settings())
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    for name, file in site.credentials().items():
        (credentials / name).write_bytes(file.read_bytes())
    state = site.root / "var/lib" / settings["StateDirectory"]
    state.mkdir(parents=True)
    program, *arguments = shlex.split(settings["ExecStart"])
    arguments = [f"{site.root}{argument}" if argument.startswith("/") else argument for argument in arguments]
    reports: list[Telemetry] = []
    listener = _listen(site.broker_port, reports)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifications:
        notifications.bind(str(tmp_path / "notify"))
        notifications.settimeout(60)
        environment = {
            "PATH": os.defpath,
            "NOTIFY_SOCKET": str(tmp_path / "notify"),
            "WATCHDOG_USEC": "2000000",
            "CREDENTIALS_DIRECTORY": str(credentials),
            "STATE_DIRECTORY": str(state),
        }
        with (tmp_path / "log").open("wb") as log:
            agent = subprocess.Popen(
                [f"{site.root}{program}", *arguments], env=environment, stdout=log, stderr=log
            )
        try:
            said = b""
            while b"READY=1" not in said or b"WATCHDOG=1" not in said:
                said += notifications.recv(4096) + b"\n"
            _until(lambda: len(reports) >= 3)
            assert agent.poll() is None, (tmp_path / "log").read_text()
        finally:
            agent.terminate()
            stopped = agent.wait(30)
            listener.disconnect()
            listener.loop_stop()
    assert stopped == 0, (tmp_path / "log").read_text()
    assert {sample.camera: str(sample.cause) for sample in reports[-1].samples if sample.camera != "off"} == {
        "gate": "refused",
        "quay": "refused",
    }
    assert list(state.glob("*.sqlite"))
    assert not [secret for secret in SECRETS.values() if secret in (tmp_path / "log").read_text()]


def _listen(port: int, reports: list[Telemetry]) -> mqtt.Client:
    def on_connect(*_: Any) -> None:
        client.subscribe("pantau/v1/#", qos=1)

    def on_message(_client: Any, _data: Any, message: mqtt.MQTTMessage) -> None:
        topic = parse_topic(message.topic)
        if topic.kind == "telemetry":
            decoded = wire.decode(topic, bytes(message.payload))
            assert isinstance(decoded, Telemetry)
            reports.append(decoded)

    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.username_pw_set("pantau-collector", USERS["pantau-collector"])
    client.on_connect = on_connect
    client.on_message = on_message
    client.connect("127.0.0.1", port)
    client.loop_start()
    return client


def _until(true: Any, within_s: float = 60) -> None:
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


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
    assert "Restart the agent" in run.output
    assert set(site.credentials()) == {"broker", "camera-quay"}
    kept = {file.name for file in (site.root / "etc/credstore").iterdir()}
    assert kept == {"pantau-agent.broker", "pantau-agent.camera-quay"}
    assert re.search(r"Install a changed wheel of the same version\] \**\s+changed", run.output)

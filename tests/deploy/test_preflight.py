"""Test what the roles refuse before they change anything, and the remedy that they print."""

from pathlib import Path
from typing import Any

import pytest

from tests.deploy.playbook import Machine, Run

GOOD = '{"version": "3.11.2", "bits": 64, "machine": "aarch64"}'
CAMERA: dict[str, Any] = {"id": "gate", "url": "rtsp://10.0.0.1/x", "user": "u", "password": "rahasia camera"}
IN_PATH = "rtsp://10.0.0.1/user=u_password=rahasia_channel=1_stream=0.sdp"

REFUSED = {
    "a-name-for-an-index": ("must be the path of a wheel (pantau==0.2.0)", "make wheel", "SHA256SUMS"),
    "no-wheel": ("must be the path of a wheel (it is not set)",),
    "no-lock": ("pantau_install_lock pins by their hashes",),
    "a-32-bit-system": ("32-bit system (aarch64)", "Write the 64-bit Raspberry Pi OS"),
    "an-old-python": ("Python 3.9.2", "3.11 is the oldest", "Upgrade it to Debian 12"),
    "no-python": ("/nowhere/python3 does not run on no-python", "apt install python3"),
    "a-clock-that-nobody-keeps": ("Nothing keeps the clock", "timedatectl set-ntp true"),
    "an-id-that-is-none": ("Not an id: Gate 1.", "lower-case"),
    "an-id-twice": ("Two cameras of an-id-twice have the same id",),
    "a-password-in-a-url": ("A password stands in the url of gate",),
    "a-password-in-a-path": ("A password stands in the url of gate",),
    "a-password-read-as-a-number": ("The password of gate is not text", "Put it in quotes"),
    "an-unknown-stream": ("stream must be one of: main, sub",),
    "an-unknown-key": ("chanel",),
    "an-unknown-picture-fault": ("report_only must be one or more of", "defocussed"),
}


def program(folder: Path, name: str, output: str) -> str:
    """Write a program that prints one line, and return its path."""
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\necho '{output}'\n")
    file.chmod(0o755)
    return str(file)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """Return a machine with one camera and a valid configuration."""
    return Machine(
        tmp_path_factory.mktemp("machine"),
        {
            "pantau_install_package": "pantau-0.2.0-py3-none-any.whl",
            "pantau_agent_site_id": "nongsa",
            "pantau_agent_broker_host": "broker",
            "pantau_agent_broker_password": "rahasia broker",
            "pantau_agent_cameras": [CAMERA],
        },
    )


@pytest.fixture(scope="module")
def run(machine: Machine, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run the playbook once, on one host for each thing that can be wrong."""
    folder = tmp_path_factory.mktemp("programs")
    program(folder / "bin", "timedatectl", "NTP=no\nNTPSynchronized=no")

    def cameras(**changes: Any) -> dict[str, Any]:
        return {"pantau_agent_cameras": [CAMERA | changes]}

    hosts: dict[str, dict[str, Any]] = {
        "a-name-for-an-index": {"pantau_install_package": "pantau==0.2.0"},
        "no-wheel": {"pantau_install_package": ""},
        "no-lock": {"pantau_install_lock": ""},
        "a-32-bit-system": {"pantau_install_python": program(folder, "32", GOOD.replace("64,", "32,"))},
        "an-old-python": {"pantau_install_python": program(folder, "old", GOOD.replace("3.11", "3.9"))},
        "no-python": {"pantau_install_python": "/nowhere/python3"},
        "a-clock-that-nobody-keeps": {"pantau_install_check_time": True},
        "an-id-that-is-none": cameras(id="Gate 1"),
        "an-id-twice": {"pantau_agent_cameras": [CAMERA, CAMERA]},
        "a-password-in-a-url": cameras(url="rtsp://u:rahasia@10.0.0.1/x"),
        "a-password-in-a-path": cameras(url=IN_PATH),
        "a-password-read-as-a-number": cameras(password=83),
        "an-unknown-stream": cameras(stream="third"),
        "an-unknown-key": cameras(chanel=1),
        "an-unknown-picture-fault": cameras(picture={"report_only": ["defocussed"]}),
    }
    return machine.play_on(hosts, "agent.yml", path=f"{folder}/bin:/usr/sbin:/usr/bin:/sbin:/bin")


@pytest.mark.parametrize(("host", "texts"), REFUSED.items(), ids=REFUSED)
def test_what_cannot_work_is_refused_with_the_way_out(run: Run, host: str, texts: tuple[str, ...]) -> None:
    assert not [text for text in texts if text not in run.refusals[host]], run.refusals[host]


def test_an_old_systemd_is_refused_with_the_way_out(machine: Machine, tmp_path: Path) -> None:
    program(tmp_path / "bin", "systemctl", "systemd 247 (247.3-7)")
    run = machine.play_on({"old": {}}, "agent.yml", path=f"{tmp_path}/bin:/usr/sbin:/usr/bin:/sbin:/bin")
    assert "old has no systemd of version 252 or later (found: systemd 247" in run.refusals["old"]


def test_nothing_is_changed_and_no_password_shown_by_a_refusal(machine: Machine, run: Run) -> None:
    assert (run.changed, run.failed) == (0, len(REFUSED)), run.output
    assert not list(machine.root.iterdir())
    assert "rahasia" not in run.output

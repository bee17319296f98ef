"""`pantau-agent discover` against ipycam, which nobody here wrote, in a network of its own.

ipycam binds every address and multicasts, so it gets a network namespace.
"""

import json
import os
import pty
import subprocess
import sys
import termios
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pantau_agent.config import load
from tests.agent.discovery.networks import Network, network
from tests.servers.process import until

USER, PASSWORD = "operator", "pass & word"
STARTS_WITHIN_S = 60


class Camera(NamedTuple):
    """The network it is in, and its working directory."""

    network: Network
    folder: Path


@pytest.fixture(scope="module")
def ipycam(tmp_path_factory: pytest.TempPathFactory, peers: Path) -> Iterator[Camera]:
    folder = tmp_path_factory.mktemp("ipycam")
    with network() as made, (folder / "log").open("wb") as log:
        serve = [sys.executable, str(Path(__file__).with_name("serve_ipycam.py")), made.their_address]
        process = subprocess.Popen(
            made.inside(made.there, *serve, USER, PASSWORD),
            env=os.environ | {"PYTHONPATH": str(peers)},
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        camera = Camera(made, folder)
        try:
            until(lambda: discover(camera, "--wait", "0.3").returncode == 0, within_s=STARTS_WITHIN_S)
            yield camera
        finally:
            process.kill()
            process.wait()


def discover(camera: Camera, *arguments: str, password: str = PASSWORD) -> subprocess.CompletedProcess[str]:
    made = camera.network
    command = [sys.executable, "-m", "pantau_agent", "discover", "--language", "en", *arguments]
    return subprocess.run(
        made.inside(made.here, *command),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=os.environ | {"PANTAU_CAMERA_PASSWORD": password},
    )


def discover_patiently(
    camera: Camera, *arguments: str, password: str = PASSWORD
) -> subprocess.CompletedProcess[str]:
    """Search until something is found, and longer on a busy machine."""
    for wait_s in ("0.6", "3", "10"):
        done = discover(camera, "--wait", wait_s, "--user", USER, *arguments, password=password)
        if done.returncode == 0:
            break
    return done


def parsed(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    """Return what was printed as JSON."""
    report: list[dict[str, Any]] = json.loads(done.stdout)
    assert done.returncode == (0 if report else 1), done.stderr
    return report


def test_a_camera_is_found_by_multicast_and_tells_model_firmware_and_both_streams(ipycam: Camera) -> None:
    (report,) = parsed(discover_patiently(ipycam, "--json"))
    address = ipycam.network.their_address
    assert (report["host"], report["manufacturer"], report["model"]) == (address, "Maker <&>", "Model 7")
    assert (report["firmware"], report["problem"], report["vendor"]) == ("1.2.3", "", None)
    (channel,) = report["channels"]
    assert channel["main"]["url"].startswith(f"rtsp://{address}:8554/")
    assert channel["sub"]["url"].startswith(f"rtsp://{address}:8554/")
    assert channel["main"]["width"] > channel["sub"]["width"]
    # GetSnapshotUri's address gives a picture
    fetch = (
        f"import urllib.request as u;print(u.urlopen(u.Request({channel['still']!r}, headers={{'Authorization':"
    )
    fetch += "'Basic b3BlcmF0b3I6cGFzcyAmIHdvcmQ='})).headers['Content-Type'])"
    made = ipycam.network
    got = subprocess.run(
        made.inside(made.here, sys.executable, "-I", "-S", "-c", fetch),
        capture_output=True,
        text=True,
        check=False,
    )
    assert got.stdout.strip() == "image/jpeg", got.stderr


def test_the_proposed_block_is_toml_that_the_agent_takes(ipycam: Camera, tmp_path: Path) -> None:
    done = discover_patiently(ipycam)
    assert PASSWORD not in done.stdout + done.stderr
    (camera,) = tomllib.loads(done.stdout)["camera"]
    assert camera["url"].startswith(f"rtsp://{ipycam.network.their_address}:8554/")
    assert camera["user"] == USER
    config = tmp_path / "agent.toml"
    config.write_text(f'[site]\nid = "a"\n[broker]\nhost = "b"\n{done.stdout}')
    (loaded,) = load(config).camera
    assert loaded.url == camera["url"]


def test_a_wrong_password_is_said_and_the_camera_is_still_proposed(ipycam: Camera) -> None:
    (report,) = parsed(discover_patiently(ipycam, "--json", password="wrong"))
    assert "user and password that are given" in report["problem"]
    assert report["channels"] == []


def test_where_multicast_does_not_reach_a_scan_finds_it(ipycam: Camera) -> None:
    subnet = f"{ipycam.network.their_address}/29"
    done = discover(ipycam, "--interface", "cable", "--wait", "0.1", "--subnet", subnet, "--json", "--user", USER)
    assert [one["model"] for one in json.loads(done.stdout)] == ["Model 7"]


def test_with_ask_each_each_host_is_asked_for_at_the_terminal_once_and_not_shown(ipycam: Camera) -> None:
    made = ipycam.network
    arguments = ["--wait", "3", "--user", USER, "--ask-each", "--language", "en"]
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        made.inside(made.here, sys.executable, "-m", "pantau_agent", "discover", *arguments),
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,  # otherwise it would prompt at the terminal of whoever runs the tests
    )
    assert process.stderr is not None
    report = b""
    while not report.endswith(b": "):
        report += os.read(process.stderr.fileno(), 1)
    assert f"Password of {USER} at {made.their_address}" in report.decode()
    until(lambda: not termios.tcgetattr(theirs)[3] & termios.ECHO, within_s=STARTS_WITHIN_S)
    os.write(ours, f"{PASSWORD}\n".encode())
    out, err = process.communicate(timeout=120)
    os.close(theirs)
    os.set_blocking(ours, False)
    try:
        echoed = os.read(ours, 1 << 12)
    except OSError:
        echoed = b""
    os.close(ours)
    assert b"Model 7" in out
    assert b"Password" not in err
    assert PASSWORD.encode() not in out + err + echoed


def test_without_a_terminal_ask_each_is_wrong_usage(ipycam: Camera) -> None:
    done = discover(ipycam, "--user", USER, "--ask-each")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--ask-each" in done.stderr

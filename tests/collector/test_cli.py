import contextlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from paho.mqtt import publish as paho

from pantau_collector.journal import JournalReader, Record
from pantau_collector.own_records import is_own
from pantau_collector.store import Store
from pantau_collector.store.schema import VERSION
from tests.servers.mosquitto import Mosquitto
from tests.servers.process import Server, free_port, is_listening, until
from tests.servers.screen import WEB, asked


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "pantau_collector", *map(str, arguments)]


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), capture_output=True, text=True, timeout=120, check=False)


def write(folder: Path, **settings: object) -> Path:
    path = folder / "collector.toml"
    path.write_text(tomli_w.dumps({"data_dir": str(folder / "data"), **settings}))
    return path


@pytest.mark.parametrize("what", ["run", "check"])
def test_every_wrong_key_is_told_and_nothing_is_started(tmp_path: Path, what: str) -> None:
    config = write(tmp_path, web={"prot": 8080}, influx={"version": 1, "url": "nonsense"})
    done = run(what, "--config", config)
    assert done.returncode == 2
    assert f"{config}: web.prot: there is no such key; did you mean `port`?" in done.stderr
    assert f"{config}: influx.url: expected an address" in done.stderr
    assert not (tmp_path / "data").exists()


def test_a_wrong_inventory_is_told(tmp_path: Path) -> None:
    (tmp_path / "inventory.toml").write_text('[[camera]]\nsite = "kabil"\nid = "gate"\n')
    done = run("check", "--config", write(tmp_path, inventory="inventory.toml"))
    assert done.returncode == 2
    assert "camera[1].site: there is no site `kabil`; there are none" in done.stderr


def test_check_counts_what_there_is(tmp_path: Path) -> None:
    (tmp_path / "inventory.toml").write_text('[[site]]\nid = "kabil"\n[[camera]]\nsite = "kabil"\nid = "gate"\n')
    done = run("check", "--config", write(tmp_path, inventory="inventory.toml"), "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout) == {
        "sites": 1,
        "cameras": 1,
        "owners": 0,
        "maintainers": 0,
        "projects": 0,
        "contracts": 0,
        "recipients": 0,
        "warnings": [],
        "store": None,
    }


def test_check_tells_the_version_of_the_state_and_refuses_one_that_is_not_known_and_changes_nothing(
    tmp_path: Path,
) -> None:
    config = write(tmp_path)
    path = tmp_path / "data" / "collector.sqlite"
    Store.at(path).close()

    def check_with(version: str) -> subprocess.CompletedProcess[str]:
        with contextlib.closing(sqlite3.connect(path)) as database, database:
            database.execute("UPDATE about SET value = ? WHERE key = 'version'", [version])
        before = path.read_bytes()
        done = run("check", "--config", config, "--json")
        assert path.read_bytes() == before
        return done

    done = check_with(str(VERSION))
    assert json.loads(done.stdout)["store"] == {"in_file": True, "version": str(VERSION), "is_upgraded": False}
    assert json.loads(check_with("1").stdout)["store"]["is_upgraded"], "an earlier program could not read it then"
    done = check_with(str(VERSION + 1))
    assert done.returncode == 2
    assert f"tables are of version {VERSION + 1}, and this program knows {VERSION}" in done.stderr


def test_a_taken_port_is_told(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = run("run", "--config", write(tmp_path, web={"port": port}))
    assert done.returncode == 1
    assert f"web.port: 127.0.0.1:{port} cannot be listened on" in done.stderr


def test_a_second_collector_on_the_same_journal_is_told(tmp_path: Path) -> None:
    wall = free_port()
    config = write(tmp_path, web={"port": wall}, broker={"port": free_port()})
    first = Server(command("run", "--config", config), ready=lambda: is_listening(wall), log=tmp_path / "log")
    with first:
        done = run("run", "--config", write(tmp_path, web={"port": free_port()}))
    assert done.returncode == 1
    assert "another process writes this journal" in done.stderr


def test_it_tells_systemd_that_it_is_ready_alive_and_stopping(tmp_path: Path, mosquitto: Mosquitto) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(60)
        config = write(tmp_path, web={"port": free_port()}, broker={"port": mosquitto.port})
        with (tmp_path / "log").open("wb") as log:
            process = subprocess.Popen(
                command("run", "--config", config),
                stdout=log,
                stderr=log,
                env=os.environ | {"NOTIFY_SOCKET": str(tmp_path / "notify")},
            )
        told = manager.recv(4096)
        assert told.startswith(b"READY=1")
        while b"WATCHDOG=1" not in told:
            told = manager.recv(4096)
        process.send_signal(signal.SIGTERM)
        while not told.startswith(b"STOPPING=1"):
            told = manager.recv(4096)
        assert process.wait(60) == 0


def test_what_breaks_the_contract_is_set_aside_and_the_rest_goes_on(tmp_path: Path, mosquitto: Mosquitto) -> None:
    wall = free_port()
    config = write(tmp_path, web={"port": wall}, broker={"port": mosquitto.port})
    with Server(command("run", "--config", config), ready=lambda: is_listening(wall), log=tmp_path / "log"):
        assert until(lambda: "connected to the broker" in (tmp_path / "log").read_text())
        birth = {"status": "online", "boot": "b", "session": 1, "time": 1, "version": "0", "interval_s": 30}
        publish(mosquitto.port, "pantau/v1/kabil/agent", b"not json")
        publish(mosquitto.port, "pantau/v1/kabil/agent", json.dumps(birth | {"site": "nongsa"}).encode())
        publish(mosquitto.port, "pantau/v1/kabil/agent", json.dumps(birth | {"site": "kabil"}).encode())
        assert until(lambda: [record.topic for record in journaled(tmp_path)] == ["pantau/v1/kabil/agent"])
        assert until(lambda: len(dead_letters(tmp_path / "data")) == 2)
        letters = dead_letters(tmp_path / "data")
    assert [letter["topic"] for letter in letters] == ["pantau/v1/kabil/agent"] * 2
    assert "malformed" in letters[0]["reason"]
    assert "'nongsa', is not the topic's, 'kabil'" in letters[1]["reason"]


@pytest.mark.parametrize(("grace_s", "attentive"), [(86_400, False), (0, True)])
def test_it_tells_whether_it_would_open_an_outage_now(
    tmp_path: Path, mosquitto: Mosquitto, grace_s: int, attentive: bool
) -> None:
    wall = free_port()
    rules = {"restart_grace_s": grace_s}
    config = write(tmp_path, web={"port": wall, **WEB}, broker={"port": mosquitto.port}, incidents=rules)

    def health() -> dict[str, object] | None:
        address = f"http://127.0.0.1:{wall}/healthz"
        until_connected = contextlib.suppress(urllib.error.HTTPError)  # 503 up to then
        with until_connected, urllib.request.urlopen(asked(address), timeout=60) as answer:
            said: dict[str, object] = json.loads(answer.read())
            return said
        return None

    with Server(command("run", "--config", config), ready=lambda: is_listening(wall), log=tmp_path / "log"):
        assert until(lambda: (said := health()) is not None and said["attentive"] is attentive)


def journaled(folder: Path) -> list[Record]:
    """Return the journaled messages of the broker, without the collector's own records."""
    records, _ = JournalReader(folder / "data" / "journal").read(0, 10)
    return [record for record in records if not is_own(record)]


def dead_letters(data: Path) -> list[dict[str, Any]]:
    """Return the dead letters of broker messages; they are written after the journal."""
    path = data / "dead-letters/messages.jsonl"
    lines = path.read_text().splitlines(keepends=True) if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith("\n")]


def publish(port: int, topic: str, payload: bytes) -> None:
    paho.single(topic, payload, qos=1, port=port)

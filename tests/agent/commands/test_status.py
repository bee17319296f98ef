"""`pantau-agent status`: a real agent, a real broker, and a collector's receipts by hand."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pantau_agent.cli import app
from pantau_agent.commands.status import _problems
from pantau_agent.reporting.running_status import RunningStatus
from pantau_contract.messages import BatchRange, Receipt
from pantau_contract.topics import Topic, TopicKind
from pantau_contract.wire import encode
from tests.agent.listener import listening
from tests.servers.mosquitto import Mosquitto
from tests.servers.process import free_port, until

NOW_MS = 1_790_000_000_000


def agent_command(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "pantau_agent", *arguments, "--config", str(folder / "agent.toml")],
        env=os.environ | {"RUNTIME_DIRECTORY": str(folder / "run"), "LANG": "C", "LC_ALL": "C"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def status(folder: Path) -> tuple[int, dict[str, Any]]:
    environment = {"RUNTIME_DIRECTORY": str(folder / "run")}
    done = CliRunner().invoke(app, ["status", "--json", "--config", str(folder / "agent.toml")], env=environment)
    return done.exit_code, json.loads(done.stdout)


@contextmanager
def running(folder: Path) -> Iterator[subprocess.Popen[str]]:
    process = agent_command(folder, "run")
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


@pytest.fixture
def site(tmp_path: Path, mosquitto: Mosquitto) -> Path:
    (tmp_path / "run").mkdir()
    (tmp_path / "password").write_text("satu")
    (tmp_path / "password").chmod(0o600)
    (tmp_path / "agent.toml").write_text(
        f'[site]\nid = "north"\n[broker]\nhost = "127.0.0.1"\nport = {mosquitto.port}\nuser = "north"\n'
        'password_file = "password"\n[report]\ninterval_s = 0.5\n[spool]\npath = "spool.sqlite"\n'
        f'[[camera]]\nid = "gate"\nurl = "rtsp://127.0.0.1:{free_port()}/x"\n'
    )
    return tmp_path


def test_it_tells_whether_what_runs_is_what_is_written_and_is_heard(site: Path, mosquitto: Mosquitto) -> None:
    code, told = status(site)
    assert (code, told["problems"]) == (1, ["not_running"])
    with listening(mosquitto.port) as listener, running(site):
        assert until(lambda: bool(listener.telemetry()))
        boot = listener.telemetry()[0].boot
        listener.publish(Topic("north", TopicKind.ACK), encode(Receipt("north", (BatchRange(boot, 0, 0),))))
        assert until(lambda: status(site)[1].get("heard_s_ago") is not None)
        assert until(lambda: status(site)[1]["cameras"][0]["cause"] == "refused")
        code, told = status(site)
        assert (code, told["problems"], told["connected"]) == (0, [], True)
        assert told["configuration"] == told["written"]
        assert {birth.configuration for birth in listener.agents()} == {told["written"]}  # type: ignore[union-attr]
        (site / "password").write_text("dua")
        code, told = status(site)
        assert (code, told["problems"]) == (1, ["other_files"])
        assert told["changed_since_start"] == [str(site / "password")]
        text = (site / "agent.toml").read_text()
        (site / "agent.toml").write_text(text.replace('"gate"', '"pole"'))
        assert status(site)[1]["problems"] == ["other_configuration", "other_files"]
        mosquitto.stop()
        assert until(lambda: "no_broker" in status(site)[1]["problems"])


def test_without_json_it_is_said_in_words_without_secrets(site: Path) -> None:
    with running(site):
        assert until(lambda: status(site)[1]["problems"] == [])
        out, _ = agent_command(site, "status", "--language", "id").communicate(timeout=60)
    assert "Yang berjalan sama dengan yang tertulis." in out
    assert "gate" in out
    assert "satu" not in out


@pytest.mark.parametrize(
    ("silent_s", "receipt_s", "expected"),
    [(119, 119, []), (121, 0, ["hangs"]), (0, 121, ["not_heard"]), (0, None, [])],
)
def test_what_is_late_is_told(silent_s: int, receipt_s: int | None, expected: list[str]) -> None:
    """The limit is two intervals and a minute."""
    running = RunningStatus(
        site="north",
        version="1",
        pid=1,
        started_ms=0,
        time_ms=NOW_MS - silent_s * 1000,
        interval_s=30,
        configuration="a",
        connected=True,
        link="",
        receipt_ms=None if receipt_s is None else NOW_MS - receipt_s * 1000,
        spool_batches=0,
        spool_mb=0,
        dropped=0,
        clock_synchronised=True,
    )
    assert _problems(running, "a", [], NOW_MS) == expected

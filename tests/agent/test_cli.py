import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pantau_agent.cli import app
from pantau_agent.clock import SystemClock
from pantau_agent.config import load
from pantau_agent.configuration_digest import configuration_digest
from pantau_agent.spool import Spool

GOOD = (
    '[site]\nid = "north"\n[broker]\nhost = "127.0.0.1"\n'
    '[[camera]]\nid = "gate"\nname = "Gate"\nurl = "rtsp://op:hunter2@10.0.0.1/live"\n'
)


def agent(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pantau_agent", *arguments], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "agent.toml"
    path.write_text(f"{GOOD}[spool]\npath = 'spool.sqlite'\n")
    path.chmod(0o600)
    return path


def test_check_prints_what_was_understood_without_passwords(config: Path) -> None:
    done = agent("check", "--config", str(config), "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout) == {
        "site": "north",
        "configuration": configuration_digest(load(config)),
        "broker": "127.0.0.1:1883",
        "cameras": [
            {
                "id": "gate",
                "name": "Gate",
                "url": "rtsp://10.0.0.1/live",
                "user": "op",
                "password_set": True,
                "mode": "watch",
                "enabled": True,
            }
        ],
    }
    table = agent("check", "--config", str(config))
    assert "rtsp://10.0.0.1/live" in table.stdout
    assert "hunter2" not in table.stdout + table.stderr + done.stdout


@pytest.mark.parametrize("command", ["run", "check"])
def test_a_wrong_configuration_is_named_with_exit_code_2_and_nothing_is_started(
    config: Path, command: str
) -> None:
    config.write_text(GOOD.replace("host", "hots") + "timeout_s = 0\n")
    done = agent(command, "--config", str(config))
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        f"{config}: broker.host: expected a value, and there is none",
        f"{config}: broker.hots: there is no such key; did you mean `host`?",
        f"{config}: camera[1].timeout_s: expected greater than 0, got 0 (camera 'gate')",
    ]
    assert not (config.parent / "spool.sqlite").exists()


async def test_a_spool_in_use_is_told_with_exit_code_1(config: Path) -> None:
    path = config.parent / "spool.sqlite"
    spool = await Spool.open(path, max_bytes=1e9, max_age_s=1e6, machine_boot="b", clock=SystemClock())
    done = await asyncio.to_thread(agent, "run", "--config", str(config))
    await spool.close()
    assert done.returncode == 1
    assert "another pantau-agent runs with this spool" in done.stderr


@pytest.mark.parametrize("command", ["run", "check", "discover", "doctor", "probe", "status"])
def test_every_command_explains_itself_with_an_example(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert "Example" in result.output
    assert f"pantau-agent {command}" in result.output

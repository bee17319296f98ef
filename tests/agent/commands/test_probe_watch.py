"""`pantau-agent probe --watch`: live on a terminal, lines elsewhere, and a TEARDOWN at its end."""

import asyncio
import json
import os
import pty
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from pantau_contract.states import State
from pantau_contract.words import words
from tests.agent.commands.probe_process import start_probe
from tests.agent.eventually import eventually
from tests.agent.rtsp.scripted import Camera, footage, saying, serving

WITHIN_S = 60


class Terminal:
    """A terminal of 100 columns; `shown` is everything that was written to it."""

    def __init__(self) -> None:
        self._ours, self.theirs = pty.openpty()
        self.shown = ""
        os.set_blocking(self._ours, False)

    def read(self) -> str:
        """Return everything that has been written so far."""
        try:
            while piece := os.read(self._ours, 1 << 16):
                self.shown += piece.decode("utf-8", "replace")
        except (BlockingIOError, OSError):
            pass
        return self.shown

    def close(self) -> None:
        """Close both ends."""
        os.close(self._ours)
        os.close(self.theirs)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    for name, value in {"TERM": "xterm-256color", "COLUMNS": "100", "LINES": "40"}.items():
        monkeypatch.setenv(name, value)
    made = Terminal()
    yield made
    made.close()


def users_of(pid: int) -> list[str]:
    """Return the real, effective, saved and file-system user of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(line.split()[1:] for line in status.splitlines() if line.startswith("Uid:"))


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
async def test_a_terminal_shows_it_live_until_interrupted(terminal: Terminal, end: signal.Signals) -> None:
    async with serving(Camera(media=footage())) as camera:
        process = await start_probe(camera.url, "--watch", out=terminal.theirs)
        assert await eventually(lambda: "kbit/s" in terminal.read() and "█" in terminal.read(), within_s=WITHIN_S)
        judged = [words("en").state(state) for state in (State.OK, State.DEGRADED, State.IMPAIRED)]
        assert await eventually(lambda: any(state in terminal.read() for state in judged), within_s=WITHIN_S)
        assert "Ctrl-C" in terminal.shown
        process.send_signal(end)
        _, err = await asyncio.wait_for(process.communicate(), WITHIN_S)
        assert await eventually(lambda: camera.methods()[-1] == "TEARDOWN")
        assert camera.connections == 1
    assert process.returncode in {0, 1}, err  # on a busy machine it may be slow
    assert err == b""


HOSTILE = "No [/x] [link=https://evil.example]y[/link] \x1b]0;owned\x07 \x9b2J \u202edeneppo"
"""Markup of the library that draws the view, escape sequences of a terminal, and a control of text direction."""


@pytest.mark.parametrize("how", ["--watch", "--json"])
async def test_what_a_camera_says_neither_controls_the_terminal_nor_breaks_the_view(
    how: str, terminal: Terminal
) -> None:
    refused = saying(f"404 {HOSTILE}", f'WWW-Authenticate: Basic realm="{HOSTILE}"')
    async with serving(Camera({"DESCRIBE": refused})) as camera:
        process = await start_probe(f"{camera.url}/[/x]", how, "--timeout", "3", out=terminal.theirs)
        assert await eventually(lambda: "404" in terminal.read(), within_s=WITHIN_S)
        process.send_signal(signal.SIGINT)
        _, err = await asyncio.wait_for(process.communicate(), WITHIN_S)
    assert "[link=https://evil" in terminal.read().replace("\r\n", "").replace("│", "").replace("  ", "")
    for sign in ("\x1b]0;owned", "8;;https://evil", "\x9b", "\u202e", "Traceback"):
        assert sign not in terminal.shown + err.decode(), sign


async def test_elsewhere_it_is_a_line_each_second() -> None:
    async with serving(Camera(media=footage())) as camera:
        process = await start_probe(camera.url, "--watch", "--json")
        assert process.stdout is not None
        report = [json.loads(await asyncio.wait_for(process.stdout.readline(), WITHIN_S)) for _ in range(4)]
        assert "0" not in users_of(process.pid)
        process.send_signal(signal.SIGINT)
        await asyncio.wait_for(process.communicate(), WITHIN_S)
        assert await eventually(lambda: camera.methods()[-1] == "TEARDOWN")
    assert report[-1]["bitrate_kbps"] > 0
    assert [one["time"] for one in report] == sorted({one["time"] for one in report})


async def test_a_camera_that_refuses_is_told_and_its_exit_code_says_so() -> None:
    async with serving(Camera({"SETUP": saying("453 Not Enough Bandwidth")})) as camera:
        process = await start_probe(camera.url, "--watch")
        assert process.stdout is not None
        report = b""
        while b"sessions_full" not in report:
            report += await asyncio.wait_for(process.stdout.readline(), WITHIN_S)
        process.send_signal(signal.SIGINT)
        await asyncio.wait_for(process.communicate(), WITHIN_S)
    assert process.returncode == 2

import asyncio
import json
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from urllib.request import urlopen

import pytest
from typer.testing import CliRunner

from pantau_simcam.cli import app
from tests.servers.process import free_port
from tests.simcam.rtsp_client import Client

SMALL = ["--size", "160x96", "--fps", "5"]


async def start(*arguments: str) -> Process:
    command = [sys.executable, "-m", "pantau_simcam", *arguments]
    return await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
async def test_it_says_where_everything_is_and_ends_when_told(how: signal.Signals) -> None:
    process = await start("--camera", "gate", "--camera", "road", "--port-per-camera", "--json", *SMALL)
    assert process.stdout is not None
    told = json.loads(await asyncio.wait_for(process.stdout.readline(), 60))
    assert list(told["cameras"]) == ["gate", "road"]
    async with Client(told["cameras"]["road"]) as client:
        await client.play()
        await client.rtp()
        with await asyncio.to_thread(urlopen, told["control"] + "/cameras", timeout=60) as answer:
            assert [camera["sessions"]["open"] for camera in json.loads(answer.read())] == [0, 1]
        process.send_signal(how)
        output, errors = await asyncio.wait_for(process.communicate(), 60)
    assert (process.returncode, output, errors) == (0, b"", b"")


async def test_it_ends_at_once_while_it_still_films() -> None:
    port = free_port()
    process = await start("--cameras", "4", "--size", "1920x1080", "--fps", "60", "--control-port", str(port))
    async with asyncio.timeout(60):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                break
            except OSError:
                await asyncio.sleep(0.05)
    process.terminate()
    output, errors = await asyncio.wait_for(process.communicate(), 60)
    writer.close()
    assert (process.returncode, output, errors) == (0, b"", b"")


def test_a_port_that_is_taken_is_told_and_exits_2() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        for option in ("--rtsp-port", "--control-port"):
            result = CliRunner().invoke(app, [option, port, *SMALL])
            assert result.exit_code == 2
            assert "in use" in result.stderr
            assert port in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--size", "640"], "must be WIDTHxHEIGHT"),
        (["--size", "641x360"], "even numbers from 64 to 4096"),
        (["--codec", "av1"], "'av1' is not one of"),
        (["--camera", "gate", "--camera", "gate"], "two cameras have the same id"),
        (["--cameras", "0"], "greater than or equal to 1"),
    ],
)
def test_a_wrong_argument_is_told_and_exits_2(arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert said in result.stderr


def test_help_shows_an_example() -> None:
    assert "Example: pantau-simcam --camera gate" in CliRunner().invoke(app, ["--help"]).stdout

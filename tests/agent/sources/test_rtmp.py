"""RTMP: with ffmpeg as a real server, and with scripted cameras that fail."""

import asyncio
import random
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from pantau_agent.clock import SystemClock
from pantau_agent.config import Camera as Configured
from pantau_agent.picture.decoder import Decoder
from pantau_agent.sources import ffmpeg_source, registry
from pantau_agent.sources.ffmpeg_source import FfmpegSource
from pantau_agent.sources.target import Target
from pantau_agent.streams.credentials import Credentials
from pantau_agent.streams.failure import MachineError
from pantau_agent.streams.url import parse
from pantau_agent.watching.one_shot import OneShotProbe
from pantau_agent.watching.watch import watch
from pantau_contract.messages import Sample
from pantau_contract.states import Cause, State
from tests.agent.eventually import eventually
from tests.agent.rtsp.footage import SIZE
from tests.agent.slow_machine import SLOW_CAUSES, is_healthy
from tests.agent.sources.clip import write_clip
from tests.agent.sources.rtmp_camera import answering
from tests.servers.process import free_port, until
from tests.servers.programs import require_program


@pytest_asyncio.fixture
async def decoder() -> AsyncIterator[Decoder]:
    async with Decoder(SystemClock()) as decoder:
        yield decoder


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clip") / "clip.flv")


@contextmanager
def serving(clip: Path, *more: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run ffmpeg as a server for one viewer; the context's value is the URL and the process."""
    url = f"rtmp://127.0.0.1:{free_port()}/live/cam"
    command = [require_program("ffmpeg"), "-loglevel", "error", "-re", "-stream_loop", "-1", "-i", str(clip)]
    process = subprocess.Popen(
        [*command, "-c", "copy", *more, "-f", "flv", "-listen", "1", url], stderr=subprocess.DEVNULL
    )
    try:
        ours = psutil.Process(process.pid)
        assert until(lambda: ours.net_connections("tcp"))
        yield url, process
    finally:
        process.kill()
        process.wait()


async def probed(decoder: Decoder, url: str, *, seconds: float = 3, timeout_s: float = 10) -> Sample:
    camera = Configured(id="gate", url=url, timeout_s=timeout_s)
    return (await OneShotProbe(camera, decoder, SystemClock()).run(seconds)).sample


async def test_a_stream_is_ok_with_its_measures(clip: Path, decoder: Decoder) -> None:
    with serving(clip) as (url, _):
        sample = await probed(decoder, url)
    assert (is_healthy(sample), sample.codec, sample.transport) == (True, "h264", "tcp"), sample
    assert (sample.width, sample.height) == SIZE
    assert sample.fps is not None
    assert sample.fps > 0  # how many arrive in a window depends on the machine's load
    assert sample.keyframe_interval_s is not None
    assert sample.keyframe_interval_s > 0
    assert sample.bitrate_kbps


async def test_a_stream_without_keyframes_is_told(clip: Path, decoder: Decoder) -> None:
    with serving(clip, "-bsf:v", "filter_units=pass_types=1|6-8") as (url, _):
        sample = await probed(decoder, url, timeout_s=4)
    assert (sample.state, sample.cause) == (State.DOWN, Cause.NO_MEDIA)
    assert "no keyframe" in sample.detail


async def test_a_stream_that_stalls_is_told_and_so_is_that_nobody_listens_any_more(
    clip: Path, decoder: Decoder
) -> None:
    changes: list[Cause | None] = []
    with serving(clip) as (url, process):
        async with asyncio.timeout(90):
            async for one in watch(
                Configured(id="gate", url=url, timeout_s=2), decoder, SystemClock(), rng=random.Random(1)
            ):
                if not one.changed or one.sample.cause in SLOW_CAUSES:
                    continue
                changes.append(one.sample.cause)
                if one.sample.state is State.OK:
                    process.send_signal(signal.SIGSTOP)
                if one.sample.cause is Cause.STALLED:
                    process.kill()
                    process.wait()
                if one.sample.cause is Cause.REFUSED:
                    break
    assert changes == [None, Cause.STALLED, Cause.REFUSED]


@asynccontextmanager
async def saying(banner: bytes, *, hang_up: bool = False) -> AsyncIterator[int]:
    """Open a port that sends the same to everybody."""

    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(banner)
        while not hang_up and await reader.read(1000):
            pass
        writer.close()

    server = await asyncio.start_server(visit, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@pytest.mark.parametrize(
    ("banner", "hang_up", "cause"),
    [
        (b"", False, Cause.TIMEOUT),
        (b"", True, Cause.REFUSED),
        (b"220 mail\r\n" * 400, False, Cause.WRONG_PROTOCOL),
    ],
    ids=["silent", "hangs up", "speaks something else"],
)
async def test_what_is_no_rtmp_server_is_told(
    banner: bytes, hang_up: bool, cause: Cause, decoder: Decoder
) -> None:
    async with saying(banner, hang_up=hang_up) as port:
        sample = await probed(decoder, f"rtmp://127.0.0.1:{port}/live/cam", timeout_s=3)
    assert (sample.state, sample.cause) == (State.DOWN, cause)


async def test_no_tls_where_it_is_asked_for(decoder: Decoder) -> None:
    async with saying(b"220 mail\r\n" * 400) as port:
        sample = await probed(decoder, f"rtmps://127.0.0.1:{port}/live/cam", timeout_s=10)
    assert (sample.cause, "TLS" in sample.detail) == (Cause.WRONG_PROTOCOL, True)


@pytest.mark.parametrize(
    ("status", "level", "text", "cause"),
    [
        ("NetStream.Play.StreamNotFound", "error", "No such stream", Cause.NOT_FOUND),
        ("NetStream.Play.Failed", "error", "authentication failed", Cause.AUTH_FAILED),
        ("NetStream.Play.Failed", "error", "busy", Cause.NO_MEDIA),
        ("NetStream.Play.Start", "status", "Started", Cause.NO_MEDIA),
    ],
)
async def test_an_answer_and_its_cause(status: str, level: str, text: str, cause: Cause, decoder: Decoder) -> None:
    async with answering(status, level, text) as port:
        sample = await probed(decoder, f"rtmp://u:p@127.0.0.1:{port}/live/cam", timeout_s=4)
    assert (sample.state, sample.cause) == (State.DOWN, cause)


async def test_nobody_there_and_a_name_that_nobody_has(decoder: Decoder) -> None:
    assert (await probed(decoder, f"rtmp://127.0.0.1:{free_port()}/live/cam")).cause is Cause.REFUSED
    sample = await probed(decoder, "rtmp://no-such-camera.invalid/live/cam")
    assert (sample.cause, "resolved" in sample.detail) == (Cause.UNREACHABLE, True)


async def test_the_password_stands_in_no_command_line() -> None:
    async with saying(b"") as port:
        url = parse(f"rtmp://127.0.0.1:{port}/live/cam")
        source = FfmpegSource(Target(url, Credentials("u", "secret-one")), SystemClock())
        opening = asyncio.create_task(source.open(20))
        assert await eventually(lambda: source._process is not None and source._ready.is_set())
        assert source._process is not None
        process = psutil.Process(source._process.pid)
        assert "pantau_agent.ffmpeg.reader" in process.cmdline()
        assert "secret-one" not in str(process.cmdline()) + str(process.environ())
        opening.cancel()
        await asyncio.wait({opening})
        assert not process.is_running()


# What happens to the reader.

OPENED = """
import os, sys, time
from pantau_agent.ffmpeg.exchange import Opened, Ready, pack
sys.stdout.buffer.write(pack(Ready()) + pack(Opened("h264")))
sys.stdout.buffer.flush()
"""


def command(rest: str) -> tuple[str, ...]:
    return sys.executable, "-c", OPENED + rest


async def test_a_stream_that_kills_ffmpeg_costs_one_verdict(
    clip: Path, decoder: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = command("time.sleep(0.5)\nos.kill(os.getpid(), 11)")
    monkeypatch.setitem(registry.SOURCES, "rtmp", partial(FfmpegSource, command=killed))
    assert (await probed(decoder, "rtmp://127.0.0.1/live/cam")).cause is Cause.UNDECODABLE
    monkeypatch.undo()
    with serving(clip) as (url, _):
        assert is_healthy(await probed(decoder, url))


async def test_a_reader_that_hangs_is_ended(decoder: Decoder, monkeypatch: pytest.MonkeyPatch) -> None:
    hanging = command("time.sleep(600)")
    monkeypatch.setitem(registry.SOURCES, "rtmp", partial(FfmpegSource, command=hanging))
    sample = await probed(decoder, "rtmp://127.0.0.1/live/cam", seconds=0.5, timeout_s=1)
    assert sample.cause is Cause.NO_MEDIA
    assert not [
        child for child in psutil.Process().children(recursive=True) if "time.sleep(600)" in str(child.cmdline())
    ]


async def test_a_reader_that_does_not_start_says_nothing_of_the_camera(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ffmpeg_source, "START_S", 5)
    for broken in (("/none",), (sys.executable, "-c", "raise SystemExit(3)")):
        source = FfmpegSource(Target(parse("rtmp://127.0.0.1/x")), SystemClock(), command=broken)
        with pytest.raises(MachineError, match="does not start on this machine"):
            await source.open(1)

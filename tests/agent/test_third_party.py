"""The same causes with third-party servers: GStreamer, rtsp-rs (UDP only), aio-rtsp-toolkit (TCP only)."""

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import pytest
import pytest_asyncio

from pantau_agent.clock import SystemClock
from pantau_agent.config import Camera
from pantau_agent.picture.decoder import Decoder
from pantau_agent.watching.one_shot import OneShotProbe
from pantau_agent.watching.watch import watch
from pantau_contract.messages import Sample
from pantau_contract.states import Cause, State
from tests.agent.rtsp.footage import FPS, SIZE, encoded
from tests.agent.slow_machine import is_healthy, state_changes
from tests.servers.gst_cameras import GstCameras
from tests.servers.process import free_port

START_S = 60
PUSH_UDP = Path(__file__).parents[1] / "servers" / "push_udp.py"
SERVE_FILES = """
import asyncio, sys
from aio_rtsp_toolkit.server import serve
asyncio.run(serve(sys.argv[2], "127.0.0.1", int(sys.argv[1])))
"""


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Return a directory with four seconds of H.264 in a file."""
    with av.open(tmp_path / "clip.mp4", "w") as container:
        stream = container.add_stream(
            "libx264", rate=FPS, options={"g": str(FPS), "bf": "0", "tune": "zerolatency"}
        )
        stream.width, stream.height = SIZE
        for frame in _pictures():
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return tmp_path


def _pictures() -> Iterator[av.VideoFrame]:
    decoder = av.CodecContext.create("h264", "r")
    for number, unit in enumerate(encoded()):
        for frame in decoder.decode(av.Packet(unit)):
            frame.pts = number
            yield frame


@pytest_asyncio.fixture
async def decoder() -> AsyncIterator[Decoder]:
    async with Decoder(SystemClock()) as decoder:
        yield decoder


@contextmanager
def serving(packages: Path, *command: str) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """Run a server on a free port, which replaces `PORT` in the command."""
    port = free_port()
    arguments = [str(port) if part == "PORT" else part for part in command]
    environment = os.environ | {"PYTHONPATH": str(packages)}
    process = subprocess.Popen(
        [sys.executable, *arguments], env=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    )
    try:
        yield port, process
    finally:
        process.kill()
        process.communicate()


async def listening(port: int) -> None:
    """Wait until something listens on the port."""
    async with asyncio.timeout(START_S):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


async def probed(decoder: Decoder, url: str) -> Sample:
    """Return the sample of a one-shot probe."""
    probe = OneShotProbe(Camera(id="gate", url=url, timeout_s=5), decoder, SystemClock())
    return (await probe.run(2)).sample


async def probed_with_picture(decoder: Decoder, url: str) -> Sample:
    """Return the sample of the first probe with a decoded picture, of ten at most.

    A busy machine may take longer than one probe for its first picture, and then says nothing of it.
    """
    for _ in range(10):
        sample = await probed(decoder, url)
        if sample.width is not None and sample.state is not State.UNKNOWN:
            break
    return sample


async def watched_until(decoder: Decoder, url: str, ok: Callable[[], object]) -> list[tuple[State, Cause | None]]:
    """Return the changes up to the first `down`; `ok` is called once the camera is ok."""
    reported = []
    watching = watch(Camera(id="gate", url=url, timeout_s=5), decoder, SystemClock(), rng=random.Random(1))
    async with asyncio.timeout(60):
        async for observation in watching:
            if not observation.changed:
                continue
            reported.append(observation)
            if is_healthy(observation.sample):
                ok()
            if observation.sample.state is State.DOWN:
                break
    await watching.aclose()
    return state_changes(reported)


async def test_gstreamers_server_is_watched_and_its_faults_are_named(
    start_gst_cameras: Callable[..., GstCameras], decoder: Decoder
) -> None:
    cameras = start_gst_cameras()
    size = GstCameras.width, GstCameras.height
    sample = await probed_with_picture(decoder, cameras.url("udp"))
    assert (sample.state is State.DOWN, sample.transport, sample.codec) == (False, "udp", "h264")
    assert (sample.width, sample.height) == size
    talking = await probed_with_picture(decoder, cameras.url("audio"))
    assert (talking.state is State.DOWN, talking.transport, talking.codec) == (False, "tcp", "h264")
    assert (talking.width, talking.height, talking.rtp_loss_pct) == (*size, 0)
    nothing = await probed(decoder, cameras.url("nothing"))
    assert (nothing.state, nothing.cause) == (State.DOWN, Cause.NOT_FOUND)
    changes = await watched_until(decoder, cameras.url("h264"), cameras.pause)
    assert changes[-1] == (State.DOWN, Cause.STALLED)
    silent = await probed(decoder, cameras.url("h264"))
    assert (silent.state, silent.cause) == (State.DOWN, Cause.TIMEOUT)
    cameras.kill()
    gone = await probed(decoder, cameras.url("h264"))
    assert (gone.state, gone.cause) == (State.DOWN, Cause.REFUSED)
    cameras.start()
    back = await probed(decoder, cameras.url("h264"))
    assert back.state is not State.DOWN


async def test_a_camera_that_speaks_udp_only_is_watched_over_udp(
    peers: Path, tmp_path: Path, decoder: Decoder
) -> None:
    footage = tmp_path / "footage"
    footage.write_bytes(b"".join(len(unit).to_bytes(4) + unit for unit in encoded()))
    with serving(peers, str(PUSH_UDP), "PORT", str(footage)) as (port, process):
        await listening(port)
        url = f"rtsp://127.0.0.1:{port}/stream"
        sample = await probed_with_picture(decoder, url)
        assert (is_healthy(sample), sample.transport, sample.codec) == (True, "udp", "h264"), sample
        assert (sample.width, sample.height) == SIZE

        def send_no_more() -> None:
            assert process.stdin is not None
            print(file=process.stdin, flush=True)

        assert await watched_until(decoder, url, send_no_more) == [
            (State.OK, None),
            (State.DOWN, Cause.STALLED),
        ]
        silent = await probed(decoder, url)
        assert (silent.state, silent.cause, silent.transport) == (State.DOWN, Cause.NO_MEDIA, "udp")
        process.kill()
        process.wait()
        gone = await probed(decoder, url)
        assert (gone.state, gone.cause) == (State.DOWN, Cause.REFUSED)


async def test_another_server_over_tcp_is_watched_and_its_faults_are_named(
    peers: Path, clip: Path, decoder: Decoder
) -> None:
    with serving(peers, "-c", SERVE_FILES, "PORT", str(clip)) as (port, process):
        await listening(port)
        url = f"rtsp://127.0.0.1:{port}/clip.mp4?play_count=0"
        sample = await probed_with_picture(decoder, url)
        assert (is_healthy(sample), sample.transport, sample.codec) == (True, "tcp", "h264"), sample
        assert (sample.width, sample.height) == SIZE
        nothing = await probed(decoder, f"rtsp://127.0.0.1:{port}/nothing.mp4")
        assert (nothing.state, nothing.cause) == (State.DOWN, Cause.NOT_FOUND)
        assert await watched_until(decoder, url, lambda: process.send_signal(signal.SIGSTOP)) == [
            (State.OK, None),
            (State.DOWN, Cause.STALLED),
        ]
        silent = await probed(decoder, url)
        assert (silent.state, silent.cause) == (State.DOWN, Cause.TIMEOUT)
        process.kill()
        process.wait()
        gone = await probed(decoder, url)
        assert (gone.state, gone.cause) == (State.DOWN, Cause.REFUSED)

"""Video over HTTP: ffmpeg writes it as a camera does, and a small web server sends it to whoever asks."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from pantau_agent.clock import SystemClock
from pantau_agent.config import Camera as Configured
from pantau_agent.picture.decoder import Decoder
from pantau_agent.watching.one_shot import OneShotProbe
from pantau_contract.messages import Sample
from pantau_contract.states import Cause, State
from tests.agent.http.camera import Asked, Camera, Script, Visitor, response, serving
from tests.agent.rtsp.footage import SIZE
from tests.agent.slow_machine import is_healthy
from tests.agent.sources.clip import write_clip
from tests.servers.programs import require_program


@pytest_asyncio.fixture
async def decoder() -> AsyncIterator[Decoder]:
    async with Decoder(SystemClock()) as decoder:
        yield decoder


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clip") / "clip.mp4")


def live(clip: Path, muxer: str, media_type: str) -> Script:
    """Return a script that sends the clip in real time, again and again."""
    arguments = ["-loglevel", "error", "-re", "-stream_loop", "-1", "-i", str(clip), "-c", "copy", "-f", muxer]
    more = ["-movflags", "frag_keyframe+empty_moov+default_base_moof"] if muxer == "mp4" else []

    async def stream(visitor: Visitor, _asked: Asked) -> None:
        await visitor.send(f"HTTP/1.1 200 OK\r\nContent-Type: {media_type}\r\n\r\n".encode())
        process = await asyncio.create_subprocess_exec(
            require_program("ffmpeg"), *arguments, *more, "-", stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        try:
            while data := await process.stdout.read(1 << 14):
                await visitor.send(data)
        finally:
            process.kill()
            await process.wait()

    return stream


async def probed(decoder: Decoder, camera: Camera, path: str = "/live", *, timeout_s: float = 15) -> Sample:
    url = f"http://127.0.0.1:{camera.port}{path}"
    return (
        await OneShotProbe(Configured(id="gate", url=url, timeout_s=timeout_s), decoder, SystemClock()).run(4)
    ).sample


@pytest.mark.parametrize(
    ("muxer", "media_type"),
    [("flv", "video/x-flv"), ("flv", "text/html"), ("mpegts", "video/mp2t"), ("mp4", "video/mp4")],
)
async def test_video_in_one_response_is_ok_whatever_it_is_called(
    muxer: str, media_type: str, clip: Path, decoder: Decoder
) -> None:
    async with serving(Camera(live(clip, muxer, media_type))) as camera:
        sample = await probed(decoder, camera)
    assert (is_healthy(sample), sample.codec, sample.transport) == (True, "h264", "tcp"), sample
    assert (sample.width, sample.height) == SIZE


async def test_a_redirect_and_its_cookie_are_followed(clip: Path, decoder: Decoder) -> None:
    stream = live(clip, "flv", "video/x-flv")

    async def moved(visitor: Visitor, asked: Asked) -> None:
        if asked.path == "/live":
            location = "Location: /moved/live.flv"
            await visitor.send(response("302 Found", location, "Set-Cookie: seen=1; Path=/"))
        elif asked.headers.get("cookie") == "seen=1":
            await stream(visitor, asked)
        else:
            await visitor.send(response("403 Forbidden"))

    async with serving(Camera(moved)) as camera:
        assert is_healthy(sample := await probed(decoder, camera)), sample


async def test_flv_without_pictures_is_no_media(decoder: Decoder) -> None:
    async def header_alone(visitor: Visitor, _asked: Asked) -> None:
        await visitor.send(b"HTTP/1.1 200 OK\r\nContent-Type: video/x-flv\r\n\r\nFLV\x01\x01\0\0\0\x09\0\0\0\0")
        await asyncio.Event().wait()

    async with serving(Camera(header_alone)) as camera:
        sample = await probed(decoder, camera, timeout_s=4)
    assert (sample.state, sample.cause) == (State.DOWN, Cause.NO_MEDIA)

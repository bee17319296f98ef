"""Video over HTTP: ffmpeg writes it as a camera does, and a small web server sends it to whoever asks."""

import asyncio
import itertools
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
import pytest_asyncio
from pydantic import SecretStr

from pantau_agent.clock import SystemClock
from pantau_agent.config import Camera as Configured
from pantau_agent.picture.decoder import Decoder
from pantau_agent.sources import ffmpeg_source
from pantau_agent.sources.ffmpeg_source import FfmpegSource
from pantau_agent.sources.target import Target
from pantau_agent.sources.web_source import WebSource
from pantau_agent.streams.credentials import Credentials
from pantau_agent.streams.failure import Kind, MachineError
from pantau_agent.streams.url import parse
from pantau_agent.watching.one_shot import OneShotProbe
from pantau_contract.messages import Sample
from pantau_contract.states import Cause, State
from tests.agent.eventually import eventually
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


async def probed(
    decoder: Decoder, camera: Camera, path: str = "/live", *, timeout_s: float = 15, **who: object
) -> Sample:
    url = f"http://127.0.0.1:{camera.port}{path}"
    configured = Configured.model_validate({"id": "gate", "url": url, "timeout_s": timeout_s} | who)
    return (await OneShotProbe(configured, decoder, SystemClock()).run(4)).sample


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


async def test_a_camera_that_asks_for_less_when_the_video_is_fetched_gets_no_password(
    clip: Path, decoder: Decoder
) -> None:
    """The first look sees Digest; the second one, which is for FFmpeg, sees Basic."""
    stream, digest = live(clip, "flv", "video/x-flv"), 'WWW-Authenticate: Digest realm="x", nonce="n", qop="auth"'
    proofs: list[str] = []

    async def guarded(visitor: Visitor, asked: Asked) -> None:
        proof = asked.headers.get("authorization")
        if proof is None:
            await visitor.send(response("401 No", 'WWW-Authenticate: Basic realm="x"' if proofs else digest))
            return
        proofs.append(proof)
        await stream(visitor, asked)

    async with serving(Camera(guarded)) as camera:
        sample = await probed(decoder, camera, user="u", password=SecretStr("p"), allow_basic=True)
    assert (sample.cause, "let us in by Digest" in sample.detail) == (Cause.AUTH_FAILED, True), sample
    assert [proof.partition(" ")[0] for proof in proofs] == ["Digest"]


async def test_the_process_that_reads_a_strangers_video_has_neither_network_nor_password(clip: Path) -> None:
    digest = 'WWW-Authenticate: Digest realm="x", nonce="n", qop="auth"'
    stream = live(clip, "flv", "video/x-flv")

    async def guarded(visitor: Visitor, asked: Asked) -> None:
        if "authorization" in asked.headers:
            await stream(visitor, asked)
        else:
            await visitor.send(response("401 No", digest))

    async with serving(Camera(guarded)) as camera:
        target = Target(parse(f"http://127.0.0.1:{camera.port}/live"), Credentials("u", "secret-of-this-camera"))
        source = WebSource(target, SystemClock())
        await source.open(15)
        reader = source._source
        assert isinstance(reader, FfmpegSource)
        assert reader._process is not None
        process = psutil.Process(reader._process.pid)
        assert process.net_connections() == []
        assert is_filtered(process.pid)
        assert not any(b"secret-of-this-camera" in memory for memory in memory_of(process.pid))
        await source.close()
        assert reader.accepted


def is_filtered(pid: int) -> bool:
    return "Seccomp:\t2" in Path(f"/proc/{pid}/status").read_text()


def memory_of(pid: int) -> Iterator[bytes]:
    """Yield what a process has written into its memory, piece by piece."""
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            span, rights = line.split()[:2]
            start, end = (int(at, 16) for at in span.split("-"))
            if rights.startswith("rw"):
                memory.seek(start)
                with suppress(OSError):
                    yield memory.read(end - start)


async def test_flv_without_pictures_is_no_media(decoder: Decoder) -> None:
    async def header_alone(visitor: Visitor, _asked: Asked) -> None:
        await visitor.send(b"HTTP/1.1 200 OK\r\nContent-Type: video/x-flv\r\n\r\nFLV\x01\x01\0\0\0\x09\0\0\0\0")
        await asyncio.Event().wait()

    async with serving(Camera(header_alone)) as camera:
        sample = await probed(decoder, camera, timeout_s=4)
    assert (sample.state, sample.cause) == (State.DOWN, Cause.NO_MEDIA)


FLV = b"HTTP/1.1 200 OK\r\nContent-Type: video/x-flv\r\n\r\nFLV\x01\x01\x00\x00\x00\x09\x00\x00\x00\x00"
SMALL_BUDGET = "from pantau_agent.streams import budget; budget.MAX_PIECES = 500; budget.PATIENCE_S = 1.0"


async def test_a_flood_of_tiny_tags_ends_the_process_that_reads_them() -> None:
    async def flood(visitor: Visitor, _asked: Asked) -> None:
        await visitor.send(FLV)
        for number in itertools.count():
            head = b"\x09\x00\x00\x0a" + (40 * number).to_bytes(5, "big")[2:] + bytes(4)
            await visitor.send(head + b"\x27\x01\0\0\0\0\0\0\x01\x41" + b"\0\0\0\x15")

    reader = f"{SMALL_BUDGET}; from pantau_agent.ffmpeg.reader import main; main()"
    async with serving(Camera(flood)) as camera:
        source = FfmpegSource(
            Target(parse(camera.url)), SystemClock(), command=[sys.executable, "-P", "-s", "-c", reader]
        )
        async with asyncio.timeout(60):
            await source.open(30)
            await source.wait()
        await source.close()
        assert source.failure is not None
        assert source.failure.kind is Kind.FLOODING


async def test_while_the_reader_does_not_get_to_run_the_cameras_silence_does_not_grow(
    clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ffmpeg_source, "UNHEARD_S", 1.5)
    async with serving(Camera(live(clip, "flv", "video/x-flv"))) as camera:
        clock = SystemClock()
        source = FfmpegSource(Target(parse(camera.url)), clock)
        await source.open(30)
        assert await eventually(lambda: source.counts().packets > 0)
        assert source._process is not None
        source._process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(4)
        assert clock.monotonic() - source.counts().last_packet < 3
        assert source.failure is None
        monkeypatch.setattr(ffmpeg_source, "LOST_S", 3.0)
        with pytest.raises(MachineError, match="too slow"):
            await source.refresh()
        await source.close()

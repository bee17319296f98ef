"""HLS: ffmpeg writes it as a camera does, a small web server serves it, and both can fail."""

import asyncio
import random
import signal
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import pytest_asyncio
from pydantic import SecretStr

from pantau_agent.clock import SystemClock
from pantau_agent.config import Camera as Configured
from pantau_agent.picture.decoder import Decoder
from pantau_agent.watching.one_shot import OneShotProbe
from pantau_agent.watching.watch import watch
from pantau_contract.messages import Sample
from pantau_contract.states import Cause, State
from tests.agent.rtsp.footage import SIZE
from tests.agent.slow_machine import SLOW_CAUSES, is_healthy
from tests.agent.sources.clip import write_clip
from tests.servers.http import Quiet, serve
from tests.servers.process import free_port, until
from tests.servers.programs import require_program

EMPTY = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n"
OLD = EMPTY + "#EXTINF:1,\nold.ts\n"


@pytest_asyncio.fixture
async def decoder() -> AsyncIterator[Decoder]:
    async with Decoder(SystemClock()) as decoder:
        yield decoder


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clip") / "clip.mp4")


class Files(Quiet, SimpleHTTPRequestHandler):
    """Serves a directory, with a login if there is a challenge. `asked` counts the proofs of a password.

    If it demands a cookie, it sets that with a redirect from /stream to the playlist, and nothing else is given.
    From /low-latency it gives the playlist as a low-latency server writes it.
    """

    challenge = ""
    cookie = ""
    proofs: list[str]

    def do_GET(self) -> None:
        authorization = self.headers.get("Authorization", "")
        self.proofs += [authorization] if authorization else []
        if self.challenge and authorization != "Basic dTpw":
            self.send_response(401)
            self.send_header("WWW-Authenticate", self.challenge)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if self.cookie and self.path.startswith("/stream"):
            self.send_response(302)
            self.send_header("Set-Cookie", f"{self.cookie}; Path=/")
            self.send_header("Location", "/live.m3u8")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if self.cookie not in self.headers.get("Cookie", ""):
            self.send_error(403)
            return
        if self.path == "/low-latency":
            content = low_latency((Path(self.directory) / "live.m3u8").read_text()).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            return
        super().do_GET()


def low_latency(playlist: str) -> str:
    """Return a playlist with a gap at its beginning, the parts of each segment, and a hint at the next part."""
    head, info, rest = playlist.partition("#EXTINF")
    control = "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.5\n#EXT-X-PART-INF:PART-TARGET=0.5\n"
    gap = "#EXT-X-GAP\n#EXTINF:1.0,\ngap.mp4\n"
    part = '#EXT-X-PART:DURATION=0.5,INDEPENDENT=YES,URI="part.mp4"\n'
    hint = '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="next.mp4"\n'
    return head + control + gap + (info + rest).replace("#EXTINF", f"{part}{part}#EXTINF") + part + hint


@contextmanager
def web(directory: Path, challenge: str = "", *, cookie: str = "") -> Iterator[tuple[str, list[str]]]:
    """Serve the directory; the context's value is its URL and the passwords that were received."""
    proofs: list[str] = []
    handler = type("Handler", (Files,), {"challenge": challenge, "cookie": cookie, "proofs": proofs})
    with serve(ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(directory)))) as server:
        yield f"http://127.0.0.1:{server.server_port}", proofs


@contextmanager
def camera(clip: Path, directory: Path, *more: str) -> Iterator[subprocess.Popen[bytes]]:
    """Have ffmpeg write a live stream, as `live.m3u8`."""
    command = [
        require_program("ffmpeg"),
        "-loglevel",
        "error",
        "-re",
        "-stream_loop",
        "-1",
        "-i",
        str(clip),
        "-c",
        "copy",
    ]
    options = ["-f", "hls", "-hls_time", "1", "-hls_list_size", "5", "-hls_flags", "delete_segments+omit_endlist"]
    playlist = directory / "live.m3u8"
    process = subprocess.Popen([*command, *options, *more, str(playlist)])
    try:
        assert until(lambda: playlist.exists() and playlist.read_text().count("#EXTINF") >= 2)
        yield process
    finally:
        process.kill()
        process.wait()


async def probed(decoder: Decoder, url: str, *, timeout_s: float = 10, **who: object) -> Sample:
    configured = Configured(id="gate", url=url, timeout_s=timeout_s, **who)  # type: ignore[arg-type] # what there is
    return (await OneShotProbe(configured, decoder, SystemClock()).run(4)).sample


async def watched(
    decoder: Decoder, url: str, *, then: Callable[[], object], until_cause: Cause
) -> list[Cause | None]:
    """Return the changes up to a cause, without those of a busy machine; call back once the camera is ok."""
    changes: list[Cause | None] = []
    configured = Configured(id="gate", url=url, timeout_s=4)
    async with asyncio.timeout(120):
        async for one in watch(configured, decoder, SystemClock(), rng=random.Random(1)):
            if one.changed and one.sample.cause not in SLOW_CAUSES:
                changes.append(one.sample.cause)
                if changes == [None]:
                    then()
                if one.sample.cause is until_cause:
                    return changes
    return changes


async def test_a_live_stream_is_ok_with_its_measures(clip: Path, tmp_path: Path, decoder: Decoder) -> None:
    with camera(clip, tmp_path), web(tmp_path) as (url, _):
        sample = await probed(decoder, f"{url}/live.m3u8")
    assert (is_healthy(sample), sample.codec, sample.transport) == (True, "h264", "tcp"), sample
    assert (sample.width, sample.height) == SIZE
    assert sample.fps is not None
    assert sample.fps > 0  # how many arrive in a window depends on the machine's load
    assert sample.keyframe_interval_s is not None
    assert sample.keyframe_interval_s > 0
    assert sample.bitrate_kbps


@pytest.mark.parametrize("name", ["segment%d.cgi", "snap%d.jpg", "%d"])
async def test_segments_may_have_any_name(name: str, clip: Path, tmp_path: Path, decoder: Decoder) -> None:
    with camera(clip, tmp_path, "-hls_segment_filename", str(tmp_path / name)), web(tmp_path) as (url, _):
        assert is_healthy(sample := await probed(decoder, f"{url}/live.m3u8")), sample


async def test_encrypted_segments_are_read(clip: Path, tmp_path: Path, decoder: Decoder) -> None:
    key, info = tmp_path / "key.bin", tmp_path / "key.txt"
    key.write_bytes(bytes(range(16)))
    info.write_text(f"key.bin\n{key}\n")
    with camera(clip, tmp_path, "-hls_key_info_file", str(info)), web(tmp_path) as (url, _):
        assert "#EXT-X-KEY" in (tmp_path / "live.m3u8").read_text()
        assert is_healthy(sample := await probed(decoder, f"{url}/live.m3u8")), sample


async def test_segments_of_mp4_are_read(clip: Path, tmp_path: Path, decoder: Decoder) -> None:
    with camera(clip, tmp_path, "-hls_segment_type", "fmp4"), web(tmp_path) as (url, _):
        assert is_healthy(sample := await probed(decoder, f"{url}/live.m3u8")), sample


async def test_a_low_latency_playlist_is_read(clip: Path, tmp_path: Path, decoder: Decoder) -> None:
    with camera(clip, tmp_path, "-hls_segment_type", "fmp4"), web(tmp_path) as (url, _):
        assert is_healthy(sample := await probed(decoder, f"{url}/low-latency")), sample


async def test_a_playlist_is_known_by_its_bytes_and_gets_its_cookie(
    clip: Path, tmp_path: Path, decoder: Decoder
) -> None:
    with camera(clip, tmp_path), web(tmp_path, cookie="seen=1") as (url, _):
        sample = await probed(decoder, f"{url}/stream?camera=1")
    assert is_healthy(sample), sample


async def test_of_several_streams_the_first_is_watched_and_the_password_goes_along(
    clip: Path, tmp_path: Path, decoder: Decoder
) -> None:
    with camera(clip, tmp_path, "-master_pl_name", "all.m3u8"), web(tmp_path, 'Basic realm="x"') as (url, _):
        assert until((tmp_path / "all.m3u8").exists)
        assert is_healthy(
            await probed(decoder, f"{url}/all.m3u8", user="u", password=SecretStr("p"), allow_basic=True)
        )


async def test_a_camera_that_stops_has_stalled_though_its_last_segments_can_still_be_had(
    clip: Path, tmp_path: Path, decoder: Decoder
) -> None:
    with camera(clip, tmp_path) as process, web(tmp_path) as (url, _):
        changes = await watched(decoder, f"{url}/live.m3u8", then=process.kill, until_cause=Cause.STALLED)
        assert changes == [None, Cause.STALLED]
        process.wait()
        again = await probed(decoder, f"{url}/live.m3u8", timeout_s=4)
        assert (again.state, again.cause, again.detail) == (
            State.DOWN,
            Cause.NO_MEDIA,
            "the playlist does not grow",
        )


async def test_a_camera_that_pauses_comes_back(clip: Path, tmp_path: Path, decoder: Decoder) -> None:
    causes: list[Cause | None] = []
    with camera(clip, tmp_path) as process, web(tmp_path) as (url, _):
        async with asyncio.timeout(120):
            configured = Configured(id="gate", url=f"{url}/live.m3u8", timeout_s=4)
            async for one in watch(configured, decoder, SystemClock(), rng=random.Random(1)):
                if not one.changed or one.sample.cause in SLOW_CAUSES:
                    continue
                causes.append(one.sample.cause)
                if one.sample.cause is Cause.STALLED:
                    process.send_signal(signal.SIGCONT)
                elif len(causes) == 1:
                    process.send_signal(signal.SIGSTOP)
                else:
                    break
    assert causes == [None, Cause.STALLED, None]


async def test_a_stream_that_is_taken_away_is_not_found(clip: Path, tmp_path: Path, decoder: Decoder) -> None:
    with camera(clip, tmp_path) as process, web(tmp_path) as (url, _):

        def take_away() -> None:
            process.kill()
            process.wait()
            (tmp_path / "live.m3u8").unlink()

        changes = await watched(decoder, f"{url}/live.m3u8", then=take_away, until_cause=Cause.NOT_FOUND)
    assert changes == [None, Cause.NOT_FOUND]


@pytest.mark.parametrize(
    ("playlist", "cause"),
    [
        (EMPTY, Cause.NO_MEDIA),
        (OLD, Cause.NO_MEDIA),
        (OLD + "#EXT-X-ENDLIST\n", Cause.NO_MEDIA),
        ("<html>", Cause.UNSUPPORTED),
        (EMPTY + "#EXT-X-STREAM-INF:BANDWIDTH=1\nhttp://192.0.2.1/x.m3u8\n", Cause.UNSUPPORTED),
        (EMPTY + "#EXTINF:1,\nfile:///etc/passwd\n", Cause.NO_MEDIA),
        (EMPTY + "#" * (2 << 20), Cause.UNSUPPORTED),
    ],
    ids=["empty", "segments that are gone", "ended", "no playlist", "another host", "a file", "without end"],
)
async def test_a_playlist_without_a_stream_is_told(
    playlist: str, cause: Cause, tmp_path: Path, decoder: Decoder
) -> None:
    (tmp_path / "live.m3u8").write_text(playlist)
    with web(tmp_path) as (url, _):
        sample = await probed(decoder, f"{url}/live.m3u8", timeout_s=3)
    assert (sample.state, sample.cause) == (State.DOWN, cause)


async def test_segments_of_noise_are_no_stream(tmp_path: Path, decoder: Decoder) -> None:
    noise = random.Random(1).randbytes(188 * 500)
    (tmp_path / "old.ts").write_bytes(noise)
    (tmp_path / "live.m3u8").write_text(OLD)
    with web(tmp_path) as (url, _):
        sample = await probed(decoder, f"{url}/live.m3u8", timeout_s=3)
    assert (sample.state, sample.cause) == (State.DOWN, Cause.NO_MEDIA)


async def test_a_wrong_password_is_sent_once(tmp_path: Path, decoder: Decoder) -> None:
    (tmp_path / "live.m3u8").write_text(OLD)
    with web(tmp_path, 'Basic realm="x"') as (url, proofs):
        sample = await probed(decoder, f"{url}/live.m3u8", user="u", password=SecretStr("wrong"), allow_basic=True)
    assert (sample.cause, len(proofs)) == (Cause.AUTH_FAILED, 1)


async def test_nobody_there(decoder: Decoder) -> None:
    sample = await probed(decoder, f"http://127.0.0.1:{free_port()}/live.m3u8")
    assert (sample.state, sample.cause) == (State.DOWN, Cause.REFUSED)

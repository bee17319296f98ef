"""The source for each URL, and the command that a technician types."""

import asyncio
import json
import sys

import pytest

from pantau_agent.clock import SystemClock
from pantau_agent.sources.ffmpeg_source import FfmpegSource
from pantau_agent.sources.registry import make_source
from pantau_agent.sources.rtsp_source import RtspSource
from pantau_agent.sources.target import Target
from pantau_agent.sources.web_source import WebSource
from pantau_agent.streams.failure import Kind, LookError
from pantau_agent.streams.url import StreamUrl
from tests.agent.http.camera import Camera, pictures, serving, streaming
from tests.agent.slow_machine import SLOW_CAUSES


@pytest.mark.parametrize(
    ("scheme", "kind"),
    [
        *(
            ("rtsp", RtspSource),
            ("rtsps", RtspSource),
            ("rtsp+http", RtspSource),
            ("rtsps+http", RtspSource),
            ("http", WebSource),
            ("https", WebSource),
        ),
        *(("rtmp", FfmpegSource), ("rtmps", FfmpegSource)),
    ],
)
async def test_each_scheme_has_its_source(scheme: str, kind: type) -> None:
    assert isinstance(make_source(Target(StreamUrl(scheme, "h", 1, "/")), SystemClock()), kind)


def test_a_scheme_without_a_source_is_told_with_those_that_have_one() -> None:
    with pytest.raises(
        LookError, match="only rtsp://, rtsps://, rtsp\\+http://, rtsps\\+http://, http://, https://"
    ) as caught:
        make_source(Target(StreamUrl("ftp", "h", 1, "/")), SystemClock())
    assert caught.value.failure.kind is Kind.NO_VIDEO


async def test_probe_looks_at_an_mjpeg_stream() -> None:
    async with serving(Camera(streaming(*pictures()))) as camera:
        url = f"http://127.0.0.1:{camera.port}/stream.mjpeg"
        command = (sys.executable, "-m", "pantau_agent", "probe", url, "--json", "--seconds", "3")
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        out, _ = await process.communicate()
    printed = json.loads(out)
    assert (printed["cause"] in {None, *SLOW_CAUSES}, printed["codec"]) == (True, "mjpeg"), printed
    assert process.returncode == (0 if printed["state"] == "ok" else 1)
    assert (printed["width"], printed["height"]) == (128, 96)
    assert 2 < printed["fps"] < 12  # a busy machine sends fewer
    assert camera.asked[0].path == "/stream.mjpeg"

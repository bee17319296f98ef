"""The streams as third-party clients see them."""

import asyncio
import json
from collections.abc import AsyncIterator

import av
import pytest

from pantau_simcam import Authentication, CameraSpec, Codec, Simcam
from tests.servers.programs import require_program
from tests.simcam.rtsp_client import until
from tests.simcam.small import FPS, spec

USER, PASSWORD = "operator", "p@ss:w#rd%1"


@pytest.fixture
async def simcam() -> AsyncIterator[Simcam]:
    cameras = [spec(str(codec), codec=codec) for codec in Codec]
    cameras += [spec("talking", audio=True)]
    cameras += [
        spec(f"{codec}-{scheme}", codec=codec, user=USER, password=PASSWORD, authentication=scheme)
        for codec, scheme in ((Codec.H264, Authentication.BASIC), (Codec.H264, Authentication.DIGEST))
    ]
    async with Simcam(cameras) as simcam:
        await simcam.filmed()
        yield simcam


def decoded(url: str, transport: str, pictures: int) -> list[av.VideoFrame]:
    options = {"rtsp_transport": transport, "timeout": "60000000", "analyzeduration": "300000"}
    with av.open(url, options=options, timeout=60) as container:
        found = []
        for frame in container.decode(video=0):
            found.append(frame)
            if len(found) == pictures:
                return found
    raise AssertionError(f"only {len(found)} pictures")


@pytest.mark.parametrize("codec", Codec)
@pytest.mark.parametrize("transport", ["tcp", "udp"])
async def test_pyav_decodes_every_picture(simcam: Simcam, codec: Codec, transport: str) -> None:
    pictures = await asyncio.to_thread(decoded, simcam.url(codec), transport, 8)
    assert not any(picture.is_corrupt for picture in pictures)
    assert {(picture.width, picture.height) for picture in pictures} == {(160, 96)}
    first, last = (picture.to_ndarray(format="gray8").astype(int) for picture in (pictures[0], pictures[-1]))
    assert 60 < first.mean() < 200
    assert abs(first - last).mean() > 1, "things move"
    counts = simcam.counts(codec)
    await until(lambda: counts.open == 0)
    assert (counts.highest, counts.teardowns, counts.abandoned) == (1, 1, 0)


@pytest.mark.parametrize("scheme", ["basic", "digest"])
async def test_pyav_logs_in(simcam: Simcam, scheme: str) -> None:
    url = simcam.url(f"h264-{scheme}", credentials=True)
    assert len(await asyncio.to_thread(decoded, url, "tcp", 2)) == 2
    with pytest.raises(av.error.HTTPUnauthorizedError):
        await asyncio.to_thread(decoded, simcam.url(f"h264-{scheme}"), "tcp", 2)


def listened(url: str, transport: str) -> tuple[list[str], int]:
    """Return the codecs of the streams, and the peak of the audio out of 32767."""
    with av.open(url, options={"rtsp_transport": transport, "timeout": "60000000"}, timeout=60) as container:
        sound = next(frame for frame in container.decode(audio=0))
        assert sound.sample_rate == 8000
        loudness = abs(sound.to_ndarray().astype(int)).max()
        return [stream.codec_context.name for stream in container.streams], loudness


@pytest.mark.parametrize("transport", ["tcp", "udp"])
async def test_a_camera_with_a_microphone_is_seen_and_heard(simcam: Simcam, transport: str) -> None:
    codecs, loudness = await asyncio.to_thread(listened, simcam.url("talking"), transport)
    assert codecs == ["pcm_alaw", "h264"]
    assert 200 < loudness < 10_000
    assert len(await asyncio.to_thread(decoded, simcam.url("talking"), transport, 8)) == 8
    counts = simcam.counts("talking")
    await until(lambda: counts.open == 0)
    assert (counts.highest, counts.total, counts.teardowns, counts.audio) == (1, 2, 2, 2)


async def test_ffprobe_sees_what_was_asked_for(simcam: Simcam) -> None:
    async def seen(codec: Codec) -> object:
        command = [
            require_program("ffprobe"),
            "-v",
            "error",
            "-analyzeduration",
            "1000000",
            "-rtsp_transport",
            "tcp",
            "-of",
            "json",
        ]
        command += ["-show_entries", "stream=codec_name,width,height,r_frame_rate", simcam.url(codec)]
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        output, _ = await process.communicate()
        return json.loads(output)["streams"]

    size = {"width": 160, "height": 96, "r_frame_rate": f"{FPS:g}/1"}
    wanted = [[{"codec_name": name} | size] for name in ("h264", "hevc", "mjpeg")]
    assert await asyncio.gather(*map(seen, (Codec.H264, Codec.H265, Codec.MJPEG))) == wanted


async def test_cameras_of_one_process_look_different_and_share_their_footage() -> None:
    cameras = [CameraSpec(f"cam{i}", width=160, height=96, fps=FPS, bitrate_kbps=100) for i in range(9)]
    async with Simcam(cameras) as simcam:
        looks = {(camera.usual_take, camera.position_s(0) % 14) for camera in simcam._cameras.values()}
        assert len(looks) == 9
        assert len({take for take, _ in looks}) == 4

"""Pictures of every kind that a camera may send, through the decode worker itself with its memory limit."""

from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np

from pantau_agent.clock import SystemClock
from pantau_agent.picture.decoder import Decoder
from pantau_agent.picture.explanation import read
from pantau_agent.picture.settings import PictureSettings
from pantau_agent.picture.view_requests import ViewRequest, ViewRequests
from pantau_agent.streams.keyframe import Keyframe
from pantau_contract.states import Cause
from tests.agent.picture.kept_judges import saved

FORMATS = [
    ("libx264", 8000, 6000, "yuv420p"),
    ("mjpeg", 8000, 6000, "yuvj420p"),
    ("libx264", 16, 16, "yuv420p"),
    ("mjpeg", 641, 361, "yuvj444p"),
    ("libx264", 642, 358, "yuv420p"),
    ("libx264", 640, 360, "gray"),
    ("libx264", 640, 360, "yuv422p"),
    ("libx264", 640, 360, "yuv420p10le"),
    ("libx264", 640, 360, "yuv422p10le"),
    ("libx265", 640, 360, "yuv420p10le"),
]
CODECS = {"libx264": "h264", "libx265": "h265", "mjpeg": "mjpeg"}


def keyframe(encoder: str, width: int, height: int, pixels: str) -> Keyframe:
    """Encode blocks of grey once."""
    context = cast("av.VideoCodecContext", av.CodecContext.create(encoder, "w"))
    context.width, context.height, context.pix_fmt, context.time_base = width, height, pixels, Fraction(1)
    if encoder != "mjpeg":
        context.options = {
            "preset": "ultrafast",
            "tune": "zerolatency",
            "qp": "35",
            "x265-params": "log-level=none",
        }
    blocks = np.random.default_rng(1).integers(40, 200, (height // 8 + 1, width // 8 + 1), np.uint8)
    grey = np.kron(blocks, np.ones((8, 8), np.uint8))[:height, :width]
    frame = av.VideoFrame.from_ndarray(np.repeat(grey[..., None], 3, axis=2), format="bgr24")
    frame = frame.reformat(format=pixels)
    frame.pts = 0
    return Keyframe(CODECS[encoder], b"".join(map(bytes, [*context.encode(frame), *context.encode(None)])))


async def test_every_size_and_format_gets_a_verdict_or_cannot_be_told() -> None:
    async with Decoder(SystemClock(), deadline_s=120) as decoder:
        for encoder, width, height, pixels in FORMATS:
            judged = await decoder.judge(f"{encoder}-{width}-{pixels}", keyframe(encoder, width, height, pixels))
            assert (judged.error, judged.width, judged.height) == (None, width, height), judged.detail
            assert judged.verdict is not None
            assert judged.verdict.cause is None
            assert ("cannot tell" in judged.verdict.reason) is (width == 16)
        assert decoder.restarts == 0


async def test_a_size_that_changes_in_mid_stream_is_learned_anew() -> None:
    async with Decoder(SystemClock(), deadline_s=120) as decoder:
        small, square = keyframe("libx264", 320, 180, "yuv420p"), keyframe("libx264", 320, 320, "yuv420p")
        for shown in (small, square, small, square):
            judged = await decoder.judge("gate", shown)
            assert judged.verdict is not None
            assert judged.verdict.cause is None
            alarms = judged.verdict.reason
        assert "320x320: learning anew" in alarms


async def test_what_the_worker_learned_is_on_the_disk_when_the_agent_ends_and_a_wish_reaches_it(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "pictures"
    async with Decoder(SystemClock(), memories=folder) as decoder:
        await decoder.judge("gate", keyframe("libx264", 320, 180, "yuv420p"))
        ViewRequests(folder).submit("gate", ViewRequest.EXPLAIN)
        await decoder.judge("gate", keyframe("libx264", 320, 192, "yuv420p"))
    assert saved(folder).size == (320, 192)
    assert "320x192" in read(ViewRequests(folder).explanation_path("gate")).reason


class Hurried:
    """A clock on which ten seconds pass from picture to picture."""

    def __init__(self) -> None:
        self.now_ms = 0

    def time_ms(self) -> int:
        self.now_ms += 10_000
        return self.now_ms

    def monotonic(self) -> float:
        return self.now_ms / 1000

    def lost_since(self, _since: float) -> float:
        return 0.0


async def test_each_camera_is_judged_by_its_own_settings() -> None:
    shown = keyframe("libx264", 320, 180, "yuv420p")
    settings = {"gate": PictureSettings(report_only=frozenset({Cause.FROZEN}))}
    async with Decoder(Hurried(), settings=settings) as decoder:
        for _ in range(4):
            gate, road = [await decoder.judge(camera, shown) for camera in ("gate", "road")]
    assert gate.verdict is not None
    assert road.verdict is not None
    assert (gate.verdict.cause, gate.verdict.evidence[Cause.FROZEN]) == (None, 1.0)
    assert road.verdict.cause is Cause.FROZEN

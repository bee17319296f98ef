"""Pictures of every kind that a camera may send, through the decode worker itself, with its memory limit."""

from fractions import Fraction
from typing import cast

import av
import numpy as np

from pantau_agent.clock import SystemClock
from pantau_agent.picture.decoder import Decoder
from pantau_agent.rtsp.keyframe import Keyframe

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
    """Blocks of grey, encoded once."""
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
            look = await decoder.look(f"{encoder}-{width}-{pixels}", keyframe(encoder, width, height, pixels))
            assert (look.error, look.width, look.height) == (None, width, height), look.detail
            assert look.verdict is not None
            assert look.verdict.cause is None
            assert ("cannot tell" in look.verdict.reason) is (width == 16)
        assert decoder.restarts == 0


async def test_a_size_that_changes_in_mid_stream_is_learned_anew() -> None:
    async with Decoder(SystemClock(), deadline_s=120) as decoder:
        small, square = keyframe("libx264", 320, 180, "yuv420p"), keyframe("libx264", 320, 320, "yuv420p")
        for shown in (small, square, small, square):
            look = await decoder.look("gate", shown)
            assert look.verdict is not None
            assert look.verdict.cause is None
            said = look.verdict.reason
        assert "320x320: learning anew" in said

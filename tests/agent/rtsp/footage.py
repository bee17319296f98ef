"""Four seconds of real H.264 or H.265, encoded once; each second begins with a keyframe."""

from fractions import Fraction
from functools import cache
from typing import cast

import av
import numpy as np

FPS = 25
SIZE = 128, 96


@cache
def encoded(
    codec: str = "libx264", frames: int = 4 * FPS, *, options: tuple[tuple[str, str], ...] = ()
) -> list[bytes]:
    """Return access units in Annex B. The picture moves."""
    context = cast("av.VideoCodecContext", av.CodecContext.create(codec, "w"))
    context.width, context.height = SIZE
    context.pix_fmt = "yuv420p"
    context.time_base = Fraction(1, FPS)
    context.options = {"preset": "ultrafast", "tune": "zerolatency", "g": str(FPS), **dict(options)}
    rng = np.random.default_rng(1)
    still = rng.integers(40, 200, (SIZE[1] // 4, SIZE[0] // 4, 3), np.uint8).repeat(4, 0).repeat(4, 1)
    units: list[bytes] = []
    for number in range(frames):
        frame = av.VideoFrame.from_ndarray(np.roll(still, 3 * number, axis=1), format="rgb24")
        frame = frame.reformat(format="yuv420p")
        frame.pts = number
        units += [bytes(packet) for packet in context.encode(frame)]
    return units + [bytes(packet) for packet in context.encode(None)]


def nal_units(annex_b: bytes) -> list[bytes]:
    """Return the NAL units of an Annex B stream."""
    parts = annex_b.replace(b"\x00\x00\x00\x01", b"\x00\x00\x01").split(b"\x00\x00\x01")
    return [part for part in parts if part]


@cache
def access_units(codec: str = "libx264") -> list[list[bytes]]:
    """Return the access units of `encoded`, each as its NAL units."""
    return [nal_units(unit) for unit in encoded(codec)]

"""Compresses BGR pictures with PyAV."""

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from itertools import islice
from typing import cast

import av
import cv2
import numpy as np
from cv2.typing import MatLike

from pantau_simcam.footage.take import Codec, Take

_ENCODERS = {Codec.H264: "libx264", Codec.H265: "libx265"}


def encode(take: Take, pictures: Iterable[MatLike], *, lead_in: int = 0) -> Iterator[tuple[bytes, bool]]:
    """Yield each picture as an Annex B access unit, and True for a keyframe, without the first `lead_in` pictures.

    As in cameras, there are no B-frames, and keyframes, each after its parameter sets, only at a fixed interval.
    """
    return islice(_encoded(take, pictures), lead_in, None)


def _encoded(take: Take, pictures: Iterable[MatLike]) -> Iterator[tuple[bytes, bool]]:
    context = cast("av.VideoCodecContext", av.CodecContext.create(_ENCODERS[take.codec], "w"))
    context.width, context.height, context.pix_fmt = take.width, take.height, "yuv420p"
    context.framerate = Fraction(take.fps).limit_denominator(1001)
    context.time_base = 1 / context.framerate
    context.bit_rate = take.bitrate_kbps * 1000
    context.thread_count = 1
    context.options = _options(take)
    for number, picture in enumerate(pictures):
        planes = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420), np.uint8)
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts = number
        yield from ((bytes(packet), packet.is_keyframe) for packet in context.encode(frame))
    yield from ((bytes(packet), packet.is_keyframe) for packet in context.encode(None))


def _options(take: Take) -> dict[str, str]:
    common = {
        "keyint": take.gop,
        "min-keyint": take.gop,
        "scenecut": 0,
        "bframes": 0,
        "repeat-headers": 1,
        "annexb": 1,
        "qpmin": 22,
        "vbv-maxrate": take.bitrate_kbps * 2,
        "vbv-bufsize": take.bitrate_kbps * 2,
    }
    if take.codec is Codec.H264:
        return {"preset": "superfast", "x264-params": _joined(common | {"rc-lookahead": 5})}
    return {"preset": "ultrafast", "x265-params": _joined(common | {"log-level": "error", "pools": "none"})}


def _joined(parameters: Mapping[str, object]) -> str:
    return ":".join(f"{name}={value}" for name, value in parameters.items())

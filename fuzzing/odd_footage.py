"""What an odd camera films: four seconds, over and over, in each codec."""

from functools import cache

import cv2
import numpy as np

from tests.agent.rtsp.footage import FPS, SIZE, access_units

QUALITY = 60
"""Quality of the JPEGs, which is also their `Q` in RTP (RFC 2435, section 4.2)."""
_CODECS = {"h264": "libx264", "h265": "libx265"}
_SETS = {"h264": {7, 8}, "h265": {32, 33, 34}}
_KEYS = {"h264": {5}, "h265": set(range(16, 24))}


def units(codec: str, number: int) -> list[bytes]:
    """Return the NAL units of a picture."""
    found = access_units(_CODECS[codec])
    return found[number % len(found)]


def nal_type(codec: str, unit: bytes) -> int:
    """Return a NAL unit's type."""
    return unit[0] & 31 if codec == "h264" else unit[0] >> 1 & 63


def is_set(codec: str, unit: bytes) -> bool:
    """Return whether a NAL unit is a parameter set."""
    return nal_type(codec, unit) in _SETS[codec]


def is_key(codec: str, unit: bytes) -> bool:
    """Return whether a NAL unit is a part of a keyframe."""
    return nal_type(codec, unit) in _KEYS[codec]


@cache
def jpegs() -> list[bytes]:
    """Return a second of JPEGs, whose quantisation tables are those of RFC 2435 for `QUALITY`."""
    rng = np.random.default_rng(2)
    still = rng.integers(40, 200, (SIZE[1] // 4, SIZE[0] // 4, 3), np.uint8).repeat(4, 0).repeat(4, 1)
    options = [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
    return [cv2.imencode(".jpg", np.roll(still, 3 * at, axis=1), options)[1].tobytes() for at in range(FPS)]

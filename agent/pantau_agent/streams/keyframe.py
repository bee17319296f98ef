"""A keyframe as it comes out of a stream, whatever the protocol."""

from collections.abc import Callable
from dataclasses import dataclass, field

MAX_KEYFRAME_BYTES = 8 << 20
"""Largest keyframe that is collected, in bytes; those of a 4K camera have about 1 MB."""


@dataclass(frozen=True, slots=True)
class Keyframe:
    """One picture in its codec's format: Annex B with parameter sets for H.264 and H.265, a JPEG file for MJPEG.

    `damaged` says that packets of it were lost.
    """

    codec: str
    data: bytes = field(repr=False)
    damaged: bool = False


Deliver = Callable[[Keyframe], None]

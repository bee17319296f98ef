"""A keyframe as it comes out of a stream, whatever the protocol."""

from collections.abc import Callable
from dataclasses import dataclass, field

MAX_KEYFRAME = 8 << 20
"""Largest keyframe that is collected, in bytes; a 4K camera's are about 1 MB."""


@dataclass(frozen=True, slots=True)
class Keyframe:
    """One picture as the codec has it: Annex B with its parameter sets for H.264 and H.265, a JPEG file for MJPEG.

    `damaged` says that packets of it were lost.
    """

    codec: str
    data: bytes = field(repr=False)
    damaged: bool = False


Deliver = Callable[[Keyframe], None]

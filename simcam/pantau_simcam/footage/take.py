"""Describes what to film: the key under which footage is made once and shared."""

from dataclasses import dataclass
from enum import StrEnum

GOP_S = 2.0
"""Seconds between keyframes."""
LOOP_S = 14.0
"""Seconds of a loop. With seven keyframe intervals, samples every 10, 30 or 60 s never get the same picture again,
which would look frozen to them."""


class Codec(StrEnum):
    """The compression of the pictures."""

    H264 = "h264"
    H265 = "h265"
    MJPEG = "mjpeg"


class Look(StrEnum):
    """What the picture shows."""

    STREET = "street"
    BLACK = "black"
    OVEREXPOSED = "overexposed"
    DEFOCUSED = "defocused"
    COVERED = "covered"
    MOVED = "moved"
    COLOUR_CAST = "colour_cast"
    NOISY = "noisy"
    NO_SIGNAL = "no_signal"


@dataclass(frozen=True, slots=True)
class Take:
    """One loop to film. `still_s` is the position in seconds at which the picture is frozen, or None.

    `damaged_pct` is the percentage of pictures whose bytes are damaged after encoding.
    """

    scene: int = 0
    codec: Codec = Codec.H264
    width: int = 640
    height: int = 360
    fps: float = 15
    bitrate_kbps: int = 400
    gop_s: float = GOP_S
    length_s: float = LOOP_S
    look: Look = Look.STREET
    still_s: float | None = None
    damaged_pct: float = 0

    @property
    def gop(self) -> int:
        """The number of pictures from one keyframe to the next."""
        return max(1, round(self.gop_s * self.fps))

    @property
    def pictures(self) -> int:
        """The number of pictures in the loop."""
        return round(self.length_s * self.fps)

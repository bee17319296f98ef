"""What is to be filmed: the key by which footage is made once and shared."""

from dataclasses import dataclass
from enum import StrEnum

GOP_S = 2.0
"""Time between keyframes, in seconds."""
LOOP_S = 14.0
"""Length of the loop, in seconds: seven keyframe intervals, so that looks at round intervals (10, 30, 60 s) do not
meet the same picture again, which would be a frozen one in their eyes."""


class Codec(StrEnum):
    """How the pictures are compressed."""

    H264 = "h264"
    H265 = "h265"
    MJPEG = "mjpeg"


class Look(StrEnum):
    """What is in front of the lens."""

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
    """One loop to film. `still_s` is the second at which the picture stands still, if it does.

    `damaged_pct` is the share of its pictures whose bytes are damaged after encoding.
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
        """Pictures from one keyframe to the next."""
        return max(1, round(self.gop_s * self.fps))

    @property
    def pictures(self) -> int:
        """Pictures of the loop."""
        return round(self.length_s * self.fps)

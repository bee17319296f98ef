"""Encoded pictures as RTP payloads, ready to be sent by any number of cameras."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

from pantau_simcam.footage.take import Take


@dataclass(frozen=True, slots=True)
class Picture:
    """The payloads of one picture's RTP packets, in order; the last packet has the marker bit."""

    payloads: tuple[bytes, ...]
    keyframe: bool
    size: int

    @classmethod
    def of(cls, payloads: Iterable[bytes], *, keyframe: bool) -> Self:
        """Build a picture from its payloads."""
        kept = tuple(payloads)
        return cls(kept, keyframe, sum(map(len, kept)))


@dataclass(frozen=True)
class Footage:
    """A loop of pictures that starts with a keyframe; `parameter_sets` are NAL units without start codes."""

    take: Take
    pictures: tuple[Picture, ...]
    parameter_sets: tuple[bytes, ...] = ()
    _keyframes: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_keyframes", tuple(i for i, p in enumerate(self.pictures) if p.keyframe))

    def keyframe_before(self, position_s: float) -> int:
        """Return the index of the last keyframe at or before a position, which may exceed the loop's length."""
        at = int(position_s * self.take.fps) % len(self.pictures)
        return self._keyframes[bisect_right(self._keyframes, at) - 1]

    @property
    def kbps(self) -> float:
        """The bit rate in kbit/s, without packet headers."""
        seconds = len(self.pictures) / self.take.fps
        return sum(picture.size for picture in self.pictures) * 8 / seconds / 1000

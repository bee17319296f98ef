"""What is to be made, what was made of it, and how far it is: sent between two processes as JSON."""

from msgspec import Struct

from pantau_collector.timelapse.choose import Moment

MAX_FRAMES = 5_000
"""Frames of a time-lapse at most: thirteen years of days."""
MAX_WIDTH, MAX_HEIGHT = 1920, 1080


class Part(Struct, frozen=True):
    """The frames of one camera; `name` stands in the picture."""

    name: str
    moments: list[Moment]


class Job(Struct, frozen=True):
    """A time-lapse: its pictures are in the archive at `directory`; `zone` is that of the dates in the picture."""

    directory: str
    out: str
    title: str
    zone: str
    parts: list[Part]
    frames_a_second: int = 10

    @property
    def moments(self) -> int:
        """How many frames it may have."""
        return sum(len(part.moments) for part in self.parts)


class Progress(Struct, frozen=True, tag=True):
    """How far it is: `done` moments of `of`, with so many `frames`."""

    done: int
    of: int
    frames: int


class Made(Struct, frozen=True, tag=True):
    """What was made. `skipped` counts moments of which no picture could be decoded or all showed the night."""

    frames: int
    skipped: int
    width: int
    height: int
    codec: str
    seconds: float
    bytes: int


class Failed(Struct, frozen=True, tag=True):
    """Why nothing was made."""

    why: str

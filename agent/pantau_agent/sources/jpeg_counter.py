"""Counts the JPEGs of one session, and delivers the next one on request."""

from collections.abc import Callable

from pantau_agent.streams.counts import Counts
from pantau_agent.streams.keyframe import Keyframe
from pantau_contract.words.evidence import NO_DETAIL, Detail, detail

_BEGIN, _SCAN, _END = b"\xff\xd8\xff", b"\xff\xda", b"\xff\xd9"
MAX_TRAILER = 1024
"""Most bytes that may follow a JPEG's end; some cameras append padding or texts of their own."""


class JpegCounter:
    """Counts each JPEG as a frame and a keyframe. Content that is none counts as neither.

    A JPEG whose end is missing is one, because some cameras never send it. Whether more is missing is for the
    decoder to say.

    Times are monotonic, in seconds.
    """

    def __init__(self) -> None:
        self.problem = NO_DETAIL
        """What was wrong with the latest content; empty if it was a JPEG."""
        self._counts = Counts()
        self._last_size = 0
        self._deliver: Callable[[Keyframe], None] | None = None

    def counts(self) -> Counts:
        """Return the counts so far."""
        return self._counts

    def request_keyframe(self, deliver: Callable[[Keyframe], None]) -> None:
        """Have the next JPEG delivered to `deliver`, once; a later request replaces an earlier one."""
        self._deliver = deliver

    def add_bytes(self, octets: int, now: float) -> None:
        """Count bytes that arrived at `now`."""
        counts = self._counts
        self._counts = counts._replace(
            packets=counts.packets + 1,
            octets=counts.octets + octets,
            first_packet=counts.first_packet or now,
            last_packet=now,
        )

    def add(self, media_type: str, content: bytes, now: float) -> bool:
        """Count a picture if it is a JPEG, and return whether it is."""
        self.problem = _problem(media_type, content)
        if self.problem:
            return False
        counts, size = self._counts, len(content)
        self._counts = counts._replace(
            frames=counts.frames + 1,
            keyframes=counts.keyframes + 1,
            key_octets=counts.key_octets + size,
            same_key_sizes=counts.same_key_sizes + 1 if size == self._last_size else 0,
            last_frame=now,
            first_keyframe=counts.first_keyframe or now,
            last_keyframe=now,
            keyframe_interval=now - counts.last_keyframe if counts.keyframes else 0.0,
        )
        self._last_size = size
        deliver, self._deliver = self._deliver, None
        if deliver is not None:
            deliver(Keyframe("mjpeg", content))
        return True


def _problem(media_type: str, content: bytes) -> Detail:
    if content[: len(_BEGIN)] != _BEGIN[: len(content)]:
        return detail("not_jpeg", media_type=media_type or detail("untyped"))
    if content.rfind(_END, -MAX_TRAILER - len(_END)) < 0 and _SCAN not in content:
        return detail("cut_jpeg", count=len(content))
    return NO_DETAIL

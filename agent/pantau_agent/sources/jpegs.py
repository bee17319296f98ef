"""The JPEGs of one visit: counted, and the next one delivered to whoever wants it."""

from collections.abc import Callable

from pantau_agent.streams.counts import Counts
from pantau_agent.streams.keyframe import Keyframe
from pantau_contract.words.evidence import NO_DETAIL, Detail, detail

_BEGIN, _END = b"\xff\xd8\xff", b"\xff\xd9"
TRAILER = 1024
"""So many octets may follow a JPEG's end; some cameras fill up, or add words of their own."""


class Jpegs:
    """Each is a frame and a keyframe. What is no JPEG, or is cut off, counts as neither.

    Times are monotonic, in seconds.
    """

    def __init__(self) -> None:
        self.problem = NO_DETAIL
        """What was wrong with what came last; empty where nothing was."""
        self._counts = Counts()
        self._last_size = 0
        self._deliver: Callable[[Keyframe], None] | None = None

    def counts(self) -> Counts:
        """What came so far."""
        return self._counts

    def want(self, deliver: Callable[[Keyframe], None]) -> None:
        """The next one goes to `deliver`, once; a later call replaces an earlier one."""
        self._deliver = deliver

    def arrived(self, octets: int, now: float) -> None:
        """So much has come."""
        counts = self._counts
        self._counts = counts._replace(
            packets=counts.packets + 1,
            octets=counts.octets + octets,
            first_packet=counts.first_packet or now,
            last_packet=now,
        )

    def take(self, media_type: str, content: bytes, now: float) -> bool:
        """Takes what should be a JPEG; whether it is one."""
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
    if content.rfind(_END, -TRAILER - len(_END)) < 0:
        return detail("cut_jpeg", count=len(content))
    return NO_DETAIL

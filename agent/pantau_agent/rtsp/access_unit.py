"""Assembles access units from RTP payloads, as far as watching needs: is it a keyframe, and its bytes on request.

`nal` has H.264 and H.265, `jpeg` JPEG.
"""

from pantau_agent.streams.keyframe import MAX_KEYFRAME_BYTES, Deliver, Keyframe
from pantau_contract.words.evidence import NO_DETAIL

UNDECIDED = 0
"""The kind of an access unit in which no picture has been seen yet."""
DELTA = 1
"""The kind of an access unit whose picture needs other pictures."""
KEYFRAME = 2
"""The kind of an access unit whose picture needs no other."""

MAX_DAMAGED_SKIPPED = 3
"""How many damaged keyframes in a row are skipped before one is delivered as it is."""


class KeyframeAssembler:
    """Classifies each access unit, and collects the bytes of the next keyframe after a request.

    `continues` is true while the keyframe that is collected needs the pictures after it too. `problem` is why the
    latest keyframe could not be collected.
    """

    codec = ""

    def __init__(self) -> None:
        self.kind = UNDECIDED
        self.oversized = False
        self.continues = False
        self.problem = NO_DETAIL
        self._deliver: Deliver | None = None
        self._collecting = False
        self._broken = False
        self._data = bytearray()
        self._skipped = 0

    def request_keyframe(self, deliver: Deliver) -> None:
        """Deliver the next undamaged keyframe to `deliver`, once; a later request replaces an earlier one."""
        self._deliver = deliver
        self._skipped = 0

    def take_over(self, other: "KeyframeAssembler") -> None:
        """Take over the request that another assembler has not met."""
        self._deliver, other._deliver = other._deliver, None  # noqa: SLF001 # of the same class

    def begin(self) -> None:
        """Begin a new access unit."""
        self.kind = UNDECIDED
        self._broken = False
        if self._collecting:
            self._discard()

    def begins_picture(self, buffer: bytes, start: int, end: int) -> bool:
        """Return whether the payload of a packet begins a picture, and does not continue the one before."""
        raise NotImplementedError

    def add_payload(self, buffer: bytes, start: int, end: int) -> bool:
        """Process the payload of one packet, and return whether the unit's next one is needed too."""
        raise NotImplementedError

    def finish(self, *, damaged: bool) -> None:
        """End the access unit, which is a keyframe, or follows one that `continues`."""
        if not self._collecting:
            return
        damaged = damaged or self._broken
        deliver, data = self._deliver, self._assemble()
        self._discard()
        if deliver is None:
            return
        if damaged and self._skipped < MAX_DAMAGED_SKIPPED:
            self._skipped += 1
            return
        self._deliver = None
        deliver(Keyframe(self.codec, data, damaged))

    def _assemble(self) -> bytes:
        return bytes(self._data)

    def _append(self, *parts: bytes) -> None:
        if not self._collecting:
            return
        for part in parts:
            self._data += part
        if len(self._data) > MAX_KEYFRAME_BYTES:
            self.oversized = True
            self._discard()

    def _discard(self) -> None:
        self._collecting = self.continues = False
        self._data = bytearray()

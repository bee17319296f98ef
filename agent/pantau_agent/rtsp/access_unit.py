"""Assembles access units from RTP payloads, as far as watching needs: is it a keyframe, and its bytes on request.

H.264 (RFC 6184: single NAL units, STAP-A, FU-A), H.265 (RFC 7798: single, AP, FU); for JPEG (RFC 2435) see `jpeg`.
Interleaved packetisation is not supported: its units count as pictures, and never as keyframes.
"""

from collections.abc import Iterable, Iterator

from pantau_agent.streams.keyframe import MAX_KEYFRAME_BYTES, Deliver, Keyframe

UNDECIDED = 0
"""The kind of an access unit in which no picture has been seen yet."""
DELTA = 1
"""The kind of an access unit whose picture needs other pictures."""
KEYFRAME = 2
"""The kind of an access unit whose picture needs no other."""

MAX_PARAMETER_SETS = 16
"""Most parameter sets that are kept of one stream."""
MAX_PARAMETER_SET = 4096
"""Largest parameter set that is kept, in bytes."""
MAX_DAMAGED_SKIPPED = 3
"""How many damaged keyframes in a row are skipped before one is delivered as it is."""

_START = b"\x00\x00\x00\x01"


class KeyframeAssembler:
    """Classifies each access unit, and collects the bytes of the next keyframe after a request."""

    codec = ""

    def __init__(self) -> None:
        self.kind = UNDECIDED
        self.oversized = False
        self._deliver: Deliver | None = None
        self._collecting = False
        self._broken = False
        self._data = bytearray()
        self._skipped = 0

    def request_keyframe(self, deliver: Deliver) -> None:
        """Deliver the next undamaged keyframe to `deliver`, once; a later request replaces an earlier one."""
        self._deliver = deliver
        self._skipped = 0

    def begin(self) -> None:
        """Begin a new access unit."""
        self.kind = UNDECIDED
        self._broken = False
        if self._collecting:
            self._discard()

    def add_payload(self, buffer: bytes, start: int, end: int) -> bool:
        """Process the payload of one packet, and return whether the unit's next one is needed too."""
        raise NotImplementedError

    def finish(self, *, damaged: bool) -> None:
        """End the access unit, which is a keyframe."""
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
        self._collecting = False
        self._data = bytearray()


class NalAssembler(KeyframeAssembler):
    """The common part of H.264 and H.265: NAL units, alone in a packet, several in one, or one in several."""

    header_size: int
    """Bytes of a NAL unit's header."""
    type_shift: int
    """Position of the unit type in the header's first byte."""
    type_mask: int
    """Mask of the unit type, after the shift."""
    aggregate: int
    """Type of a packet that holds several units."""
    fragment: int
    """Type of a packet that holds a part of a unit."""
    leading_sets: frozenset[int]
    """Parameter sets that begin a new group: SPS and VPS."""
    other_sets: frozenset[int]
    """The other types that are kept with the parameter sets."""
    pictures: frozenset[int]
    """Unit types that hold a picture, or a slice of one."""
    keys: frozenset[int]
    """Unit types that hold a keyframe."""

    def __init__(self, parameter_sets: Iterable[bytes] = ()) -> None:
        super().__init__()
        self.parameter_sets = list(parameter_sets)[:MAX_PARAMETER_SETS]
        self._fresh = False
        self._fragmented = False

    def begin(self) -> None:
        """Begin a new access unit."""
        super().begin()
        self._fresh = True
        self._fragmented = False

    def add_payload(self, buffer: bytes, start: int, end: int) -> bool:
        """Process the payload of one packet, and return whether the unit's next one is needed too."""
        if end - start <= self.header_size + 1:
            return self._collecting or self.kind == UNDECIDED
        if self.kind == UNDECIDED:
            self._classify(buffer, start, end)
            if self.kind != KEYFRAME or self._deliver is None:
                return self.kind == UNDECIDED
            self._collecting = True
            for parameter_set in self.parameter_sets:
                self._append(_START, parameter_set)
        if self._collecting:
            self._collect(buffer, start, end)
        return self._collecting

    def _classify(self, buffer: bytes, start: int, end: int) -> None:
        kind = buffer[start] >> self.type_shift & self.type_mask
        content = start + self.header_size
        if kind == self.fragment:
            header = buffer[content]
            # Only a fragment that begins its unit holds the slice header.
            self._classify_type(header & self.type_mask, buffer, content + 1 if header & 0x80 else end, end)
        elif kind == self.aggregate:
            for at, stop in self._units(buffer, start, end):
                self._classify_unit(buffer, at, stop)
        elif kind > self.aggregate:
            self.kind = DELTA  # interleaved packetisation
        else:
            self._classify_unit(buffer, start, end)

    def _classify_unit(self, buffer: bytes, start: int, end: int) -> None:
        kind = buffer[start] >> self.type_shift & self.type_mask
        if kind in self.leading_sets or kind in self.other_sets:
            self._save_parameter_set(kind, buffer[start:end])
        else:
            self._classify_type(kind, buffer, start + self.header_size, end)

    def _classify_type(self, kind: int, buffer: bytes, content: int, end: int) -> None:
        """Decide the access unit's kind by the type of one NAL unit, and by its slice header if there is one."""
        if kind in self.keys:
            self.kind = KEYFRAME
        elif kind in self.pictures and self.kind == UNDECIDED:
            self.kind = KEYFRAME if content < end and self._is_intra(buffer[content]) else DELTA

    def _is_intra(self, byte: int) -> bool:
        """Return whether a slice needs no other picture although it is not an IDR, by its first byte."""
        raise NotImplementedError

    def _collect(self, buffer: bytes, start: int, end: int) -> None:
        kind = buffer[start] >> self.type_shift & self.type_mask
        if kind == self.fragment:
            self._collect_fragment(buffer, start, end)
        elif kind == self.aggregate:
            for at, stop in self._units(buffer, start, end):
                if buffer[at] >> self.type_shift & self.type_mask in self.pictures:
                    self._append(_START, buffer[at:stop])
        elif kind in self.pictures:
            self._append(_START, buffer[start:end])

    def _collect_fragment(self, buffer: bytes, start: int, end: int) -> None:
        at = start + self.header_size
        header = buffer[at]
        if header & self.type_mask not in self.pictures:
            return
        if header & 0x80:
            self._fragmented = True
            self._append(_START, self._unit_header(buffer[start:at], header & self.type_mask))
        if self._fragmented:
            self._append(buffer[at + 1 : end])
        else:
            self._broken = True  # its beginning was lost
        if header & 0x40:
            self._fragmented = False

    def _unit_header(self, header: bytes, kind: int) -> bytes:
        """Rebuild the header of a fragmented unit from that of a fragment."""
        first = header[0] & ~(self.type_mask << self.type_shift) & 0xFF
        return bytes((first | kind << self.type_shift,)) + header[1:]

    def _units(self, buffer: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Iterate over the positions of the units in an aggregation packet, up to a damaged size."""
        at = start + self.header_size
        while at + 2 < end:
            stop = at + 2 + (buffer[at] << 8 | buffer[at + 1])
            if stop > end or stop <= at + 2:
                return
            yield at + 2, stop
            at = stop

    def _save_parameter_set(self, kind: int, parameter_set: bytes) -> None:
        if kind in self.leading_sets and self._fresh:
            self.parameter_sets.clear()
            self._fresh = False
        if len(parameter_set) <= MAX_PARAMETER_SET and parameter_set not in self.parameter_sets:
            self.parameter_sets = [*self.parameter_sets, parameter_set][-MAX_PARAMETER_SETS:]


class H264Assembler(NalAssembler):
    """H.264 (RFC 6184), with the NAL unit types of its table 7-1."""

    codec = "h264"
    header_size, type_shift, type_mask = 1, 0, 0x1F
    aggregate, fragment = 24, 28
    leading_sets, other_sets = frozenset({7}), frozenset({8, 13, 15})
    pictures, keys = frozenset(range(1, 6)), frozenset({5})

    def _is_intra(self, byte: int) -> bool:
        # first_mb_in_slice 0 and slice_type 7 or 2, both Exp-Golomb (7.3.3, 9.1): an I picture that is not an IDR,
        # which cameras with an open GOP send.
        return byte == 0x88 or byte >> 4 == 0xB


class H265Assembler(NalAssembler):
    """H.265 (RFC 7798), with the NAL unit types of its table 7-1: keyframes are the IRAP pictures, 16 to 23."""

    codec = "h265"
    header_size, type_shift, type_mask = 2, 1, 0x3F
    aggregate, fragment = 48, 49
    leading_sets, other_sets = frozenset({32, 33}), frozenset({34})
    pictures, keys = frozenset(range(32)), frozenset(range(16, 24))

    def _is_intra(self, byte: int) -> bool:  # noqa: ARG002 # its slice header cannot be read without the PPS
        return False

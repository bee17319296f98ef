"""Access units out of RTP payloads, as far as watching needs it: is it a keyframe, and its bytes if one is wanted.

H.264 (RFC 6184: single NAL units, STAP-A, FU-A), H.265 (RFC 7798: single, AP, FU), JPEG (RFC 2435, in `jpeg`).
Interleaved packetisation is not understood: its units count as pictures, and are never keyframes.
"""

from collections.abc import Iterable, Iterator

from pantau_agent.streams.keyframe import MAX_KEYFRAME, Deliver, Keyframe

NOTHING, DELTA, KEY = 0, 1, 2
"""An access unit's kind: no picture seen in it so far; a picture that needs others; one that stands alone."""

MAX_PARAMETER_SETS = 16
MAX_PARAMETER_SET = 4096
PATIENCE = 3
"""So many damaged keyframes are passed over before one is taken as it is."""

_START = b"\x00\x00\x00\x01"


class Collector:
    """Collects the next keyframe once one is wanted, and only then."""

    codec = ""

    def __init__(self) -> None:
        self.kind = NOTHING
        self.oversized = False
        self._deliver: Deliver | None = None
        self._collecting = False
        self._broken = False
        self._data = bytearray()
        self._passed_over = 0

    def want(self, deliver: Deliver) -> None:
        """The next whole keyframe goes to `deliver`, once; a later call replaces an earlier one."""
        self._deliver = deliver
        self._passed_over = 0

    def begin(self) -> None:
        """A new access unit begins."""
        self.kind = NOTHING
        self._broken = False
        if self._collecting:
            self._drop()

    def take(self, buffer: bytes, start: int, end: int) -> bool:
        """Takes one packet's payload; whether the unit's next one is wanted too."""
        raise NotImplementedError

    def finish(self, *, damaged: bool) -> None:
        """The access unit, a keyframe, is complete."""
        if not self._collecting:
            return
        damaged = damaged or self._broken
        deliver, data = self._deliver, self._assemble()
        self._drop()
        if deliver is None:
            return
        if damaged and self._passed_over < PATIENCE:
            self._passed_over += 1
            return
        self._deliver = None
        deliver(Keyframe(self.codec, data, damaged))

    def _assemble(self) -> bytes:
        return bytes(self._data)

    def _keep(self, *parts: bytes) -> None:
        if not self._collecting:
            return
        for part in parts:
            self._data += part
        if len(self._data) > MAX_KEYFRAME:
            self.oversized = True
            self._drop()

    def _drop(self) -> None:
        self._collecting = False
        self._data = bytearray()


class NalCollector(Collector):
    """What H.264 and H.265 share: NAL units, alone, several in a packet, or one in several packets."""

    header_size: int
    type_shift: int
    type_mask: int
    aggregate: int
    fragment: int
    leading_sets: frozenset[int]
    """Parameter sets that begin a new group of them: SPS, VPS."""
    other_sets: frozenset[int]
    pictures: frozenset[int]
    keys: frozenset[int]

    def __init__(self, parameter_sets: Iterable[bytes] = ()) -> None:
        super().__init__()
        self.parameter_sets = list(parameter_sets)[:MAX_PARAMETER_SETS]
        self._fresh = False
        self._fragmented = False

    def begin(self) -> None:
        """A new access unit begins."""
        super().begin()
        self._fresh = True
        self._fragmented = False

    def take(self, buffer: bytes, start: int, end: int) -> bool:
        """Takes one packet's payload; whether the unit's next one is wanted too."""
        if end - start <= self.header_size + 1:
            return self._collecting or self.kind == NOTHING
        if self.kind == NOTHING:
            self._classify(buffer, start, end)
            if self.kind != KEY or self._deliver is None:
                return self.kind == NOTHING
            self._collecting = True
            for parameter_set in self.parameter_sets:
                self._keep(_START, parameter_set)
        if self._collecting:
            self._collect(buffer, start, end)
        return self._collecting

    def _classify(self, buffer: bytes, start: int, end: int) -> None:
        kind = buffer[start] >> self.type_shift & self.type_mask
        content = start + self.header_size
        if kind == self.fragment:
            header = buffer[content]
            # Only a fragment that begins its unit holds the slice header.
            self._see(header & self.type_mask, buffer, content + 1 if header & 0x80 else end, end)
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
            self._remember(kind, buffer[start:end])
        else:
            self._see(kind, buffer, start + self.header_size, end)

    def _see(self, kind: int, buffer: bytes, content: int, end: int) -> None:
        """Decides the access unit's kind by one NAL unit's type, and by its slice header where that has begun."""
        if kind in self.keys:
            self.kind = KEY
        elif kind in self.pictures and self.kind == NOTHING:
            self.kind = KEY if content < end and self._is_intra(buffer[content]) else DELTA

    def _is_intra(self, octet: int) -> bool:
        """Whether a slice's first octet says that it needs no other picture, though it is no IDR."""
        raise NotImplementedError

    def _collect(self, buffer: bytes, start: int, end: int) -> None:
        kind = buffer[start] >> self.type_shift & self.type_mask
        if kind == self.fragment:
            self._collect_fragment(buffer, start, end)
        elif kind == self.aggregate:
            for at, stop in self._units(buffer, start, end):
                if buffer[at] >> self.type_shift & self.type_mask in self.pictures:
                    self._keep(_START, buffer[at:stop])
        elif kind in self.pictures:
            self._keep(_START, buffer[start:end])

    def _collect_fragment(self, buffer: bytes, start: int, end: int) -> None:
        at = start + self.header_size
        header = buffer[at]
        if header & self.type_mask not in self.pictures:
            return
        if header & 0x80:
            self._fragmented = True
            self._keep(_START, self._unit_header(buffer[start:at], header & self.type_mask))
        if self._fragmented:
            self._keep(buffer[at + 1 : end])
        else:
            self._broken = True  # its beginning was lost
        if header & 0x40:
            self._fragmented = False

    def _unit_header(self, header: bytes, kind: int) -> bytes:
        """A fragmented unit's own header, out of the fragment's."""
        first = header[0] & ~(self.type_mask << self.type_shift) & 0xFF
        return bytes((first | kind << self.type_shift,)) + header[1:]

    def _units(self, buffer: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Where the units of an aggregation packet stand; a damaged size ends them."""
        at = start + self.header_size
        while at + 2 < end:
            stop = at + 2 + (buffer[at] << 8 | buffer[at + 1])
            if stop > end or stop <= at + 2:
                return
            yield at + 2, stop
            at = stop

    def _remember(self, kind: int, parameter_set: bytes) -> None:
        if kind in self.leading_sets and self._fresh:
            self.parameter_sets.clear()
            self._fresh = False
        if len(parameter_set) <= MAX_PARAMETER_SET and parameter_set not in self.parameter_sets:
            self.parameter_sets = [*self.parameter_sets, parameter_set][-MAX_PARAMETER_SETS:]


class H264Collector(NalCollector):
    """RFC 6184; NAL unit types of H.264, table 7-1."""

    codec = "h264"
    header_size, type_shift, type_mask = 1, 0, 0x1F
    aggregate, fragment = 24, 28
    leading_sets, other_sets = frozenset({7}), frozenset({8, 13, 15})
    pictures, keys = frozenset(range(1, 6)), frozenset({5})

    def _is_intra(self, octet: int) -> bool:
        # first_mb_in_slice 0 and slice_type 7 or 2, both Exp-Golomb (7.3.3, 9.1): an I picture that is no IDR, as
        # cameras with an open GOP send it.
        return octet == 0x88 or octet >> 4 == 0xB


class H265Collector(NalCollector):
    """RFC 7798; NAL unit types of H.265, table 7-1: the keyframes are the IRAP pictures, 16 to 23."""

    codec = "h265"
    header_size, type_shift, type_mask = 2, 1, 0x3F
    aggregate, fragment = 48, 49
    leading_sets, other_sets = frozenset({32, 33}), frozenset({34})
    pictures, keys = frozenset(range(32)), frozenset(range(16, 24))

    def _is_intra(self, octet: int) -> bool:  # noqa: ARG002 # its slice header cannot be read without the PPS
        return False

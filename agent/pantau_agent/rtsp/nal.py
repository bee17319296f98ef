"""Access units of NAL units: H.264 (RFC 6184) and H.265 (RFC 7798), with all their packet types.

Units with decoding order numbers (DON) are taken in the order of arrival, in which cameras send them. Another
order (RFC 6184's interleaved mode) is told: no player that we know reads it either.
"""

from collections.abc import Iterable, Iterator
from typing import ClassVar

from pantau_agent.rtsp.access_unit import DELTA, KEYFRAME, UNDECIDED, KeyframeAssembler
from pantau_agent.rtsp.nal_codec import codec_of
from pantau_agent.rtsp.parameter_sets import ParameterSets
from pantau_agent.rtsp.recovery_point import recovery_count
from pantau_contract.words.evidence import detail

MAX_REFRESH_PICTURES = 300
"""Most pictures that are collected from a recovery point on until the picture is whole."""
MAX_UNDECIDED_BYTES = 64 << 10
"""Most bytes of a fragmented unit within which a start code and a picture are sought."""

_START = b"\x00\x00\x00\x01"
_START_CODE = b"\x00\x00\x01"


class NalAssembler(KeyframeAssembler):
    """The common part of H.264 and H.265: NAL units, alone in a packet, several in one, or one in several.

    A unit may hold further ones behind start codes (Annex B), as careless cameras send them. `found_codec` is that
    of the first parameter set in the stream; empty before there is one.
    """

    header_size: int
    """Bytes of a NAL unit's header."""
    type_shift: int
    """Position of the unit type in the header's first byte."""
    type_mask: int
    """Mask of the unit type, after the shift."""
    packet_types: int
    """The first type that is no NAL unit but a packet of several, or of a part."""
    fragments: frozenset[int]
    """Types of packets that hold a part of a unit."""
    sets: frozenset[int]
    """Unit types that are kept with the parameter sets."""
    pictures: frozenset[int]
    """Unit types that hold a picture, or a slice of one."""
    keys: frozenset[int]
    """Unit types that hold a keyframe."""
    sei: int
    """The unit type whose messages may hold a recovery point."""
    trailing: frozenset[int]
    """Unit types other than pictures that may follow a picture's slices, and still belong to it."""

    def __init__(self, parameter_sets: Iterable[bytes] = ()) -> None:
        super().__init__()
        self._parameter_sets = ParameterSets(self.codec, ((self._type(nal[0]), nal) for nal in parameter_sets))
        self.found_codec = ""
        self._order = -1
        self._recovery: int | None = None
        self._recovery_unit = b""
        self._pictures_left = 0
        self._sequence_damaged = False
        self._in_picture = False
        self._undecided: bytearray | None = None
        self._scanned = 0

    @property
    def parameter_sets(self) -> list[bytes]:
        """The parameter sets that are known, in the order in which a decoder needs them."""
        return self._parameter_sets.in_order()

    def begin(self) -> None:
        """Begin a new access unit."""
        if self.continues:
            self.kind = UNDECIDED
        else:
            super().begin()
        self._recovery = None
        self._in_picture = False
        self._undecided = None

    def finish(self, *, damaged: bool) -> None:
        """End the access unit, which is a keyframe, or follows one that `continues`."""
        self._sequence_damaged |= damaged
        if self._collecting and self._pictures_left:
            self._pictures_left -= 1
            self.continues = True
            return
        damaged, self._sequence_damaged = self._sequence_damaged, False
        super().finish(damaged=damaged)

    def begins_picture(self, buffer: bytes, start: int, end: int) -> bool:
        """Return whether the payload of a packet begins a picture, by the first bit of its first slice header."""
        if end - start <= self.header_size + 1:
            return False
        kind = self._type(buffer[start])
        if kind in self.fragments:
            at = start + self.header_size
            if not buffer[at] & 0x80:
                return False
            kind, content = buffer[at] & self.type_mask, at + 1 + self._order_bytes(kind)
        elif kind >= self.packet_types:
            at, _ = next(self._units(buffer, start, end), (end, end))
            kind, content = self._type(buffer[at]) if at < end else kind, at + self.header_size
        else:
            content = start + self.header_size
        if kind in self.pictures:
            return content < end and buffer[content] & 0x80 != 0
        return kind not in self.trailing

    def add_payload(self, buffer: bytes, start: int, end: int) -> bool:
        """Process the payload of one packet, and return whether the unit's next one is needed too."""
        if end - start > self.header_size + 1:
            if (
                self.kind == UNDECIDED
                and self._recovery is None
                and not self._collecting
                and self._begins_delta(buffer, start)
            ):
                self.kind = DELTA  # most packets that are looked at: the rest would come to the same
                return False
            if not self.found_codec:
                self.found_codec = codec_of(buffer, start, end)
            if self.found_codec not in {"", self.codec}:
                return False  # nothing that follows is what it looks like
            kind = self._type(buffer[start])
            if kind in self.fragments:
                self._add_fragment(kind, buffer, start, end)
            elif kind < self.packet_types:
                self._add_unit(buffer, start, end)
            else:
                self._add_aggregate(buffer, start, end)
        return self._collecting or self.kind == UNDECIDED

    def _begins_delta(self, buffer: bytes, start: int) -> bool:
        """Return whether a packet begins a picture that needs others; False also if that takes a closer look."""
        raise NotImplementedError

    def _type(self, byte: int) -> int:
        return byte >> self.type_shift & self.type_mask

    def _order_bytes(self, kind: int) -> int:
        """Return how many bytes of a decoding order number stand in the first fragment of a packet type."""
        raise NotImplementedError

    def _units(self, buffer: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Iterate over the positions of the units in an aggregation packet, up to a damaged size."""
        raise NotImplementedError

    def _notice_order(self, buffer: bytes, at: int, end: int) -> None:
        """Notice the decoding order number at a position: a smaller one than before is out of order."""
        if at + 2 > end:
            return
        number = buffer[at] << 8 | buffer[at + 1]
        if self._order >= 0 and (number - self._order) & 0xFFFF > 0x7FFF:
            self.problem = detail("interleaved_units")
        self._order = number

    def _add_aggregate(self, buffer: bytes, start: int, end: int) -> None:
        for at, stop in self._units(buffer, start, end):
            if stop - at > self.header_size:
                self._add_unit(buffer, at, stop)

    def _add_unit(self, buffer: bytes, start: int, end: int) -> None:
        """Process one NAL unit, or several with start codes between them."""
        kind = self._type(buffer[start])
        content = start + self.header_size
        if kind in self.pictures and self._is_header(buffer, start):
            self._classify_picture(kind, buffer[content] if content < end else 0)
            if self._collecting:
                self._append(_START, buffer[start:end])
        elif buffer.find(_START_CODE, start, end) >= 0:
            self._undecided, self._scanned = bytearray(buffer[start:end]), 0
            self._scan(last=True)
            self._in_picture, self._undecided = False, None
        elif kind in self.sets:
            self._parameter_sets.add(kind, buffer[start:end])
        elif kind == self.sei and self.kind == UNDECIDED:
            count = recovery_count(self.codec, buffer[content:end])
            if count is not None:
                self._recovery, self._recovery_unit = count, buffer[start:end]

    def _is_header(self, buffer: bytes, start: int) -> bool:
        """Return whether a header that names a picture is one: a start code looks like one of H.265's."""
        return self.header_size == 1 or buffer[start + 1] & 7 != 0  # nuh_temporal_id_plus1

    def _classify_picture(self, kind: int, first_byte: int) -> None:
        """Decide the access unit's kind by its first picture unit, and begin to collect a keyframe."""
        if self.kind == KEYFRAME or (self.kind == DELTA and kind not in self.keys):
            return
        whole = kind in self.keys or self._is_intra(first_byte)
        if not whole and self._recovery is None:
            self.kind = DELTA
            return
        self.kind = KEYFRAME
        if self.continues and whole:
            self._discard()  # a refresh in progress is not waited for any more
        if self._deliver is None or self._collecting:
            return
        self._collecting, self._sequence_damaged = True, False
        self._pictures_left = 0 if whole else max(0, min(self._recovery or 0, MAX_REFRESH_PICTURES))
        for parameter_set in self.parameter_sets:
            self._append(_START, parameter_set)
        if not whole:
            self._append(_START, self._recovery_unit)  # without it the decoder marks all pictures as corrupt

    def _is_intra(self, byte: int) -> bool:
        """Return whether a slice needs no other picture although it is not an IDR, by its first byte."""
        raise NotImplementedError

    def _add_fragment(self, kind: int, buffer: bytes, start: int, end: int) -> None:
        """Process a part of a unit. Only the first one's type counts: some cameras name another in the rest."""
        at = start + self.header_size
        header, content = buffer[at], at + 1
        if header & 0x80:
            self._begin_fragmented(buffer, start, end, self._order_bytes(kind))
        elif self._in_picture:
            if self._collecting:
                self._append(buffer[content:end])
        elif self._undecided is not None:
            self._undecided += buffer[content:end]
            self._scan()
        elif (lost := header & self.type_mask) in self.pictures:
            if self.kind == UNDECIDED and lost in self.keys:
                self._classify_picture(lost, 0)
            elif self.kind == UNDECIDED:
                self.kind = DELTA  # without its slice header, nothing better is known
            self._broken = True
        if header & 0x40:
            if self._undecided is not None:
                self._scan(last=True)
            self._in_picture, self._undecided = False, None

    def _begin_fragmented(self, buffer: bytes, start: int, end: int, order_bytes: int) -> None:
        at = start + self.header_size
        kind, content = buffer[at] & self.type_mask, at + 1 + order_bytes
        if order_bytes:
            self._notice_order(buffer, at + 1, end)
        self._in_picture, self._undecided = False, None
        if kind in self.pictures and self._is_header(buffer, start):
            self._in_picture = True
            self._classify_picture(kind, buffer[content] if content < end else 0)
            if self._collecting:
                self._append(_START, self._unit_header(buffer[start:at], kind), buffer[content:end])
        else:
            self._undecided = bytearray(self._unit_header(buffer[start:at], kind) + buffer[content:end])
            self._scanned = 0
            self._scan()

    def _scan(self, *, last: bool = False) -> None:
        """Process the units in `_undecided` that a start code ends, and the rest if it is the `last` of it.

        The end of a picture unit is not awaited: what follows is collected as it comes.
        """
        data = self._undecided
        while data is not None and (found := data.find(_START_CODE, self._scanned)) >= 0:
            self._add_embedded(bytes(data[:found]).rstrip(b"\x00"))
            del data[: found + 3]
            self._scanned = 0
            if len(data) > self.header_size and self._type(data[0]) in self.pictures:
                self._add_unit(bytes(data), 0, len(data))
                self._in_picture, self._undecided = True, None
                return
        if data is None:
            return
        self._scanned = max(0, len(data) - 2)
        if last:
            self._add_embedded(bytes(data))
        elif len(data) > MAX_UNDECIDED_BYTES:
            self._undecided = None

    def _add_embedded(self, unit: bytes) -> None:
        if len(unit) > self.header_size and _START_CODE not in unit:
            self._add_unit(unit, 0, len(unit))

    def _unit_header(self, header: bytes, kind: int) -> bytes:
        """Rebuild the header of a fragmented unit from that of a fragment."""
        first = header[0] & ~(self.type_mask << self.type_shift) & 0xFF
        return bytes((first | kind << self.type_shift,)) + header[1:]


class H264Assembler(NalAssembler):
    """H.264 (RFC 6184), with the NAL unit types of its table 7-1 and the packet types of RFC 6184's table 1."""

    codec = "h264"
    header_size, type_shift, type_mask = 1, 0, 0x1F
    packet_types, fragments = 24, frozenset({28, 29})
    sets = frozenset({7, 8, 13, 15})
    pictures, keys = frozenset(range(1, 6)), frozenset({5})
    sei, trailing = 6, frozenset({0, 10, 11, 12, 19, 20, 21})

    _AGGREGATES: ClassVar = {24: (1, 0), 25: (3, 0), 26: (3, 3), 27: (3, 4)}
    """For STAP-A, STAP-B, MTAP16 and MTAP24: bytes before the first unit's size, and between size and unit."""

    def _begins_delta(self, buffer: bytes, start: int) -> bool:
        kind = buffer[start] & 0x1F
        if kind == 1:
            return not self._is_intra(buffer[start + 1])
        return kind == 28 and buffer[start + 1] & 0x9F == 0x81 and not self._is_intra(buffer[start + 2])

    def _is_intra(self, byte: int) -> bool:
        # first_mb_in_slice 0 and slice_type 7 or 2, both Exp-Golomb (7.3.3, 9.1): an I picture that is not an IDR,
        # which cameras with an open GOP send.
        return byte == 0x88 or byte >> 4 == 0xB

    def _order_bytes(self, kind: int) -> int:
        return 2 if kind == 29 else 0  # FU-B

    def _units(self, buffer: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
        layout = self._AGGREGATES.get(buffer[start] & 0x1F)
        if layout is None:
            return iter(())
        if layout[0] > 1:
            self._notice_order(buffer, start + 1, end)
        return _sized_units(buffer, start + layout[0], end, between=layout[1])


class H265Assembler(NalAssembler):
    """H.265 (RFC 7798), with the NAL unit types of its table 7-1: keyframes are the IRAP pictures, 16 to 23.

    `has_order` says that packets hold decoding order numbers (sprop-max-don-diff above 0: RFC 7798, 4.4).
    """

    codec = "h265"
    header_size, type_shift, type_mask = 2, 1, 0x3F
    packet_types, fragments = 48, frozenset({49})
    sets = frozenset({32, 33, 34})
    pictures, keys = frozenset(range(32)), frozenset(range(16, 24))
    sei, trailing = 39, frozenset({36, 37, 38, 40, 45, 46, 47})

    def __init__(self, parameter_sets: Iterable[bytes] = (), *, has_order: bool = False) -> None:
        super().__init__(parameter_sets)
        self._has_order = has_order

    def add_payload(self, buffer: bytes, start: int, end: int) -> bool:
        """Process the payload of one packet, and return whether the unit's next one is needed too."""
        if self._needs_unwrapping(buffer, start, end):
            buffer = self._unwrapped(buffer, start, end)
            start, end = 0, len(buffer)
        return super().add_payload(buffer, start, end)

    def begins_picture(self, buffer: bytes, start: int, end: int) -> bool:
        """Return whether the payload of a packet begins a picture, by the first bit of its first slice header."""
        if self._needs_unwrapping(buffer, start, end):
            buffer = self._unwrapped(buffer, start, end)
            start, end = 0, len(buffer)
        return super().begins_picture(buffer, start, end)

    def _needs_unwrapping(self, buffer: bytes, start: int, end: int) -> bool:
        """Return whether it is a PACI packet, or a single unit with an order number."""
        if end - start < 5:
            return False
        kind = self._type(buffer[start])
        return kind == 50 or (self._has_order and kind < self.packet_types)

    def _unwrapped(self, buffer: bytes, start: int, end: int) -> bytes:
        """Return the packet in a PACI packet (RFC 7798, 4.4.4), and a single unit without its order number."""
        if self._type(buffer[start]) == 50:
            paci = buffer[start + 2] << 8 | buffer[start + 3]
            # The type of what is inside stands in the PACI's header, and its extension's size behind that.
            first = paci >> 8 & 0x80 | (paci >> 9 & 0x3F) << 1 | buffer[start] & 1
            buffer = bytes((first, buffer[start + 1])) + buffer[start + 4 + (paci >> 4 & 0x1F) : end]
            start, end = 0, len(buffer)
        if self._has_order and self._type(buffer[start]) < self.packet_types:
            self._notice_order(buffer, start + 2, end)
            return buffer[start : start + 2] + buffer[start + 4 : end]
        return buffer[start:end]

    def _begins_delta(self, buffer: bytes, start: int) -> bool:
        kind = buffer[start] >> 1 & 0x3F
        if kind == 49 and buffer[start + 2] & 0x80:
            kind = buffer[start + 2] & 0x3F
        return kind < 16 and self._is_header(buffer, start)

    def _is_intra(self, byte: int) -> bool:  # noqa: ARG002 # its slice header cannot be read without the PPS
        return False

    def _order_bytes(self, kind: int) -> int:  # noqa: ARG002 # there is one kind
        return 2 if self._has_order else 0

    def _units(self, buffer: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
        if self._type(buffer[start]) != 48:
            return iter(())
        # The first unit has an order number of two bytes, each later one a difference of one byte (4.4.2).
        order = 1 if self._has_order else 0
        if order:
            self._notice_order(buffer, start + 2, end)
        return _sized_units(buffer, start + 2 + 2 * order, end, after=order)


def _sized_units(
    buffer: bytes, at: int, end: int, *, between: int = 0, after: int = 0
) -> Iterator[tuple[int, int]]:
    """Iterate over the positions of units that each stand behind their size.

    `between` bytes stand between a size and its unit, and `after` bytes after a unit.
    """
    while at + 2 + between < end:
        begin = at + 2 + between
        stop = begin + (buffer[at] << 8 | buffer[at + 1])
        if stop > end or stop <= begin:
            return
        yield begin, stop
        at = stop + after

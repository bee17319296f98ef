"""JPEG pictures from RTP payloads (RFC 2435); the headers that RTP leaves out are generated."""

import struct
from functools import cache

from pantau_agent.rtsp.access_unit import KEYFRAME, UNDECIDED, KeyframeAssembler
from pantau_contract.words.evidence import NO_DETAIL, Detail, detail

_ZIGZAG_LUMA = bytes.fromhex(
    "100b0c0e0c0a100e0d0e1211101318281a181616183123251d283a333d3c3933"
    "383740485c4e404457453738506d51575f626768673e4d71797064785c656763"
)
_ZIGZAG_CHROMA = bytes.fromhex(
    "1112121815182f1a1a2f63423842636363636363636363636363636363636363"
    "6363636363636363636363636363636363636363636363636363636363636363"
)
"""JPEG's example tables K.1 and K.2 (ITU-T T.81) in zigzag order, which `Q` scales (RFC 2435, appendix A)."""

_HUFFMAN = bytes.fromhex(
    "ffc4001f0000010501010101010100000000000000000102030405060708090a0b"
    "ffc400b5100002010303020403050504040000017d"
    "01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728292a"
    "3435363738393a434445464748494a535455565758595a636465666768696a737475767778797a838485868788898a929394"
    "95969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8"
    "e9eaf1f2f3f4f5f6f7f8f9fa"
    "ffc4001f0100030101010101010101010000000000000102030405060708090a0b"
    "ffc400b51100020102040403040705040400010277"
    "000102031104052131061241510761711322328108144291a1b1c109233352f0156272d10a162434e125f11718191a262728"
    "292a35363738393a434445464748494a535455565758595a636465666768696a737475767778797a82838485868788898a92"
    "939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7"
    "e8e9eaf2f3f4f5f6f7f8f9fa"
)
"""JPEG's typical Huffman tables K.3 to K.6, as DHT segments."""

MAX_SIDE = 2040
"""Longest side in pixels that RFC 2435 has room for (section 3.1.5)."""


class JpegAssembler(KeyframeAssembler):
    """JPEG of RFC 2435's types 0, 1, 64 and 65. Damaged pictures are not delivered.

    Every access unit is a keyframe, unless its first packet is missing: then it is no picture.
    `described` is the size in the session description, if there is one: RTP's has no room for over 2040 pixels.
    `width` and `height` are the stream's; 0 while they are unknown.
    """

    codec = "mjpeg"

    def __init__(self, described: tuple[int, int] | None = None) -> None:
        super().__init__()
        self._described = described
        self.width = self.height = 0
        self._expected = 0
        self._tables: dict[int, bytes] = {}

    def add_payload(self, buffer: bytes, start: int, end: int) -> bool:
        """Process the payload of one packet, and return whether the unit's next one is needed too."""
        if end - start < 8:
            return self._collecting or self.kind == UNDECIDED
        offset = int.from_bytes(buffer[start + 1 : start + 4])
        if self.kind == UNDECIDED:
            if offset != 0:
                return False  # without its first packet it is no picture, and cannot be shown
            self.kind = KEYFRAME
            self.width, self.height = self._size(buffer[start + 6], buffer[start + 7])
            self._expected = 0
            self._collecting = self._deliver is not None
        if self._collecting:
            self._collect(buffer, start, end, offset)
        return self._collecting

    def begins_picture(self, buffer: bytes, start: int, end: int) -> bool:
        """Return whether the payload of a packet begins a picture: its data stands at offset 0."""
        return end - start >= 8 and buffer[start + 1 : start + 4] == b"\x00\x00\x00"

    def finish(self, *, damaged: bool) -> None:
        """End the picture."""
        if damaged:
            self._discard()  # a gap in entropy-coded data shifts all that follows it
        super().finish(damaged=False)

    def _size(self, width: int, height: int) -> tuple[int, int]:
        """Return the size in pixels by the packet's fields, which are in units of 8 pixels.

        A side over 2040 pixels is sent as 0, or without its higher bits; then the description's size counts.
        """
        if self._described is not None and max(self._described) > MAX_SIDE:
            return self._described
        return width * 8, height * 8

    def _collect(self, buffer: bytes, start: int, end: int, offset: int) -> None:
        kind, quality = buffer[start + 4], buffer[start + 5]
        at = start + 8
        restart = 0
        if 64 <= kind <= 127:
            restart = buffer[at] << 8 | buffer[at + 1] if at + 4 <= end else 0
            at += 4
        if offset == 0:
            if quality >= 128:
                at = self._read_tables(buffer, at, end, quality)
            tables = self._tables.get(quality, b"") if quality >= 128 else quantisation(quality)
            self.problem = self._problem_of(kind, tables)
            if self.problem:
                self._discard()
                return
            self._append(header(kind & 63, self.width, self.height, tables, restart))
        if offset != self._expected or at > end:
            self._discard()
            return
        self._expected += end - at
        self._append(buffer[at:end])

    def _problem_of(self, kind: int, tables: bytes) -> Detail:
        if not (self.width and self.height):
            return detail("jpeg_without_size", limit=MAX_SIDE)
        if kind & 63 > 1:
            return detail("jpeg_type", type=kind)
        return NO_DETAIL if len(tables) == 128 else detail("jpeg_without_tables")

    def _read_tables(self, buffer: bytes, at: int, end: int, quality: int) -> int:
        """Save the packet's quantisation tables, if it has any (3.1.8), and return where its data begins."""
        if at + 4 > end:
            return end + 1
        precision, length = buffer[at + 1], buffer[at + 2] << 8 | buffer[at + 3]
        at += 4
        if length == 128 and precision == 0:
            self._tables[quality] = buffer[at : at + 128]
        elif length == 64 and precision == 0:
            self._tables[quality] = buffer[at : at + 64] * 2
        return at + length

    def _assemble(self) -> bytes:
        data = super()._assemble()
        return data if data.endswith(b"\xff\xd9") else data + b"\xff\xd9"


@cache
def quantisation(quality: int) -> bytes:
    """Return both tables for a `Q` from 1 to 99 (RFC 2435, section 4.2), 128 bytes; empty for a reserved `Q`."""
    if not 1 <= quality <= 99:
        return b""
    factor = 5000 // quality if quality < 50 else 200 - 2 * quality
    return bytes(min(max((value * factor + 50) // 100, 1), 255) for value in _ZIGZAG_LUMA + _ZIGZAG_CHROMA)


def header(kind: int, width: int, height: int, tables: bytes, restart: int = 0) -> bytes:
    """Return a JPEG's headers before its entropy-coded data: SOI, DRI, DQT, SOF0, DHT, SOS (RFC 2435, B)."""
    parts = [b"\xff\xd8"]
    if restart:
        parts.append(struct.pack(">HHH", 0xFFDD, 4, restart))
    parts += [struct.pack(">HHB", 0xFFDB, 67, at // 64) + tables[at : at + 64] for at in (0, 64)]
    sampling = 0x21 if kind == 0 else 0x22  # 4:2:2 or 4:2:0
    components = bytes((1, sampling, 0, 2, 0x11, 1, 3, 0x11, 1))
    parts.append(struct.pack(">HHBHHB", 0xFFC0, 17, 8, height, width, 3) + components)
    parts.append(_HUFFMAN)
    parts.append(struct.pack(">HHB", 0xFFDA, 12, 3) + bytes((1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0)))
    return b"".join(parts)

"""Takes from a JPEG what shows the picture, and nothing else (ITU-T T.81, annex B).

What a camera cluster sends is shown to people and mailed on. Comments, metadata, and whatever somebody appended
behind the picture's end are left out.
"""

import re
from collections.abc import Iterator

from pantau_contract.errors import ContractError

_EOI, _SOS = 0xD9, 0xDA
_START, _END = b"\xff\xd8", b"\xff\xd9"
_FRAMES = {0xC0, 0xC1, 0xC2}
"""Frame headers (SOF) of baseline, extended and progressive pictures, which every program shows."""
_TABLES = {0xC4, 0xDB, 0xDD}
"""Segments that a picture needs: Huffman and quantisation tables, and the restart interval."""
_JFIF, _ADOBE = 0xE0, 0xEE
_MARKER = re.compile(rb"\xff{1,16}[^\x00\xff]")
"""A marker between segments, with fill bytes before it."""
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""A marker within coded data: stuffed zeros, restart markers and fill bytes are none."""
_MAX_SEGMENTS = 500
"""Segments of a picture at most; a progressive one has some dozens."""
_MAX_PIXELS = 50_000_000
"""Pixels at most; a viewer needs memory for all of them."""


def only_picture(data: bytes) -> bytes:
    """Return the JPEG without comments and metadata, up to its end.

    Raises:
        ContractError: the bytes are not one whole JPEG.
    """
    if data[:2] != _START:
        raise ContractError("the picture is not a JPEG")
    parts, has_frame, has_scan = [_START], False, False
    for marker, content, segment in _segments(data):
        if marker in _FRAMES:
            _check_size(content)
            has_frame = True
        has_scan |= has_frame and marker == _SOS
        if _is_needed(marker, content):
            parts.append(segment)
    if not has_scan:
        raise ContractError("the picture is not a JPEG: it has no frame, or no coded data")
    return b"".join((*parts, _END))


def _segments(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield each segment up to the picture's end: its marker, its content, and the whole of it with coded data."""
    at = len(_START)
    for _ in range(_MAX_SEGMENTS):
        marker, at = _marker(data, at)
        if marker == _EOI:
            return
        end = at + int.from_bytes(data[at : at + 2])
        if end < at + 2 or end > len(data):
            raise ContractError("the picture is not whole, or not a JPEG: a segment is longer than the picture")
        content = data[at + 2 : end]
        if marker == _SOS:
            following = _NEXT_MARKER.search(data, end)
            if following is None:
                raise ContractError("the picture is not whole: its end is missing")
            end = following.start()
        yield marker, content, bytes((0xFF, marker)) + data[at:end]
        at = end
    raise ContractError(f"the picture has more than {_MAX_SEGMENTS} segments")


def _marker(data: bytes, at: int) -> tuple[int, int]:
    """Return the marker at a position, and where its segment's length stands."""
    found = _MARKER.match(data, at)
    if found is None:
        raise ContractError("the picture is not whole, or not a JPEG: a segment is missing where one is due")
    return data[found.end() - 1], found.end()


def _check_size(frame: bytes) -> None:
    height, width = int.from_bytes(frame[1:3]), int.from_bytes(frame[3:5])
    if not 0 < height * width <= _MAX_PIXELS:
        raise ContractError(f"the picture has {width} x {height} pixels; expected up to {_MAX_PIXELS:,}")


def _is_needed(marker: int, content: bytes) -> bool:
    """Return True for a segment without which the picture would not be shown, or in other colours."""
    if marker == _JFIF:
        return content[:5] == b"JFIF\0" and len(content) == 14  # without a thumbnail
    if marker == _ADOBE:
        return content[:5] == b"Adobe" and len(content) == 12
    return marker == _SOS or marker in _FRAMES or marker in _TABLES

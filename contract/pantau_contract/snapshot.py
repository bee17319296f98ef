"""Snapshots: JPEGs that carry site, camera, time, state and cause in their EXIF.

The EXIF block is a TIFF 6.0 structure in a JPEG APP1 segment (CIPA DC-008, "Exif 2.32", 4.5 and 4.7). The five
facts are JSON in ImageDescription; DateTime repeats the time for ordinary picture viewers.
"""

import struct
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice

import msgspec
from msgspec import Struct, structs

from pantau_contract.errors import ContractError
from pantau_contract.messages import Slug, Time
from pantau_contract.printable import printable_line
from pantau_contract.states import STAND_INS, WIRE_NAMES, Cause, State

MAX_SNAPSHOT = 2 << 20
"""Bytes of the largest snapshot that is accepted."""

MAX_SEGMENTS = 64
"""Segments of a JPEG that are searched for its EXIF; `stamp` puts it into the first."""

_SOI = b"\xff\xd8"
_EXIF = b"Exif\x00\x00"
_IMAGE_DESCRIPTION = 0x010E
_SOFTWARE = 0x0131
_DATE_TIME = 0x0132
_ASCII = 2


class SnapshotMetadata(Struct, frozen=True):
    """The facts that a snapshot carries."""

    site: Slug
    camera: Slug
    time: Time
    state: State
    cause: Cause | None = None


def stamp(jpeg: bytes, about: SnapshotMetadata) -> bytes:
    """Return the JPEG with `about` in its EXIF, which replaces any EXIF that it had.

    Raises:
        ContractError: the bytes are not a JPEG.
    """
    if jpeg[:2] != _SOI:
        raise ContractError("the picture is not a JPEG")
    when = datetime.fromtimestamp(about.time / 1000, UTC).strftime("%Y:%m:%d %H:%M:%S")
    cause = STAND_INS.get(about.cause, about.cause) if about.cause is not None else None
    about = structs.replace(about, cause=WIRE_NAMES.get(cause, cause) if cause is not None else None)
    exif = _EXIF + _tiff(
        [
            (_IMAGE_DESCRIPTION, msgspec.json.encode(about)),
            (_SOFTWARE, b"pantau"),
            (_DATE_TIME, when.encode()),
        ]
    )
    return b"".join((_SOI, b"\xff\xe1", struct.pack(">H", len(exif) + 2), exif, _without_exif(jpeg)))


def read_stamp(jpeg: bytes) -> SnapshotMetadata:
    """Return the facts that a snapshot carries.

    Raises:
        ContractError: it is too large, not a JPEG, or has no EXIF of `stamp`.
    """
    if len(jpeg) > MAX_SNAPSHOT:
        raise ContractError(f"snapshot of {len(jpeg)} bytes is over the limit of {MAX_SNAPSHOT}")
    if jpeg[:2] != _SOI:
        raise ContractError("the snapshot is not a JPEG")
    for marker, start, end in islice(_segments(jpeg), MAX_SEGMENTS):
        if marker == 0xE1 and jpeg[start : start + 6] == _EXIF:
            try:
                return msgspec.json.decode(_image_description(jpeg[start + 6 : end]), type=SnapshotMetadata)
            except (struct.error, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                why = printable_line(str(error))
                raise ContractError(f"the snapshot's EXIF cannot be read: {why}") from None
    raise ContractError("the snapshot carries no EXIF")


def _tiff(entries: list[tuple[int, bytes]]) -> bytes:
    """Return a big-endian TIFF with one directory of ASCII entries, each longer than four bytes."""
    head = b"MM\x00\x2a" + struct.pack(">I", 8)
    directory = struct.pack(">H", len(entries))
    offset = 8 + 2 + 12 * len(entries) + 4
    values = b""
    for tag, text in entries:
        value = text + b"\x00"
        directory += struct.pack(">HHII", tag, _ASCII, len(value), offset + len(values))
        values += value + b"\x00" * (len(value) % 2)
    return head + directory + struct.pack(">I", 0) + values


def _image_description(tiff: bytes) -> bytes:
    order = {b"MM": ">", b"II": "<"}.get(tiff[:2])
    if order is None:
        raise ContractError("the snapshot's EXIF has no byte order")
    (at,) = struct.unpack_from(order + "I", tiff, 4)
    (count,) = struct.unpack_from(order + "H", tiff, at)
    for i in range(count):
        tag, kind, size, offset = struct.unpack_from(order + "HHII", tiff, at + 2 + 12 * i)
        if tag == _IMAGE_DESCRIPTION and kind == _ASCII:
            return tiff[offset : offset + size].rstrip(b"\x00")
    raise ContractError("the snapshot's EXIF has no ImageDescription")


def _segments(jpeg: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield `(marker, start, end)` of each segment's content before the picture data, up to a damaged header."""
    at = 2
    while at + 4 <= len(jpeg) and jpeg[at] == 0xFF:
        marker = jpeg[at + 1]
        end = at + 2 + int.from_bytes(jpeg[at + 2 : at + 4])
        if marker == 0xDA or end > len(jpeg) or end < at + 4:
            break
        yield marker, at + 4, end
        at = end


def _without_exif(jpeg: bytes) -> bytes:
    """Return everything after SOI except EXIF segments."""
    parts: list[bytes] = []
    at = 2
    for marker, start, end in _segments(jpeg):
        if marker == 0xE1 and jpeg[start : start + 6] == _EXIF:
            parts.append(jpeg[at : start - 4])
            at = end
    parts.append(jpeg[at:])
    return b"".join(parts)

"""One record of the journal as bytes, and the search for the next whole record after damage.

    magic (4) | CRC-32 (4) | size of topic and payload (4) | received_ms (8) | flags (1) | size of topic (2) |
    topic | payload

All integers are big-endian; the CRC covers all that follows it. Flags: 1 retained, 2 late, 4 undated. The magic
begins with 0xF5, which no UTF-8 text holds, so that a search for it rarely stops within a message.
"""

import errno
import os
import struct
import zlib
from dataclasses import dataclass
from typing import NamedTuple

from msgspec import Struct

MAGIC = b"\xf5PJ1"
"""The bytes with which every record begins."""
MAX_BODY = 16 << 20
"""Bytes of topic and payload together at most; a record that claims more is damaged."""

_START = struct.Struct(">4sI")
_REST = struct.Struct(">IQBH")
_RETAINED, _LATE, _UNDATED = 1, 2, 4
HEAD_SIZE = _START.size + _REST.size
"""Bytes of a record before its topic."""
_CHUNK = 1 << 20
"""Bytes read from a file at once."""
_PAGE = 4096
"""Bytes of the smallest part of a file whose reading the disk may refuse."""
_MAX_READ = 8 << 20
"""Bytes after which `read_span` returns what it has."""


class Record(Struct, frozen=True):
    """A message as it arrived. `received_ms` is UTC epoch milliseconds by the collector's clock.

    `retained`: the broker had kept the message and handed it over when we subscribed. It describes the past, and
    does not prove that its sender is alive. `late`: its content is much older than its arrival, because its sender
    had been cut off. `undated`: its sender's clock was not set.
    """

    received_ms: int
    topic: str
    payload: bytes
    retained: bool = False
    late: bool = False
    undated: bool = False


@dataclass(frozen=True, slots=True)
class Damage:
    """A stretch of the journal, `size` bytes from `position`, that holds no readable record."""

    position: int
    size: int
    reason: str

    def __str__(self) -> str:
        return f"{self.size} bytes at position {self.position} {self.reason}"


class CutShortError(Exception):
    """The bytes end before the record does; `needed` bytes from its beginning are required."""

    def __init__(self, needed: int) -> None:
        super().__init__(needed)
        self.needed = needed


class DamagedError(Exception):
    """There is no whole record here."""


def encode(record: Record) -> bytes:
    """Return a record as bytes.

    Raises:
        ValueError: its topic and payload are larger than `MAX_BODY`.
    """
    topic = record.topic.encode()
    size = len(topic) + len(record.payload)
    if size > MAX_BODY or len(topic) > 0xFFFF:
        raise ValueError(
            f"a record of {size} bytes is over the journal's limit of {MAX_BODY}: {record.topic[:80]!r}"
        )
    flags = _RETAINED * record.retained | _LATE * record.late | _UNDATED * record.undated
    rest = _REST.pack(size, record.received_ms, flags, len(topic))
    crc = zlib.crc32(record.payload, zlib.crc32(topic, zlib.crc32(rest)))
    return b"".join((_START.pack(MAGIC, crc), rest, topic, record.payload))


def decode(buffer: bytes, at: int) -> tuple[Record, int]:
    """Return the record at offset `at` and its size in bytes.

    Raises:
        CutShortError: the buffer ends within the record.
        DamagedError: magic, size or CRC is wrong.
    """
    if len(buffer) - at < HEAD_SIZE:
        raise CutShortError(HEAD_SIZE)
    magic, crc = _START.unpack_from(buffer, at)
    size, received_ms, flags, topic_size = _REST.unpack_from(buffer, at + _START.size)
    if magic != MAGIC or size > MAX_BODY or topic_size > size:
        raise DamagedError
    end = at + HEAD_SIZE + size
    if len(buffer) < end:
        raise CutShortError(HEAD_SIZE + size)
    if zlib.crc32(memoryview(buffer)[at + _START.size : end]) != crc:
        raise DamagedError
    body = at + HEAD_SIZE
    topic = buffer[body : body + topic_size].decode(errors="replace")
    payload = buffer[body + topic_size : end]
    marks = (bool(flags & flag) for flag in (_RETAINED, _LATE, _UNDATED))
    return Record(received_ms, topic, payload, *marks), HEAD_SIZE + size


def decode_received(head: bytes) -> int:
    """Return `received_ms` from a record's head, without checking the rest of the record.

    Raises:
        DamagedError: the bytes are not a record's head.
    """
    if len(head) < HEAD_SIZE or not head.startswith(MAGIC):
        raise DamagedError
    _, received_ms, _, _ = _REST.unpack_from(head, _START.size)
    return int(received_ms)


class Span(NamedTuple):
    """Records read from one segment, the offset after them, and the damage skipped as `(offset, size)`."""

    records: list[Record]
    offset: int
    skipped: list[tuple[int, int]]


def read_span(file: int, offset: int, bound: int, limit: int) -> Span:
    """Read up to `limit` records, or about 8 MB, of a segment's file between `offset` and `bound`.

    Damage is skipped up to the next whole record. Bytes at the end that hold no whole record are not skipped: the
    returned offset lies before them, because only the caller knows whether they are damaged or unfinished.
    """
    records: list[Record] = []
    skipped: list[tuple[int, int]] = []
    first = offset
    base, buffer = offset, b""
    while offset < bound and len(records) < limit and offset - first < _MAX_READ:
        try:
            record, size = decode(buffer, offset - base)
        except CutShortError as short:
            if offset + short.needed <= bound:
                base = offset
                buffer = _pread(file, min(max(_CHUNK, short.needed), bound - offset), offset)
                if len(buffer) >= short.needed:
                    continue
                bound = offset + len(buffer)  # the file is shorter than its reported size
        except DamagedError:
            pass
        else:
            records.append(record)
            offset += size
            continue
        found = find_record(file, offset + 1, bound)
        if found is None:
            break
        skipped.append((offset, found - offset))
        offset = found
    return Span(records, offset, skipped)


def _pread(file: int, size: int, offset: int) -> bytes:
    """Read bytes; pages that the disk can no longer read become zeros, which fail every CRC."""
    try:
        return os.pread(file, size, offset)
    except OSError as error:
        if error.errno != errno.EIO:
            raise
    if size <= _PAGE:
        return bytes(size)
    return b"".join(_pread(file, min(_PAGE, size - at), offset + at) for at in range(0, size, _PAGE))


def find_record(file: int, offset: int, bound: int) -> int | None:
    """Return the offset of the next whole record, or None if there is none before `bound`."""
    while offset + HEAD_SIZE <= bound:
        buffer = _pread(file, min(_CHUNK, bound - offset), offset)
        at = buffer.find(MAGIC)
        while at >= 0:
            if _is_record(file, offset + at, bound):
                return offset + at
            at = buffer.find(MAGIC, at + 1)
        if len(buffer) < len(MAGIC):
            break
        offset += len(buffer) - len(MAGIC) + 1
    return None


def _is_record(file: int, offset: int, bound: int) -> bool:
    needed = HEAD_SIZE
    while offset + needed <= bound:
        try:
            decode(_pread(file, needed, offset), 0)
        except DamagedError:
            return False
        except CutShortError as short:
            if short.needed <= needed:
                return False
            needed = short.needed
        else:
            return True
    return False

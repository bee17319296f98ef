"""One record of the journal as bytes, and how to find the next good one behind damage.

    magic (4) | CRC-32 (4) | size of topic and payload (4) | received_ms (8) | flags (1) | size of topic (2) |
    topic | payload

All integers are big-endian; the CRC covers all that follows it. Flags: 1 retained, 2 late, 4 undated. The magic
begins with 0xF5, which no UTF-8 text holds, so that a search for it seldom stops within a message.
"""

import errno
import os
import struct
import zlib
from dataclasses import dataclass
from typing import NamedTuple

from msgspec import Struct

MAGIC = b"\xf5PJ1"
MAX_BODY = 16 << 20
"""Largest topic and payload together, in bytes; a size beyond it is damage."""

_START = struct.Struct(">4sI")
_REST = struct.Struct(">IQBH")
_RETAINED, _LATE, _UNDATED = 1, 2, 4
HEAD_SIZE = _START.size + _REST.size
_CHUNK = 1 << 20
_PAGE = 4096
_MAX_READ = 8 << 20


class Record(Struct, frozen=True):
    """A message as it came. `received_ms` is UTC epoch milliseconds by the collector's clock.

    A `retained` one was kept by the broker and handed over when we subscribed: it says what was, and is no proof
    that its sender lives. A `late` one tells of a time long before it came: its sender had been cut off.
    An `undated` one comes of a clock that was not set.
    """

    received_ms: int
    topic: str
    payload: bytes
    retained: bool = False
    late: bool = False
    undated: bool = False


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes of the journal that hold no readable record: `size` of them from `position`."""

    position: int
    size: int
    reason: str

    def __str__(self) -> str:
        return f"{self.size} bytes at position {self.position} {self.reason}"


class CutShortError(Exception):
    """The bytes end before the record does; `needed` bytes are wanted from its beginning."""

    def __init__(self, needed: int) -> None:
        super().__init__(needed)
        self.needed = needed


class DamagedError(Exception):
    """There is no whole record here."""


def encode(record: Record) -> bytes:
    """The record as bytes.

    Raises:
        ValueError: its topic and payload are over `MAX_BODY`.
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
    """The record at `at` and its size in bytes.

    Raises:
        CutShortError: the buffer ends within it.
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
    told = (bool(flags & flag) for flag in (_RETAINED, _LATE, _UNDATED))
    return Record(received_ms, topic, payload, *told), HEAD_SIZE + size


def decode_received(head: bytes) -> int:
    """`received_ms` out of a record's head; the rest is not looked at.

    Raises:
        DamagedError: it is no head.
    """
    if len(head) < HEAD_SIZE or not head.startswith(MAGIC):
        raise DamagedError
    _, received_ms, _, _ = _REST.unpack_from(head, _START.size)
    return int(received_ms)


class Span(NamedTuple):
    """Records read from one segment: the offset behind them, and what was skipped as `(offset, size)`."""

    records: list[Record]
    offset: int
    skipped: list[tuple[int, int]]


def read_span(file: int, offset: int, bound: int, limit: int) -> Span:
    """Up to `limit` records and about 8 MB of a segment's file, from `offset` and before `bound`.

    Damage is skipped up to the next whole record. Bytes at the end that hold none are left: `offset` stays before
    them, for the caller knows whether they are damage or still being written.
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
                bound = offset + len(buffer)  # shorter than it was said to be
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
    """The bytes there; zeros for the pages that the disk can no longer read, which no CRC fits."""
    try:
        return os.pread(file, size, offset)
    except OSError as error:
        if error.errno != errno.EIO:
            raise
    if size <= _PAGE:
        return bytes(size)
    return b"".join(_pread(file, min(_PAGE, size - at), offset + at) for at in range(0, size, _PAGE))


def find_record(file: int, offset: int, bound: int) -> int | None:
    """Where the next whole record begins, or None."""
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

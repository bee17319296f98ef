"""Closed months as rows: documents that are compressed, and that are never changed or removed."""

import hashlib
import zlib
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, select

from pantau_collector.store.database import StoreError
from pantau_collector.store.schema import closed_documents, closed_months

MAX_BYTES = 500_000_000
"""Bytes of a document at most, before it is compressed: a city of ten thousand cameras has a fifth of it."""


class ClosedMonth(NamedTuple):
    """A month, as `2026-10`, and who closed it when (UTC ms), with which version of the program.

    `digest` is the SHA-256 of the digests of its documents, in the order of their names.
    """

    month: str
    timezone: str
    closed_ms: int
    by: str
    program: str
    digest: str = ""


class Packed(NamedTuple):
    """A document: its name, SHA-256 and size in bytes, and the content, compressed."""

    name: str
    digest: str
    size: int
    body: bytes


def pack(name: str, content: bytes) -> Packed:
    """Compress a document, which takes its time, outside of the transaction that saves it.

    Raises:
        StoreError: it is too large.
    """
    if len(content) > MAX_BYTES:
        raise StoreError(f"{name} has {len(content):,} bytes, and {MAX_BYTES:,} of a closed month can be kept")
    return Packed(name, hashlib.sha256(content).hexdigest(), len(content), zlib.compress(content))


def load_closed(connection: Connection, month: str) -> ClosedMonth | None:
    """Load who closed a month, or return None if nobody did."""
    row = connection.execute(select(closed_months).where(closed_months.c.month == month)).first()
    return None if row is None else ClosedMonth(*row)


def load_every_closed(connection: Connection) -> list[ClosedMonth]:
    """Load who closed which month, in order."""
    return [ClosedMonth(*row) for row in connection.execute(select(closed_months).order_by(closed_months.c.month))]


def save_closed(connection: Connection, closed: ClosedMonth, documents: Sequence[Packed]) -> ClosedMonth:
    """Save a month with its documents, and return it with its digest.

    Raises:
        StoreError: the month is closed already.
    """
    if known := load_closed(connection, closed.month):
        raise StoreError(f"{closed.month} is closed already, by {known.by}")
    for each in documents:
        connection.execute(closed_documents.insert(), [{"month": closed.month, **each._asdict()}])
    every = "".join(each.digest for each in sorted(documents))
    closed = closed._replace(digest=hashlib.sha256(every.encode()).hexdigest())
    connection.execute(closed_months.insert(), [closed._asdict()])
    return closed


def load_document(connection: Connection, month: str, name: str) -> bytes | None:
    """Load a document of a closed month, or return None if the month has none of that name.

    Raises:
        StoreError: it is not what was saved.
    """
    table = closed_documents.c
    row = connection.execute(select(closed_documents).where(table.month == month, table.name == name)).first()
    if row is None:
        return None
    try:
        unpacked = zlib.decompressobj()
        content = unpacked.decompress(row.body, min(row.size, MAX_BYTES) + 1)
    except zlib.error:
        content = b""
    if len(content) != row.size or hashlib.sha256(content).hexdigest() != row.digest:
        raise StoreError(f"{name} of the closed month {month} is damaged: restore the state from a backup")
    return content


def document_names(connection: Connection, month: str) -> list[str]:
    """Return the names of the documents of a closed month, in order."""
    query = select(closed_documents.c.name).where(closed_documents.c.month == month)
    return sorted(connection.execute(query).scalars())

"""Closed months as rows: documents that are compressed, and that are never changed or removed."""

import hashlib
import zlib
from collections.abc import Iterable
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


def load_closed(connection: Connection, month: str) -> ClosedMonth | None:
    """Load who closed a month, or return None if nobody did."""
    row = connection.execute(select(closed_months).where(closed_months.c.month == month)).first()
    return None if row is None else ClosedMonth(*row)


def save_closed(connection: Connection, closed: ClosedMonth, documents: Iterable[tuple[str, bytes]]) -> ClosedMonth:
    """Save a month with its documents, each with its name, and return it with its digest.

    Raises:
        StoreError: the month is closed already, or a document is too large.
    """
    if known := load_closed(connection, closed.month):
        raise StoreError(f"{closed.month} is closed already, by {known.by}")
    digests: dict[str, str] = {}
    for name, content in documents:
        if len(content) > MAX_BYTES:
            raise StoreError(f"{closed.month}: {name} has {len(content):,} bytes, and {MAX_BYTES:,} can be kept")
        digests[name] = hashlib.sha256(content).hexdigest()
        row = {"name": name, "digest": digests[name], "bytes": len(content), "body": zlib.compress(content)}
        connection.execute(closed_documents.insert(), [{"month": closed.month, **row}])
    every = "".join(digests[name] for name in sorted(digests))
    closed = closed._replace(digest=hashlib.sha256(every.encode()).hexdigest())
    connection.execute(closed_months.insert(), [closed._asdict()])
    return closed


def load_document(connection: Connection, month: str, name: str) -> bytes | None:
    """Load a document of a closed month, or return None if the month has none of that name.

    Raises:
        StoreError: it is not what was saved.
    """
    table = closed_documents.c
    row = connection.execute(
        select(closed_documents).where(table.month == month, table.name == name)
    ).first()
    if row is None:
        return None
    try:
        unpacked = zlib.decompressobj()
        content = unpacked.decompress(row.body, min(row.bytes, MAX_BYTES) + 1)
    except zlib.error:
        content = b""
    if len(content) != row.bytes or hashlib.sha256(content).hexdigest() != row.digest:
        raise StoreError(f"{name} of the closed month {month} is damaged: restore the state from a backup")
    return content


def document_names(connection: Connection, month: str) -> list[str]:
    """Return the names of the documents of a closed month, in order."""
    query = select(closed_documents.c.name).where(closed_documents.c.month == month)
    return sorted(connection.execute(query).scalars())

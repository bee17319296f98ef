"""The audit log as rows, in the order in which they were written."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, delete, func, select

from pantau_collector.access.audit_entry import AuditEntry
from pantau_collector.store.access_tables import audit

_AT_ONCE = 1000
"""Rows that are read at once."""
_LIMITS = {"who": 200, "kind": 10, "address": 45, "action": 100, "target": 400, "detail": 2000}
"""Characters that are kept of each text."""


def add_entries(connection: Connection, entries: Iterable[AuditEntry]) -> None:
    """Append entries."""
    rows = [_as_row(entry) for entry in entries]
    if rows:
        connection.execute(audit.insert(), rows)


def load_entries(
    connection: Connection,
    *,
    from_ms: int | None = None,
    to_ms: int | None = None,
    who: str = "",
    action: str = "",
) -> Iterator[AuditEntry]:
    """Yield the entries of a time, an account or an action, in order; they are read a thousand at a time."""
    last = 0
    query = select(audit).order_by(audit.c.id).limit(_AT_ONCE)
    if from_ms is not None:
        query = query.where(audit.c.time_ms >= from_ms)
    if to_ms is not None:
        query = query.where(audit.c.time_ms < to_ms)
    if who:
        query = query.where(audit.c.who == who)
    if action:
        query = query.where(audit.c.action == action)
    while rows := connection.execute(query.where(audit.c.id > last)).all():
        yield from map(_entry, rows)
        last = rows[-1].id


def load_latest(connection: Connection, limit: int, *, who: str = "", action: str = "") -> list[AuditEntry]:
    """Load the latest entries, the last one first."""
    query = select(audit).order_by(audit.c.id.desc()).limit(limit)
    if who:
        query = query.where(audit.c.who == who)
    if action:
        query = query.where(audit.c.action == action)
    return [_entry(row) for row in connection.execute(query)]


def drop_entries_before(connection: Connection, before_ms: int, limit: int) -> int:
    """Remove up to `limit` entries of before then (UTC ms), and return their number; the newest one stays."""
    newest = select(func.max(audit.c.id)).scalar_subquery()
    old = select(audit.c.id).where(audit.c.time_ms < before_ms, audit.c.id < newest).limit(limit)
    return connection.execute(delete(audit).where(audit.c.id.in_(old))).rowcount


def _as_row(entry: AuditEntry) -> dict[str, Any]:
    values: dict[str, Any] = msgspec.structs.asdict(entry)
    return values | {name: values[name][:limit] for name, limit in _LIMITS.items()}


def _entry(row: Row[Any]) -> AuditEntry:
    return AuditEntry(**{name: getattr(row, name) for name in AuditEntry.__struct_fields__})

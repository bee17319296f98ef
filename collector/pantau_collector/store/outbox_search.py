"""Searches the outbox for people: what waits, what was given up, who was notified of an incident and when."""

import json
from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, Row, select

from pantau_collector.store.outbox_rows import Status
from pantau_collector.store.schema import notices, outbox


class Sending(NamedTuple):
    """A letter on one channel of its recipient. Times are UTC ms; `error` is why the last attempt failed."""

    id: int
    kind: str
    form: str
    incidents: tuple[int, ...]
    recipient: str
    channel: str
    status: str
    attempts: int
    created_ms: int
    finished_ms: int | None
    error: str


def list_sendings(connection: Connection, statuses: Iterable[Status], limit: int) -> list[Sending]:
    """Return the latest `limit` rows with these statuses, the oldest of them first."""
    rows = connection.execute(
        select(outbox).where(outbox.c.status.in_(list(statuses))).order_by(outbox.c.id.desc()).limit(limit)
    )
    return [_sending(row) for row in rows][::-1]


def sendings_of(connection: Connection, incident: int) -> list[Sending]:
    """Return every row by which anyone was, or will be, notified of an incident, the oldest first."""
    letters = select(notices.c.letter).where(notices.c.incident == incident)
    rows = connection.execute(select(outbox).where(outbox.c.letter.in_(letters)).order_by(outbox.c.id))
    return [_sending(row) for row in rows]


def held_of(connection: Connection, incident: int) -> list[tuple[str, str, int]]:
    """Return recipient, kind and due time (UTC ms) of each notice of an incident that is in no letter yet."""
    rows = connection.execute(
        select(notices.c.recipient, notices.c.kind, notices.c.ready_ms)
        .where(notices.c.incident == incident, notices.c.letter.is_(None))
        .order_by(notices.c.id)
    )
    return [(row.recipient, row.kind, row.ready_ms) for row in rows]


def revive(connection: Connection, row: int) -> bool:
    """Make a dead row due again. Return False if there is no dead row of that number."""
    result = connection.execute(
        outbox.update()
        .where(outbox.c.id == row, outbox.c.status == Status.DEAD)
        .values(status=Status.DUE, attempts=0, finished_ms=None)
    )
    return result.rowcount > 0


def _sending(row: Row[tuple[object, ...]]) -> Sending:
    return Sending(
        id=row.id,
        kind=row.kind,
        form=row.form,
        incidents=tuple(json.loads(row.incidents_json)),
        recipient=row.recipient,
        channel=row.channel,
        status=row.status,
        attempts=row.attempts,
        created_ms=row.created_ms,
        finished_ms=row.finished_ms,
        error=row.error,
    )

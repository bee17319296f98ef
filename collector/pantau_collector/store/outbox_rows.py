"""The outbox: one row for each notice, recipient and channel, written with the incident that it is about.

A row is `due`, then `sending`, then `sent`; after too many attempts, or where there is nobody left to send to,
`dead`.
"""

from collections.abc import Iterable
from enum import StrEnum

import msgspec
from sqlalchemy import Connection, bindparam, func, select

from pantau_collector.notices.notice import Delivery, Notice, NoticeKind
from pantau_collector.store.schema import outbox


class Status(StrEnum):
    """Where a row stands."""

    DUE = "due"
    SENDING = "sending"
    SENT = "sent"
    DEAD = "dead"


_number = func.row_number().over(partition_by=(outbox.c.recipient, outbox.c.channel), order_by=outbox.c.id)
_waiting = (
    select(outbox, _number.label("number")).where(outbox.c.status.in_([Status.DUE, Status.SENDING])).subquery()
)
_UNFINISHED = select(_waiting).where(_waiting.c.number <= bindparam("each")).order_by(_waiting.c.id)


class Row(msgspec.Struct, frozen=True):
    """An unfinished row, without its notice."""

    id: int
    incident: int
    kind: NoticeKind
    recipient: str
    channel: str
    attempts: int


class DeadLetter(msgspec.Struct, frozen=True):
    """A notice that was given up."""

    id: int
    incident: int
    kind: NoticeKind
    recipient: str
    channel: str
    attempts: int
    finished_ms: int
    error: str


def add(connection: Connection, deliveries: Iterable[Delivery], *, created_ms: int) -> None:
    """Adds rows to be sent."""
    rows = [
        {
            "incident": delivery.incident,
            "kind": delivery.kind,
            "recipient": delivery.recipient,
            "channel": delivery.channel,
            "status": Status.DUE,
            "attempts": 0,
            "created_ms": created_ms,
            "finished_ms": None,
            "error": "",
            "notice_json": msgspec.json.encode(delivery.notice).decode(),
        }
        for delivery in deliveries
    ]
    if rows:
        connection.execute(outbox.insert(), rows)


def told(connection: Connection, incident: int) -> set[tuple[str, str]]:
    """The recipients and channels that were, or are being, told of an incident."""
    rows = connection.execute(
        select(outbox.c.recipient, outbox.c.channel).where(
            outbox.c.incident == incident, outbox.c.kind == NoticeKind.OPENED, outbox.c.status != Status.DEAD
        )
    )
    return {(row.recipient, row.channel) for row in rows}


def unfinished(connection: Connection, each: int) -> list[Row]:
    """What is still to be sent, and what a crash left in `sending`: the oldest, up to so many each channel."""
    rows = connection.execute(_UNFINISHED, {"each": each})
    return [
        Row(row.id, row.incident, NoticeKind(row.kind), row.recipient, row.channel, row.attempts) for row in rows
    ]


def start(connection: Connection, row: Row) -> Notice:
    """Marks a row as being sent, and returns what it is to say."""
    connection.execute(
        outbox.update().where(outbox.c.id == row.id).values(status=Status.SENDING, attempts=row.attempts + 1)
    )
    text = connection.execute(select(outbox.c.notice_json).where(outbox.c.id == row.id)).scalar_one()
    return msgspec.json.decode(text, type=Notice)


def finish(connection: Connection, row: int, status: Status, *, time_ms: int, error: str = "") -> None:
    """Marks what became of an attempt: `sent`, `dead`, or `due` again."""
    finished_ms = None if status is Status.DUE else time_ms
    connection.execute(
        outbox.update().where(outbox.c.id == row).values(status=status, finished_ms=finished_ms, error=error)
    )


def count(connection: Connection, *statuses: Status) -> int:
    """How many rows stand there."""
    return connection.execute(select(func.count()).where(outbox.c.status.in_(statuses))).scalar_one()


def dead_letters(connection: Connection, limit: int) -> list[DeadLetter]:
    """What was given up, the latest first."""
    rows = connection.execute(
        select(outbox).where(outbox.c.status == Status.DEAD).order_by(outbox.c.id.desc()).limit(limit)
    )
    return [
        DeadLetter(
            row.id,
            row.incident,
            NoticeKind(row.kind),
            row.recipient,
            row.channel,
            row.attempts,
            row.finished_ms,
            row.error,
        )
        for row in rows
    ]

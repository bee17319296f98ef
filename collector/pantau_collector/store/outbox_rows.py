"""The outbox: one row for each letter and channel of its recipient, written when the letter is.

A row is `due`, then `sending`, then `sent`. A row that failed is `passed` if the recipient has another channel to
try; after too many attempts, or if there is nobody left to send to, it is `dead`.
"""

import json
from collections.abc import Iterable
from enum import StrEnum

import msgspec
from sqlalchemy import Connection, bindparam, func, select

from pantau_collector.notices.letter import Form
from pantau_collector.notices.notice import NoticeKind
from pantau_collector.store.schema import outbox


class Status(StrEnum):
    """The status of a row."""

    DUE = "due"
    SENDING = "sending"
    SENT = "sent"
    PASSED = "passed"
    DEAD = "dead"


_number = func.row_number().over(partition_by=(outbox.c.recipient, outbox.c.channel), order_by=outbox.c.id)
_waiting = (
    select(outbox, _number.label("number")).where(outbox.c.status.in_([Status.DUE, Status.SENDING])).subquery()
)
_UNFINISHED = select(_waiting).where(_waiting.c.number <= bindparam("each")).order_by(_waiting.c.id)


class OutboxRow(msgspec.Struct, frozen=True):
    """An unfinished row. `kind` is that of its last notice."""

    id: int
    letter: int
    form: Form
    kind: NoticeKind
    incidents: tuple[int, ...]
    recipient: str
    channel: str
    attempts: int


def add(
    connection: Connection,
    letter: int,
    form: Form,
    kind: NoticeKind,
    incidents: Iterable[int],
    recipient: str,
    channels: Iterable[str],
    *,
    created_ms: int,
) -> None:
    """Add the rows of a letter, to be sent by these channels."""
    rows = [
        {
            "letter": letter,
            "form": form,
            "kind": kind,
            "incidents_json": json.dumps(sorted(set(incidents))),
            "recipient": recipient,
            "channel": channel,
            "status": Status.DUE,
            "attempts": 0,
            "created_ms": created_ms,
            "finished_ms": None,
            "error": "",
        }
        for channel in channels
    ]
    if rows:
        connection.execute(outbox.insert(), rows)


def letters_since(connection: Connection, recipient: str, since_ms: int) -> list[int]:
    """Return when the recipient's letters since `since_ms` were written (UTC ms), the oldest first."""
    rows = connection.execute(
        select(func.min(outbox.c.created_ms))
        .where(outbox.c.recipient == recipient, outbox.c.created_ms > since_ms)
        .group_by(outbox.c.letter)
    )
    return sorted(rows.scalars())


def unfinished(connection: Connection, each: int) -> list[OutboxRow]:
    """Load what is still to be sent, or was left `sending` by a crash: the oldest `each` rows of each channel."""
    return [
        OutboxRow(
            row.id,
            row.letter,
            Form(row.form),
            NoticeKind(row.kind),
            tuple(json.loads(row.incidents_json)),
            row.recipient,
            row.channel,
            row.attempts,
        )
        for row in connection.execute(_UNFINISHED, {"each": each})
    ]


def start(connection: Connection, row: OutboxRow) -> None:
    """Mark a row as being sent."""
    connection.execute(
        outbox.update().where(outbox.c.id == row.id).values(status=Status.SENDING, attempts=row.attempts + 1)
    )


def finish(connection: Connection, row: int, status: Status, *, time_ms: int, error: str = "") -> None:
    """Mark the result of an attempt: `sent`, `passed`, `dead`, or `due` again."""
    finished_ms = None if status is Status.DUE else time_ms
    connection.execute(
        outbox.update().where(outbox.c.id == row).values(status=status, finished_ms=finished_ms, error=error)
    )


def pass_on(connection: Connection, row: OutboxRow, channels: Iterable[str], *, time_ms: int, error: str) -> None:
    """Give a letter up on one channel, and add a row for each of the others that has none."""
    finish(connection, row.id, Status.PASSED, time_ms=time_ms, error=error)
    existing = set(connection.execute(select(outbox.c.channel).where(outbox.c.letter == row.letter)).scalars())
    add(
        connection,
        row.letter,
        row.form,
        row.kind,
        row.incidents,
        row.recipient,
        [channel for channel in channels if channel not in existing],
        created_ms=time_ms,
    )


def count(connection: Connection, *statuses: Status) -> int:
    """Return the number of rows with these statuses."""
    return connection.execute(select(func.count()).where(outbox.c.status.in_(statuses))).scalar_one()

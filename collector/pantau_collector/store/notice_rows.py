"""What each recipient is to be told, as rows: one a notice and recipient, written with what it is about.

A row waits without a letter until it is gathered into one, together with the letter's rows in the outbox.
"""

from collections.abc import Iterable, Mapping

import msgspec
from sqlalchemy import Connection, func, or_, select

from pantau_collector.notices.notice import OUTAGE_NOTICES, Notice, NoticeKind
from pantau_collector.notices.notification import Notification, PendingNotice
from pantau_collector.store.outbox_rows import Status
from pantau_collector.store.schema import notices, outbox

_CLOCK_SET_BACK_MS = 60_000


def add(connection: Connection, tellings: Iterable[Notification], *, created_ms: int) -> None:
    """Adds what is to be told, each once."""
    rows = [
        {
            "incident": telling.notice.incident,
            "kind": telling.notice.kind,
            "step": telling.step,
            "recipient": telling.recipient,
            "created_ms": created_ms,
            "ready_ms": telling.ready_ms,
            "held": telling.held,
            "letter": None,
            "notice_json": msgspec.json.encode(telling.notice).decode(),
        }
        for telling in tellings
    ]
    if rows:
        connection.execute(notices.insert(), rows)


def kinds_sent(connection: Connection, incident: int) -> dict[str, set[NoticeKind]]:
    """What each recipient was told, or is being told, of an incident."""
    rows = connection.execute(
        select(notices.c.recipient, notices.c.kind).where(notices.c.incident == incident).distinct()
    )
    found: dict[str, set[NoticeKind]] = {}
    for row in rows:
        found.setdefault(row.recipient, set()).add(NoticeKind(row.kind))
    return found


def announced(connection: Connection, step: str) -> set[str]:
    """The recipients that a maintenance was announced to."""
    rows = connection.execute(
        select(notices.c.recipient).where(notices.c.incident == 0, notices.c.step == step).distinct()
    )
    return {row.recipient for row in rows}


def waiting(connection: Connection, *, now_ms: int) -> list[PendingNotice]:
    """All that waits for those recipients for whom something is ready, the oldest first.

    What was made in a future that the clock has been set back from is ready too.
    """
    ready = or_(notices.c.ready_ms <= now_ms, notices.c.created_ms > now_ms + _CLOCK_SET_BACK_MS)
    whose = select(notices.c.recipient).where(notices.c.letter.is_(None), ready).distinct()
    rows = connection.execute(
        select(notices, ready.label("is_ready"))
        .where(notices.c.letter.is_(None), notices.c.recipient.in_(whose))
        .order_by(notices.c.id)
    )
    return [
        PendingNotice(
            row.id,
            row.incident,
            NoticeKind(row.kind),
            row.recipient,
            min(row.ready_ms, now_ms) if row.is_ready else row.ready_ms,
            row.held,
            row.ready_ms > row.created_ms,
        )
        for row in rows
    ]


def count_waiting(connection: Connection) -> int:
    """How many are in no letter yet."""
    return connection.execute(select(func.count()).where(notices.c.letter.is_(None))).scalar_one()


def hold(connection: Connection, until_ms: Mapping[int, int]) -> None:
    """Puts notices off, by id, to a digest at that time."""
    for notice, ready_ms in until_ms.items():
        connection.execute(notices.update().where(notices.c.id == notice).values(ready_ms=ready_ms, held=True))


def put_in_letter(connection: Connection, ids: Iterable[int], letter: int) -> None:
    """Notes that these notices go out in that letter."""
    connection.execute(notices.update().where(notices.c.id.in_(list(ids))).values(letter=letter))


def of_letter(connection: Connection, letter: int) -> list[Notice]:
    """The notices of a letter, the oldest first."""
    rows = connection.execute(
        select(notices.c.notice_json).where(notices.c.letter == letter).order_by(notices.c.id)
    )
    return [msgspec.json.decode(row.notice_json, type=Notice) for row in rows]


def never_notified(connection: Connection, recipient: str, incidents: Iterable[int], *, letter: int) -> set[int]:
    """Those of the incidents of which no letter has told the recipient, nor is about to, nor does this one."""
    wanted = set(incidents)
    alive = (
        select(notices.c.incident)
        .join(outbox, outbox.c.letter == notices.c.letter)
        .where(
            notices.c.recipient == recipient,
            notices.c.incident.in_(wanted),
            notices.c.kind.in_(list(OUTAGE_NOTICES)),
            outbox.c.status.in_([Status.DUE, Status.SENDING, Status.SENT]),
        )
    )
    in_this = select(notices.c.incident).where(
        notices.c.letter == letter, notices.c.kind.in_(list(OUTAGE_NOTICES))
    )
    heard = {row.incident for row in connection.execute(alive.union(in_this))}
    return wanted - heard

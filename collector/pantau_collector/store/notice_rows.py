"""Notices as rows, one for each notice and recipient, written in the transaction of what they report.

A row has no letter until it is batched into one, in the transaction that writes the letter's rows into the outbox.
"""

from collections.abc import Iterable, Mapping

import msgspec
from sqlalchemy import Connection, and_, func, or_, select

from pantau_collector.notices.batching import SiteNews, site_news
from pantau_collector.notices.notice import OUTAGE_NOTICES, Notice, NoticeKind
from pantau_collector.notices.notification import Notification, PendingNotice
from pantau_collector.store.outbox_rows import Status
from pantau_collector.store.schema import incidents, notices, outbox

_OF_A_CAMERA = incidents.c.camera.is_not(None)
_CLOCK_SET_BACK_MS = 60_000
"""Milliseconds by which a notice may lie in the future before the clock must have been set back."""


def add(connection: Connection, notifications: Iterable[Notification], *, created_ms: int) -> None:
    """Add notices to their recipients, each once."""
    rows = [
        {
            "incident": notification.notice.incident,
            "kind": notification.notice.kind,
            "step": notification.step,
            "recipient": notification.recipient,
            "created_ms": created_ms,
            "ready_ms": notification.ready_ms,
            "held": notification.held,
            "letter": None,
            "notice_json": msgspec.json.encode(notification.notice).decode(),
        }
        for notification in notifications
    ]
    if rows:
        connection.execute(notices.insert(), rows)


def kinds_sent(connection: Connection, incident: int) -> dict[str, set[NoticeKind]]:
    """Return the kinds of notices of an incident that each recipient was sent, or is being sent."""
    rows = connection.execute(
        select(notices.c.recipient, notices.c.kind).where(notices.c.incident == incident).distinct()
    )
    kinds: dict[str, set[NoticeKind]] = {}
    for row in rows:
        kinds.setdefault(row.recipient, set()).add(NoticeKind(row.kind))
    return kinds


def announced(connection: Connection, step: str) -> set[str]:
    """Return the recipients to whom a maintenance was announced."""
    rows = connection.execute(
        select(notices.c.recipient).where(notices.c.incident == 0, notices.c.step == step).distinct()
    )
    return {row.recipient for row in rows}


def waiting(connection: Connection, *, now_ms: int) -> list[PendingNotice]:
    """Return all waiting notices of the recipients for whom one is ready, the oldest first.

    A notice that was written in the future, before the clock was set back, is ready too.
    """
    ready = or_(notices.c.ready_ms <= now_ms, notices.c.created_ms > now_ms + _CLOCK_SET_BACK_MS)
    recipients = select(notices.c.recipient).where(notices.c.letter.is_(None), ready).distinct()
    rows = connection.execute(
        select(notices, ready.label("is_ready"), incidents.c.site)
        .join(incidents, and_(incidents.c.id == notices.c.incident, _OF_A_CAMERA), isouter=True)
        .where(notices.c.letter.is_(None), notices.c.recipient.in_(recipients))
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
            row.site or "",
        )
        for row in rows
    ]


def letters_about_sites(connection: Connection, recipient: str, since_ms: int) -> dict[SiteNews, list[int]]:
    """Return when the recipient's letters about cameras since `since_ms` were written (UTC ms), by their sites."""
    rows = connection.execute(
        select(
            outbox.c.letter, incidents.c.site, notices.c.kind, func.min(outbox.c.created_ms).label("written_ms")
        )
        .join(notices, notices.c.letter == outbox.c.letter)
        .join(incidents, incidents.c.id == notices.c.incident)
        .where(outbox.c.recipient == recipient, outbox.c.created_ms > since_ms, _OF_A_CAMERA)
        .group_by(outbox.c.letter, incidents.c.site, notices.c.kind)
    )
    written: dict[SiteNews, dict[int, int]] = {}
    for row in rows:
        written.setdefault(site_news(row.site, NoticeKind(row.kind)), {})[row.letter] = row.written_ms
    return {news: list(letters.values()) for news, letters in written.items()}


def count_waiting(connection: Connection) -> int:
    """Return the number of notices that are in no letter yet."""
    return connection.execute(select(func.count()).where(notices.c.letter.is_(None))).scalar_one()


def hold(connection: Connection, until_ms: Mapping[int, int]) -> None:
    """Put notices off to a digest at a time; `until_ms` holds the time by the notice's id."""
    for notice, ready_ms in until_ms.items():
        connection.execute(notices.update().where(notices.c.id == notice).values(ready_ms=ready_ms, held=True))


def put_in_letter(connection: Connection, ids: Iterable[int], letter: int) -> None:
    """Note that notices are sent in a letter."""
    connection.execute(notices.update().where(notices.c.id.in_(list(ids))).values(letter=letter))


def of_letter(connection: Connection, letter: int) -> list[Notice]:
    """Load the notices of a letter, the oldest first."""
    rows = connection.execute(
        select(notices.c.notice_json).where(notices.c.letter == letter).order_by(notices.c.id)
    )
    return [msgspec.json.decode(row.notice_json, type=Notice) for row in rows]


def never_notified(connection: Connection, recipient: str, incidents: Iterable[int], *, letter: int) -> set[int]:
    """Return the incidents that the recipient knows nothing of.

    A recipient knows of an incident if a notice of its outage has reached them, is about to be sent, or is part of
    this letter.
    """
    numbers = set(incidents)
    delivered = (
        select(notices.c.incident)
        .join(outbox, outbox.c.letter == notices.c.letter)
        .where(
            notices.c.recipient == recipient,
            notices.c.incident.in_(numbers),
            notices.c.kind.in_(list(OUTAGE_NOTICES)),
            outbox.c.status.in_([Status.DUE, Status.SENDING, Status.SENT]),
        )
    )
    in_this = select(notices.c.incident).where(
        notices.c.letter == letter, notices.c.kind.in_(list(OUTAGE_NOTICES))
    )
    notified = {row.incident for row in connection.execute(delivered.union(in_this))}
    return numbers - notified

"""Removes old rows: resolved incidents, and the notices, letters and other rows that belong to them.

The newest row of each table stays, whatever its age. A new row's id follows the greatest id that exists, and an id
that was used twice would be taken for one that has been read already.
"""

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, delete, func, or_, select

from pantau_collector.store.outbox_rows import Status
from pantau_collector.store.schema import (
    decisions,
    downtimes,
    incidents,
    journaled,
    notes,
    notices,
    outbox,
    requests,
    timeline,
)

_UNFINISHED = (Status.DUE, Status.SENDING)
_MAINTENANCE_LONGER_MS = 400 * 86_400_000
"""Milliseconds for which maintenance is kept longer: the ledger needs it to find out whose the time was."""


def remove_old(connection: Connection, before_ms: int, limit: int) -> int:
    """Remove up to `limit` incidents resolved before `before_ms` (UTC) with their rows, and count the rows.

    Whatever is not in the journal yet, or still to be delivered, stays; so does an incident at whose end a
    decision ends.
    """
    old = list(connection.execute(_old_incidents(before_ms, limit)).scalars())
    removed = 0
    for table in (timeline, requests, notes):
        removed += _remove(connection, table, table.c.incident.in_(old))
    removed += _remove(connection, incidents, incidents.c.id.in_(old))
    removed += _remove(connection, notices, _orphaned_notices(before_ms))
    removed += _remove(connection, outbox, _orphaned_letters(before_ms))
    return removed + _remove(connection, downtimes, _past_downtimes(before_ms - _MAINTENANCE_LONGER_MS))


def _remove(connection: Connection, table: Table, which: ColumnElement[bool]) -> int:
    newest = select(func.max(table.c.id)).scalar_subquery()
    return connection.execute(delete(table).where(which, table.c.id < newest)).rowcount


def _old_incidents(before_ms: int, limit: int) -> Select[tuple[int]]:
    last = select(journaled.c.last_id).where(journaled.c.what == "timeline").scalar_subquery()
    newest = select(func.max(timeline.c.id)).scalar_subquery()
    unread = or_(timeline.c.id > func.coalesce(last, 0), timeline.c.id == newest)
    steps = select(timeline.c.id).where(timeline.c.incident == incidents.c.id, unread)
    waits = select(notices.c.id).where(notices.c.incident == incidents.c.id, notices.c.letter.is_(None))
    ends = select(decisions.c.id).where(decisions.c.incident == incidents.c.id, decisions.c.to_ms.is_(None))
    old = incidents.c.resolved_ms < before_ms
    query = select(incidents.c.id).where(old, ~steps.exists(), ~waits.exists(), ~ends.exists())
    return query.order_by(incidents.c.id).limit(limit)


def _orphaned_notices(before_ms: int) -> ColumnElement[bool]:
    """Select notices of removed incidents, and of maintenance, that are in no letter still to be delivered."""
    unfinished = select(outbox.c.letter).where(outbox.c.status.in_(_UNFINISHED))
    return and_(
        notices.c.created_ms < before_ms,
        notices.c.incident.not_in(select(incidents.c.id)),
        notices.c.letter.is_not(None),
        notices.c.letter.not_in(unfinished),
    )


def _orphaned_letters(before_ms: int) -> ColumnElement[bool]:
    """Select finished letters none of whose notices exist any more."""
    referenced = select(notices.c.letter).where(notices.c.letter.is_not(None))
    return and_(
        outbox.c.finished_ms < before_ms,
        outbox.c.status.not_in(_UNFINISHED),
        outbox.c.letter.not_in(referenced),
    )


def _past_downtimes(before_ms: int) -> ColumnElement[bool]:
    """Select maintenance that was cancelled or over before then."""
    over = and_(downtimes.c.rrule.is_(None), downtimes.c.end_ms < before_ms)
    return or_(downtimes.c.cancelled_ms < before_ms, over)

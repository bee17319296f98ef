"""Planned maintenance as rows. Commands and the web write them; the pipeline's next step applies them."""

from msgspec import structs
from sqlalchemy import Connection, Row, bindparam, func, or_, select

from pantau_collector.incidents.downtime import Downtime, Scope, check
from pantau_collector.store.schema import downtimes

_ALL = select(downtimes).order_by(downtimes.c.id)
_UPCOMING = _ALL.where(
    downtimes.c.cancelled_ms.is_(None),
    or_(downtimes.c.end_ms > bindparam("now_ms"), downtimes.c.rrule.is_not(None)),
)


def add_downtime(connection: Connection, downtime: Downtime) -> Downtime:
    """Add a downtime, and return it with the number that it was given.

    Raises:
        DowntimeError: the downtime can never take place.
    """
    check(downtime)
    number = (connection.execute(select(func.max(downtimes.c.id))).scalar() or 0) + 1
    numbered = structs.replace(downtime, id=number)
    connection.execute(downtimes.insert(), [structs.asdict(numbered)])
    return numbered


def list_downtimes(connection: Connection, *, now_ms: int | None = None) -> list[Downtime]:
    """Return every downtime in order of its number; with `now_ms` only those that are not cancelled or over."""
    rows = connection.execute(_ALL) if now_ms is None else connection.execute(_UPCOMING, {"now_ms": now_ms})
    return [_downtime(row) for row in rows]


def cancel_downtime(connection: Connection, downtime: int, *, now_ms: int) -> bool:
    """Cancel a downtime from now on. Return False if there is no downtime of that number to cancel."""
    result = connection.execute(
        downtimes.update()
        .where(downtimes.c.id == downtime, downtimes.c.cancelled_ms.is_(None))
        .values(cancelled_ms=now_ms)
    )
    return result.rowcount > 0


def _downtime(row: Row[tuple[object, ...]]) -> Downtime:
    return Downtime(**{**row._asdict(), "scope": Scope(row.scope)})

"""Planned maintenance as rows. Commands and the web write them; the pipeline's next step takes them up."""

from msgspec import structs
from sqlalchemy import Connection, Row, bindparam, func, or_, select

from pantau_collector.incidents.downtime import Downtime, Scope, check
from pantau_collector.store.schema import downtimes

_ALL = select(downtimes).order_by(downtimes.c.id)
_TO_COME = _ALL.where(
    downtimes.c.cancelled_ms.is_(None),
    or_(downtimes.c.end_ms > bindparam("now_ms"), downtimes.c.rrule.is_not(None)),
)


def add_downtime(connection: Connection, downtime: Downtime) -> Downtime:
    """Plans it; as it is kept, with the number it was given.

    Raises:
        DowntimeError: it can never be.
    """
    check(downtime)
    number = (connection.execute(select(func.max(downtimes.c.id))).scalar() or 0) + 1
    kept = structs.replace(downtime, id=number)
    connection.execute(downtimes.insert(), [structs.asdict(kept)])
    return kept


def list_downtimes(connection: Connection, *, now_ms: int | None = None) -> list[Downtime]:
    """All, the oldest first; with `now_ms` only those that are or may come, and are not cancelled."""
    rows = connection.execute(_ALL) if now_ms is None else connection.execute(_TO_COME, {"now_ms": now_ms})
    return [_downtime(row) for row in rows]


def cancel_downtime(connection: Connection, downtime: int, *, now_ms: int) -> bool:
    """Takes it back from now on; False if there is none of that number that is not cancelled."""
    done = connection.execute(
        downtimes.update()
        .where(downtimes.c.id == downtime, downtimes.c.cancelled_ms.is_(None))
        .values(cancelled_ms=now_ms)
    )
    return done.rowcount > 0


def _downtime(row: Row[tuple[object, ...]]) -> Downtime:
    return Downtime(**{**row._asdict(), "scope": Scope(row.scope)})

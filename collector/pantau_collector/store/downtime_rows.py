"""Planned maintenance as rows. Commands and the web write them; the pipeline's next step applies them."""

from typing import NamedTuple

import msgspec
from msgspec import structs
from sqlalchemy import Connection, Row, bindparam, func, or_, select

from pantau_collector.incidents.downtime import Downtime, check
from pantau_collector.store.schema import downtimes

_ALL = select(downtimes).order_by(downtimes.c.id)
_UPCOMING = _ALL.where(
    downtimes.c.cancelled_ms.is_(None),
    or_(downtimes.c.end_ms > bindparam("now_ms"), downtimes.c.rrule.is_not(None)),
)


class StoredDowntimes(NamedTuple):
    """The downtimes, and by number why a row could not be read."""

    downtimes: list[Downtime]
    unreadable: dict[int, str]


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


def load_downtimes(connection: Connection, *, now_ms: int | None = None) -> StoredDowntimes:
    """Load every downtime in order of its number; with `now_ms` only those that are not cancelled or over."""
    rows = connection.execute(_ALL) if now_ms is None else connection.execute(_UPCOMING, {"now_ms": now_ms})
    stored = StoredDowntimes([], {})
    for row in rows:
        try:
            stored.downtimes.append(_downtime(row))
        except msgspec.ValidationError as error:
            stored.unreadable[row.id] = str(error)
    return stored


def cancel_downtime(connection: Connection, downtime: int, *, now_ms: int) -> bool:
    """Cancel a downtime from now on. Return False if there is no downtime of that number to cancel."""
    result = connection.execute(
        downtimes.update()
        .where(downtimes.c.id == downtime, downtimes.c.cancelled_ms.is_(None))
        .values(cancelled_ms=now_ms)
    )
    return result.rowcount > 0


def _downtime(row: Row[tuple[object, ...]]) -> Downtime:
    return msgspec.convert({name: getattr(row, name) for name in Downtime.__struct_fields__}, Downtime)

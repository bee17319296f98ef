"""How far the timeline has been told to an Alertmanager."""

from sqlalchemy import Connection, func, select

from pantau_collector.store.database import put_rows
from pantau_collector.store.schema import journaled, timeline

_WHAT = "alertmanager"


def load_position(connection: Connection) -> int:
    """The last step of the timeline that was told. At the very first it is the last that there is."""
    told = connection.execute(select(journaled.c.last_id).where(journaled.c.what == _WHAT)).scalar()
    if told is None:
        told = connection.execute(select(func.max(timeline.c.id))).scalar() or 0
        save_position(connection, told)
    return int(told)


def save_position(connection: Connection, step: int) -> None:
    """Notes that the timeline was told up to that step."""
    put_rows(connection, journaled, [{"what": _WHAT, "last_id": step}])


def steps_since(connection: Connection, step: int, limit: int) -> list[tuple[int, int]]:
    """The first steps after that one, each with its incident's number."""
    rows = connection.execute(
        select(timeline.c.id, timeline.c.incident).where(timeline.c.id > step).order_by(timeline.c.id).limit(limit)
    )
    return [(row.id, row.incident) for row in rows]

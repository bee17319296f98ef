"""How far the timeline of the incidents has been sent to an Alertmanager."""

from sqlalchemy import Connection, func, select

from pantau_collector.store.database import put_rows
from pantau_collector.store.schema import journaled, timeline

_READER = "alertmanager"


def load_position(connection: Connection) -> int:
    """Return the last step that was sent. The first call sets it to the newest step that exists."""
    last = connection.execute(select(journaled.c.last_id).where(journaled.c.what == _READER)).scalar()
    if last is None:
        last = connection.execute(select(func.max(timeline.c.id))).scalar() or 0
        save_position(connection, last)
    return int(last)


def save_position(connection: Connection, step: int) -> None:
    """Note that the timeline was sent up to a step."""
    put_rows(connection, journaled, [{"what": _READER, "last_id": step}])


def steps_since(connection: Connection, step: int, limit: int) -> list[tuple[int, int]]:
    """Return up to `limit` steps after `step`, each as its id and its incident's number."""
    rows = connection.execute(
        select(timeline.c.id, timeline.c.incident).where(timeline.c.id > step).order_by(timeline.c.id).limit(limit)
    )
    return [(row.id, row.incident) for row in rows]

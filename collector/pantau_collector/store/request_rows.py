"""What people ask of incidents, from another process or thread: the pipeline's next step takes it up.

A request is taken in the same transaction in which it takes effect, so it is neither lost nor done twice.
"""

from sqlalchemy import Connection, func, select

from pantau_collector.incidents.acknowledgement import AcknowledgementRequest
from pantau_collector.store.database import put_rows
from pantau_collector.store.schema import journaled, requests

_TAKEN = "requests"
_last = select(journaled.c.last_id).where(journaled.c.what == _TAKEN).scalar_subquery()
_UNTAKEN = select(requests).where(requests.c.id > func.coalesce(_last, 0)).order_by(requests.c.id)


def acknowledge(connection: Connection, incident: int, by: str, until_ms: int | None, *, created_ms: int) -> None:
    """Asks that an incident count as taken by a person; nothing comes of it if the incident is not open."""
    _add(connection, AcknowledgementRequest(0, incident, by, created_ms, until_ms, withdrawn=False))


def withdraw_acknowledgement(connection: Connection, incident: int, by: str, *, created_ms: int) -> None:
    """Asks that an incident count as taken by nobody."""
    _add(connection, AcknowledgementRequest(0, incident, by, created_ms, None, withdrawn=True))


def load_pending(connection: Connection) -> list[AcknowledgementRequest]:
    """What was asked and not taken up yet, in its order."""
    return [AcknowledgementRequest(*row) for row in connection.execute(_UNTAKEN)]


def save_applied(connection: Connection, last_id: int) -> None:
    """Notes that all up to that request were taken up."""
    put_rows(connection, journaled, [{"what": _TAKEN, "last_id": last_id}])


def _add(connection: Connection, request: AcknowledgementRequest) -> None:
    values = {name: value for name, value in request._asdict().items() if name != "id"}
    connection.execute(requests.insert(), [values])

"""People's requests about incidents, from another process or thread; the pipeline's next step applies them.

A request is marked as applied in the transaction in which it takes effect, so it is neither lost nor applied
twice.
"""

from sqlalchemy import Connection, func, select

from pantau_collector.incidents.acknowledgement import AcknowledgementRequest
from pantau_collector.store.database import put_rows
from pantau_collector.store.schema import journaled, requests

_READER = "requests"
_last = select(journaled.c.last_id).where(journaled.c.what == _READER).scalar_subquery()
_PENDING = select(requests).where(requests.c.id > func.coalesce(_last, 0)).order_by(requests.c.id)


def acknowledge(connection: Connection, incident: int, by: str, until_ms: int | None, *, created_ms: int) -> None:
    """Request that an incident be acknowledged by a person; it has no effect unless the incident is open."""
    _add(connection, AcknowledgementRequest(0, incident, by, created_ms, until_ms, withdrawn=False))


def withdraw_acknowledgement(connection: Connection, incident: int, by: str, *, created_ms: int) -> None:
    """Request that an incident's acknowledgement be withdrawn."""
    _add(connection, AcknowledgementRequest(0, incident, by, created_ms, None, withdrawn=True))


def load_pending(connection: Connection) -> list[AcknowledgementRequest]:
    """Load the requests that are not applied yet, in order."""
    return [AcknowledgementRequest(*row) for row in connection.execute(_PENDING)]


def load_requests(connection: Connection, incident: int) -> list[AcknowledgementRequest]:
    """Load all requests about an incident, applied or not, in order."""
    rows = connection.execute(select(requests).where(requests.c.incident == incident).order_by(requests.c.id))
    return [AcknowledgementRequest(*row) for row in rows]


def save_applied(connection: Connection, last_id: int) -> None:
    """Note that all requests up to an id have been applied."""
    put_rows(connection, journaled, [{"what": _READER, "last_id": last_id}])


def _add(connection: Connection, request: AcknowledgementRequest) -> None:
    values = {name: value for name, value in request._asdict().items() if name != "id"}
    connection.execute(requests.insert(), [values])

"""Somebody takes an incident, or no longer has it."""

from sqlalchemy import Connection

from pantau_collector.actions.action_error import ActionError
from pantau_collector.incidents.incident import Incident
from pantau_collector.store import incident_rows, request_rows


def open_incident(connection: Connection, number: int) -> Incident:
    """Return an incident that is not over.

    Raises:
        ActionError: there is no such incident, or it is over.
    """
    found = incident_rows.load_incidents(connection, [number])
    if not found:
        raise ActionError("", "no_incident", number=number)
    if found[0].resolved_ms is not None:
        raise ActionError("", "incident_over", number=number, since_ms=found[0].resolved_ms)
    return found[0]


def check_end(until_ms: int | None, now_ms: int) -> None:
    """Check until when an acknowledgement is to last; None is until the incident is over.

    Raises:
        ActionError: that time is over.
    """
    if until_ms is not None and until_ms <= now_ms:
        raise ActionError("until", "time_over")


def acknowledge_once(
    connection: Connection, incident: Incident, by: str, until_ms: int | None, *, now_ms: int
) -> None:
    """Request that an incident be acknowledged, unless the same person has it, or has just asked for it."""
    present = incident.acknowledged
    requested = any(
        each.incident == incident.id and each.by == by and not each.withdrawn
        for each in request_rows.load_pending(connection)
    )
    held = present is not None and present.by == by and (present.until_ms is None or until_ms is not None)
    if not requested and not held:
        request_rows.acknowledge(connection, incident.id, by, until_ms, created_ms=now_ms)

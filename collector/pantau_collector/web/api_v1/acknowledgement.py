"""Who takes an incident: it is not raised to the next level meanwhile."""

from datetime import datetime

from msgspec import Struct

from pantau_collector.actions.acknowledgement import acknowledge_once, check_end, open_incident
from pantau_collector.actions.action_error import ActionError
from pantau_collector.store import incident_rows, request_rows
from pantau_collector.web.actions.rights import check_complete, outage_of
from pantau_collector.web.api_v1.asked import Asked
from pantau_collector.web.api_v1.moments import Moment, milliseconds, moment
from pantau_collector.web.api_v1.refused_action import refused_action
from pantau_collector.web.api_v1.values import Number


class AcknowledgementWish(Struct, frozen=True, forbid_unknown_fields=True):
    """Until when it is taken; null until it is over."""

    until: Moment | None = None


class Noted(Struct, frozen=True):
    """What was asked for, in whose name. The collector takes it up within seconds."""

    incident: int
    by: str
    until: datetime | None
    withdrawn: bool


def acknowledge_incident(asked: Asked, incident: Number, body: AcknowledgementWish) -> Noted:
    """Take an open incident, in the name of whose token it is."""
    until_ms = None if body.until is None else milliseconds(body.until, "until")
    return _note(asked, incident, until_ms, withdrawn=False)


def withdraw_acknowledgement(asked: Asked, incident: Number) -> Noted:
    """Have nobody on an open incident any more."""
    return _note(asked, incident, None, withdrawn=True)


def _note(asked: Asked, number: int, until_ms: int | None, *, withdrawn: bool) -> Noted:
    by = asked.principal.name
    try:
        check_end(until_ms, asked.now_ms)
        with asked.sources.store.begin() as connection:
            found = incident_rows.load_incident(connection, number)
            outage = outage_of(found, number, asked.principal, asked.city)
            incident = open_incident(connection, number)
            check_complete(outage)
            if withdrawn:
                request_rows.withdraw_acknowledgement(connection, number, by, created_ms=asked.now_ms)
            else:
                acknowledge_once(connection, incident, by, until_ms, now_ms=asked.now_ms)
    except ActionError as error:
        raise refused_action(error) from None
    return Noted(number, by, moment(until_ms), withdrawn)

"""A stage: applies requests to acknowledge an incident, and ends acknowledgements that have expired."""

from msgspec.structs import replace

from pantau_collector.incidents.acknowledgement import Acknowledgement
from pantau_collector.incidents.case import Case
from pantau_collector.incidents.incident import Incident
from pantau_collector.incidents.moment import Moment
from pantau_collector.incidents.transition import TransitionKind


def acknowledge(case: Case, now: Moment) -> None:
    """Apply the case's requests, and end the acknowledgements that have expired."""
    for request in case.requests:
        known = next((each for each in case.open.values() if each.id == request.incident), None)
        if known is None:
            continue
        if request.withdrawn:
            _withdraw(case, known, now)
        elif request.until_ms is None or request.until_ms > now.time_ms:
            acknowledgement = Acknowledgement(request.by, request.created_ms, request.until_ms)
            if acknowledgement != known.acknowledged:
                incident = replace(known, acknowledged=acknowledgement)
                case.update(incident)
                case.record(TransitionKind.ACKNOWLEDGED, incident, now)
    for incident in list(case.open.values()):
        until_ms = incident.acknowledged.until_ms if incident.acknowledged else None
        if until_ms is None:
            continue
        if until_ms <= now.time_ms:
            _withdraw(case, incident, now)
        else:
            case.schedule_at_ms(until_ms, now)


def _withdraw(case: Case, known: Incident, now: Moment) -> None:
    if known.acknowledged is not None:
        incident = replace(known, acknowledged=None, waiting_s=now.s)
        case.update(incident)
        case.record(TransitionKind.UNACKNOWLEDGED, incident, now)

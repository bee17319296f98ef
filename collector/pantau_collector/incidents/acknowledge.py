"""A person takes an incident, until a time or until it is over; or gives it back."""

from msgspec.structs import replace

from pantau_collector.incidents.case import Acknowledgement, Case, Incident, Kind, Moment


def acknowledge(case: Case, now: Moment) -> None:
    """The stage: takes up the case's requests, and ends what has run out."""
    for request in case.requests:
        known = next((each for each in case.open.values() if each.id == request.incident), None)
        if known is None:
            continue
        if request.withdrawn:
            _give_back(case, known, now)
        elif request.until_ms is None or request.until_ms > now.time_ms:
            taken = Acknowledgement(request.by, request.created_ms, request.until_ms)
            if taken != known.acknowledged:
                incident = replace(known, acknowledged=taken)
                case.keep(incident)
                case.note(Kind.ACKNOWLEDGED, incident, now)
    for incident in list(case.open.values()):
        until_ms = incident.acknowledged.until_ms if incident.acknowledged else None
        if until_ms is None:
            continue
        if until_ms <= now.time_ms:
            _give_back(case, incident, now)
        else:
            case.wake_at(until_ms, now)


def _give_back(case: Case, known: Incident, now: Moment) -> None:
    if known.acknowledged is not None:
        incident = replace(known, acknowledged=None, waiting_s=now.s)
        case.keep(incident)
        case.note(Kind.UNACKNOWLEDGED, incident, now)

"""From the incidents that there should be to what became of those that there are."""

from collections.abc import Iterator

from msgspec.structs import replace

from pantau_collector.incidents.case import Case, Incident, Kind, Moment, Wanted
from pantau_collector.incidents.topology import device_of, is_device, uplink_of


class Transitions:
    """Writes `transitions`, each once: what is wanted and open already makes none.

    Nothing is opened while the collector is not attentive; it is looked at again until it is.
    """

    def __init__(self, ids: Iterator[int]) -> None:
        self._ids = ids

    def __call__(self, case: Case, now: Moment) -> None:
        """Opens, changes, merges and resolves; parents first, for their children's may merge into them."""
        ended = [case.open[subject] for subject in case.open.keys() - case.wanted.keys() - case.merged.keys()]
        for subject in sorted(case.wanted):
            wanted, known = case.wanted[subject], case.open.get(subject)
            if known is not None:
                self._change(case, known, wanted, now)
            elif now.attentive:
                self._open(case, subject, wanted, ended, now)
            else:
                case.wake(now.s)
        for subject in sorted(case.open.keys() - case.wanted.keys()):
            into = case.merged.get(subject)
            if into is None or into in case.open or (case.cover is not None and into == case.cover.subject):
                incident = replace(case.open.pop(subject), resolved_ms=now.time_ms)
                case.note(Kind.RESOLVED if into is None else Kind.MERGED, incident, now)

    def _open(self, case: Case, subject: str, wanted: Wanted, ended: list[Incident], now: Moment) -> None:
        parents = [*ended, *([case.released] if case.released else ())]
        origin = next((each.id for each in parents if _was_part(case, wanted, each)), None)
        began_ms = wanted.since_ms if 0 < wanted.since_ms <= now.time_ms else now.time_ms
        incident = Incident(
            id=next(self._ids),
            site=case.place,
            camera=None if subject == case.subject or is_device(subject) else subject,
            cause=wanted.cause,
            cameras=wanted.cameras,
            since_ms=began_ms,
            opened_ms=now.time_ms,
            opened_s=now.s,
            ending_s=wanted.ending_s,
            device=device_of(subject) if is_device(subject) else None,
            uplink=None if case.place else uplink_of(subject),
            sites=wanted.sites,
            awaited=wanted.awaited,
            origin=origin,
            downtime=wanted.downtime,
            flapping=wanted.flapping,
            waiting_s=now.s,
        )
        case.open[subject] = incident
        case.note(Kind.OPENED if origin is None else Kind.SPLIT, incident, now)

    def _change(self, case: Case, known: Incident, wanted: Wanted, now: Moment) -> None:
        incident = replace(
            known,
            cause=wanted.cause,
            cameras=wanted.cameras,
            sites=wanted.sites,
            ending_s=wanted.ending_s,
            awaited=wanted.awaited,
        )
        if incident != known:
            case.keep(incident)
        if (incident.cause, incident.cameras, incident.sites) != (known.cause, known.cameras, known.sites):
            case.note(Kind.CHANGED, incident, now)
        if wanted.downtime != incident.downtime:
            incident = replace(incident, downtime=wanted.downtime, waiting_s=now.s)
            case.keep(incident)
            if bool(wanted.downtime) != bool(known.downtime):
                case.note(Kind.DOWNTIME_STARTED if wanted.downtime else Kind.DOWNTIME_ENDED, incident, now)
        if wanted.flapping != incident.flapping:
            incident = replace(incident, flapping=wanted.flapping)
            case.keep(incident)
            case.note(Kind.FLAPPING_STARTED if wanted.flapping else Kind.FLAPPING_ENDED, incident, now)


def _was_part(case: Case, wanted: Wanted, parent: Incident) -> bool:
    """Whether an incident that is opened now was told as part of one that ends now."""
    if parent.uplink is not None:
        return case.place in parent.sites
    return len(parent.cameras) > len(wanted.cameras) and set(wanted.cameras) <= set(parent.cameras)

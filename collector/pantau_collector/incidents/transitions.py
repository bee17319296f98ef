"""Last stage: from the incidents that there should be to what became of those that there are."""

from collections.abc import Iterator

from msgspec.structs import replace

from pantau_collector.incidents.case import SITE_DARK, WHOLE_SITE, Case, Incident, Kind, Moment, Transition, Wanted


class Transitions:
    """Writes `transitions`, each once: what is wanted and open already makes none.

    Nothing is opened while the collector is not attentive; it is looked at again until it is.
    """

    def __init__(self, ids: Iterator[int]) -> None:
        self._ids = ids

    def __call__(self, case: Case, now: Moment) -> None:
        """Opens, changes and resolves; the whole site first, for its cameras' incidents may merge into it."""
        for subject in sorted(case.wanted):
            wanted, known = case.wanted[subject], case.open.get(subject)
            if known is not None:
                self._change(case, known, wanted, now)
            elif now.attentive:
                self._open(case, subject, wanted, now)
            else:
                case.wake(now.s)
        for subject in sorted(case.open.keys() - case.wanted.keys()):
            merged = subject in case.merged
            if not merged or WHOLE_SITE in case.open:
                self._close(case, case.open.pop(subject), Kind.MERGED if merged else Kind.RESOLVED, now)

    def _open(self, case: Case, subject: str, wanted: Wanted, now: Moment) -> None:
        incident = Incident(
            id=next(self._ids),
            site=case.site.id,
            camera=subject or None,
            cause=wanted.cause,
            cameras=wanted.cameras,
            since_ms=_began_ms(case, subject, wanted, now),
            opened_ms=now.time_ms,
            opened_s=now.s,
            ending_s=wanted.ending_s,
        )
        case.open[subject] = incident
        self._note(case, Kind.OPENED, incident, now)

    def _change(self, case: Case, known: Incident, wanted: Wanted, now: Moment) -> None:
        incident = replace(known, cause=wanted.cause, cameras=wanted.cameras, ending_s=wanted.ending_s)
        if incident == known:
            return
        case.open[known.subject] = incident
        if (incident.cause, incident.cameras) != (known.cause, known.cameras):
            self._note(case, Kind.CHANGED, incident, now)
        else:
            case.changed_incidents.append(incident)

    def _close(self, case: Case, known: Incident, kind: Kind, now: Moment) -> None:
        self._note(case, kind, replace(known, resolved_ms=now.time_ms), now)

    @staticmethod
    def _note(case: Case, kind: Kind, incident: Incident, now: Moment) -> None:
        case.changed_incidents.append(incident)
        case.transitions.append(Transition(kind, incident, now.time_ms))


def _began_ms(case: Case, subject: str, wanted: Wanted, now: Moment) -> int:
    """When the outage began: a camera by its agent's word, a silent site when it was last heard."""
    if wanted.cause == SITE_DARK:
        began = min(case.site.cameras[camera].since_ms for camera in wanted.cameras if camera in case.site.cameras)
    else:
        began = case.site.cameras[subject].since_ms if subject != WHOLE_SITE else case.site.heard_ms
    return began if 0 < began <= now.time_ms else now.time_ms

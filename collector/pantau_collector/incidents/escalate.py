"""What nobody takes is raised to the next level, so long after it began to wait."""

from collections.abc import Sequence

from msgspec.structs import replace

from pantau_collector.incidents.case import Case, Kind, Moment


class Escalate:
    """`after_s` are the seconds of attention to the first, second ... level."""

    def __init__(self, after_s: Sequence[float]) -> None:
        self._after_s = tuple(sorted(after_s))

    def __call__(self, case: Case, now: Moment) -> None:
        """Each level once; not while somebody has taken it, nor in maintenance."""
        for known in list(case.open.values()):
            incident = known
            if incident.acknowledged is not None or incident.downtime:
                continue
            for level, after_s in enumerate(self._after_s[incident.escalation :], incident.escalation + 1):
                due_s = incident.waiting_s + after_s
                if now.s < due_s:
                    case.wake(due_s)
                    break
                incident = replace(incident, escalation=level)
                case.keep(incident)
                case.note(Kind.ESCALATED, incident, now)

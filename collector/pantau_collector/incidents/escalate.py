"""A stage: escalates an incident that nobody acknowledges, to each level after a fixed time."""

from collections.abc import Sequence

from msgspec.structs import replace

from pantau_collector.incidents.case import Case
from pantau_collector.incidents.moment import Moment
from pantau_collector.incidents.transition import TransitionKind


class Escalate:
    """Writes each incident's `escalation`."""

    def __init__(self, after_s: Sequence[float]) -> None:
        """Escalate to the first, second ... level after so many seconds of attention each."""
        self._after_s = tuple(sorted(after_s))

    def __call__(self, case: Case, now: Moment) -> None:
        """Escalate to each level once; not while the incident is acknowledged, nor during a downtime."""
        for known in list(case.open.values()):
            incident = known
            if incident.acknowledged is not None or incident.downtime:
                continue
            for level, after_s in enumerate(self._after_s[incident.escalation :], incident.escalation + 1):
                due_s = incident.waiting_s + after_s
                if now.s < due_s:
                    case.schedule(due_s)
                    break
                incident = replace(incident, escalation=level)
                case.update(incident)
                case.record(TransitionKind.ESCALATED, incident, now)

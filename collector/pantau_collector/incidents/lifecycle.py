"""A stage: opens, changes, merges and resolves incidents, so that the open ones are those that were proposed."""

from collections.abc import Iterator

from msgspec.structs import replace

from pantau_collector.incidents.case import Case
from pantau_collector.incidents.incident import Incident
from pantau_collector.incidents.moment import Moment
from pantau_collector.incidents.proposal import Proposal
from pantau_collector.incidents.subjects import UNLISTED, device_of, is_device, uplink_of
from pantau_collector.incidents.transition import TransitionKind


class Lifecycle:
    """Writes `transitions`, each once: a proposal for an incident that is open and unchanged makes none.

    Nothing is opened while the collector is not attentive; the case is then judged again until it is.
    """

    def __init__(self, ids: Iterator[int]) -> None:
        self._ids = ids

    def __call__(self, case: Case, now: Moment) -> None:
        """Open, change, merge and resolve; parents first, as their children's incidents may merge into them."""
        ended = [case.open[subject] for subject in case.open.keys() - case.proposals.keys() - case.merged.keys()]
        for subject in sorted(case.proposals):
            proposal, known = case.proposals[subject], case.open.get(subject)
            if known is not None:
                self._change(case, known, proposal, now)
            elif now.attentive:
                self._open(case, subject, proposal, ended, now)
            else:
                case.schedule(now.s)
        for subject in sorted(case.open.keys() - case.proposals.keys()):
            into = case.merged.get(subject)
            inhibitor = case.inhibited_by.subject if case.inhibited_by is not None else None
            if into is None or into in case.open or into == inhibitor:
                incident = replace(case.open.pop(subject), resolved_ms=now.time_ms)
                case.record(TransitionKind.RESOLVED if into is None else TransitionKind.MERGED, incident, now)

    def _open(self, case: Case, subject: str, proposal: Proposal, ended: list[Incident], now: Moment) -> None:
        parents = [*ended, *([case.released_by] if case.released_by else ())]
        origin = next((each.id for each in parents if _was_part(case, proposal, each)), None)
        began_ms = proposal.since_ms if 0 < proposal.since_ms <= now.time_ms else now.time_ms
        incident = Incident(
            id=next(self._ids),
            site=case.place,
            camera=None if subject in (case.subject, UNLISTED) or is_device(subject) else subject,
            cause=proposal.cause,
            cameras=proposal.cameras,
            since_ms=began_ms,
            opened_ms=now.time_ms,
            opened_s=now.s,
            ending_s=proposal.ending_s,
            device=device_of(subject) if is_device(subject) else None,
            uplink=None if case.place else uplink_of(subject),
            sites=proposal.sites,
            awaited=proposal.awaited,
            origin=origin,
            downtime=proposal.downtime,
            flapping=proposal.flapping,
            waiting_s=now.s,
        )
        case.open[subject] = incident
        case.record(TransitionKind.OPENED if origin is None else TransitionKind.SPLIT, incident, now)

    def _change(self, case: Case, known: Incident, proposal: Proposal, now: Moment) -> None:
        incident = replace(
            known,
            cause=proposal.cause,
            cameras=proposal.cameras,
            sites=proposal.sites,
            ending_s=proposal.ending_s,
            awaited=proposal.awaited,
        )
        if incident != known:
            case.update(incident)
        if (incident.cause, incident.cameras, incident.sites) != (known.cause, known.cameras, known.sites):
            case.record(TransitionKind.CHANGED, incident, now)
        if proposal.downtime != incident.downtime:
            incident = replace(incident, downtime=proposal.downtime, waiting_s=now.s)
            case.update(incident)
            if bool(proposal.downtime) != bool(known.downtime):
                started = TransitionKind.DOWNTIME_STARTED
                case.record(started if proposal.downtime else TransitionKind.DOWNTIME_ENDED, incident, now)
        if proposal.flapping != incident.flapping:
            incident = replace(incident, flapping=proposal.flapping)
            case.update(incident)
            started = TransitionKind.FLAPPING_STARTED
            case.record(started if proposal.flapping else TransitionKind.FLAPPING_ENDED, incident, now)


def _was_part(case: Case, proposal: Proposal, parent: Incident) -> bool:
    """Return True if an incident that is opened now was part of the parent's incident, which ends now."""
    if parent.uplink is not None:
        return case.place in parent.sites
    return len(parent.cameras) > len(proposal.cameras) and set(proposal.cameras) <= set(parent.cameras)

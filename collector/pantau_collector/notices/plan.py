"""Who is told what: from what became of an incident to what each recipient is to be told, and from when. Pure.

A recipient is told once that an outage began, when it is or comes to be concerned, and of its end only if told of
it. That somebody has taken it is told to those who were told of it, but for the one who has.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from msgspec.structs import replace

from pantau_collector.incidents.case import Incident, Kind, Transition
from pantau_collector.inventory import Inventory
from pantau_collector.notices import hours
from pantau_collector.notices.concern import Camera, concerned, fitting_of, local
from pantau_collector.notices.facts import Sites, facts_of
from pantau_collector.notices.notice import TELL_OF_OUTAGE, NoticeKind, Telling
from pantau_collector.notices.recipients import EscalationLevel, NoticeRules, People, Recipient

Told = Mapping[str, AbstractSet[NoticeKind]]
"""What each recipient, by its id, was told of an incident."""

_KINDS = {
    Kind.OPENED: NoticeKind.OPENED,
    Kind.SPLIT: NoticeKind.OPENED,
    Kind.CHANGED: NoticeKind.OPENED,
    Kind.DOWNTIME_ENDED: NoticeKind.OPENED,
    Kind.FLAPPING_STARTED: NoticeKind.FLAPPING,
    Kind.ESCALATED: NoticeKind.ESCALATED,
    Kind.ACKNOWLEDGED: NoticeKind.ACKNOWLEDGED,
    Kind.UNACKNOWLEDGED: NoticeKind.UNACKNOWLEDGED,
    Kind.RESOLVED: NoticeKind.RESOLVED,
}
"""Not a merge, for the parent's incident speaks for it from now on; nor the end of flapping, which is a recovery
or an outage that is known."""
_GATHERED = {NoticeKind.OPENED, NoticeKind.FLAPPING, NoticeKind.RESOLVED}
_MORE_THAN_ONCE = {NoticeKind.ACKNOWLEDGED, NoticeKind.UNACKNOWLEDGED}


def plan(
    transition: Transition,
    told: Told,
    people: People,
    inventory: Inventory,
    sites: Sites,
    rules: NoticeRules,
) -> list[Telling]:
    """What is to be told because of a transition."""
    incident = transition.incident
    kind = _KINDS.get(transition.kind)
    if kind is None or (incident.downtime and kind in TELL_OF_OUTAGE):
        return []
    if kind is NoticeKind.OPENED and incident.flapping:
        kind = NoticeKind.FLAPPING
    level = _level(people, incident) if kind is NoticeKind.ESCALATED else None
    if level is not None and fitting_of(incident, [level], inventory) is None:
        return []
    tellings = []
    for recipient in people.recipient:
        cameras = concerned(people, recipient, incident, inventory, transition.time_ms)
        if not _is_told(kind, recipient, told.get(recipient.id, frozenset()), people, level, incident):
            continue
        if cameras is None and kind in TELL_OF_OUTAGE:
            continue
        notice = replace(
            facts_of(kind, incident, cameras or (), inventory, sites),
            outlived=transition.kind is Kind.DOWNTIME_ENDED,
            waited_min=level.after_min if level else 0,
        )
        ready_ms, held = _when(kind, recipient, incident, cameras or (), inventory, rules, transition.time_ms)
        step = str(transition.time_ms) if kind in _MORE_THAN_ONCE else str(incident.escalation) if level else ""
        tellings.append(Telling(recipient.id, notice, ready_ms, held, step))
    return tellings


def quiet_until_ms(recipient: Recipient, now_ms: int) -> int | None:
    """When the recipient's quiet hours that are now are over (UTC ms); None if they are not now."""
    end = hours.end_of(map(hours.parse, recipient.quiet_hours), local(recipient, now_ms))
    return None if end is None else int(end.timestamp() * 1000)


def _is_told(
    kind: NoticeKind,
    recipient: Recipient,
    known: AbstractSet[NoticeKind],
    people: People,
    level: EscalationLevel | None,
    incident: Incident,
) -> bool:
    heard = not TELL_OF_OUTAGE.isdisjoint(known)
    match kind:
        case NoticeKind.OPENED:
            return not heard and not recipient.escalations_only
        case NoticeKind.FLAPPING:
            return NoticeKind.FLAPPING not in known and (heard or not recipient.escalations_only)
        case NoticeKind.ESCALATED:
            return level is not None and recipient.id in people.named(level.recipients)
        case NoticeKind.ACKNOWLEDGED:
            by = incident.acknowledged.by if incident.acknowledged else ""
            return heard and by not in (recipient.id, recipient.name or recipient.id)
        case _:
            return heard


def _level(people: People, incident: Incident) -> EscalationLevel | None:
    """The level that an incident was raised to; None if the configuration no longer has it."""
    levels = people.levels
    return levels[incident.escalation - 1] if 0 < incident.escalation <= len(levels) else None


def _when(
    kind: NoticeKind,
    recipient: Recipient,
    incident: Incident,
    cameras: tuple[Camera, ...],
    inventory: Inventory,
    rules: NoticeRules,
    now_ms: int,
) -> tuple[int, bool]:
    """From when it may be told, and whether it is held back for a digest."""
    urgent = kind is NoticeKind.ESCALATED or any(
        inventory.camera(*camera).criticality in recipient.quiet_except for camera in cameras
    )
    until_ms = None if urgent else quiet_until_ms(recipient, now_ms)
    if until_ms is not None:
        return until_ms, True
    gathers = incident.camera is None and kind in _GATHERED
    return now_ms + (int(rules.gather_s * 1000) if gathers else 0), False

"""Plans who is notified, and from when, because of what happened to an incident. It is pure.

A recipient is notified once that an outage began, as soon as it concerns them, and of its end only if they were
notified of the outage. That somebody has acknowledged it is sent to those who know of the outage, except to that
person.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from msgspec.structs import replace

from pantau_collector.incidents.incident import Incident
from pantau_collector.incidents.transition import Transition, TransitionKind
from pantau_collector.inventory import Inventory
from pantau_collector.notices import hours
from pantau_collector.notices.build import Sites, build_notice
from pantau_collector.notices.filtering import CameraKey, local_time, match_incident, matching_cameras
from pantau_collector.notices.notice import OUTAGE_NOTICES, NoticeKind
from pantau_collector.notices.notification import Notification
from pantau_collector.notices.recipients import EscalationLevel, NoticeRules, People, Recipient

NotifiedKinds = Mapping[str, AbstractSet[NoticeKind]]
"""The kinds of notices about an incident that each recipient has had, by the recipient's id."""

_KINDS = {
    TransitionKind.OPENED: NoticeKind.OPENED,
    TransitionKind.SPLIT: NoticeKind.OPENED,
    TransitionKind.CHANGED: NoticeKind.OPENED,
    TransitionKind.DOWNTIME_ENDED: NoticeKind.OPENED,
    TransitionKind.FLAPPING_STARTED: NoticeKind.FLAPPING,
    TransitionKind.ESCALATED: NoticeKind.ESCALATED,
    TransitionKind.ACKNOWLEDGED: NoticeKind.ACKNOWLEDGED,
    TransitionKind.UNACKNOWLEDGED: NoticeKind.UNACKNOWLEDGED,
    TransitionKind.RESOLVED: NoticeKind.RESOLVED,
}
"""The notice that each transition leads to.

A merge leads to none, because the parent's incident includes it from now on; nor does the end of flapping, which
is either a recovery or a known outage.
"""
_BATCHED = {NoticeKind.OPENED, NoticeKind.FLAPPING, NoticeKind.RESOLVED}
"""Kinds that wait for others of their kind, if they are about more than a camera."""
_REPEATABLE = {NoticeKind.ACKNOWLEDGED, NoticeKind.UNACKNOWLEDGED}
"""Kinds that a recipient may get several times for an incident."""


def plan(
    transition: Transition,
    notified: NotifiedKinds,
    people: People,
    inventory: Inventory,
    sites: Sites,
    rules: NoticeRules,
) -> list[Notification]:
    """Return the notifications that follow from a transition.

    Args:
        transition: what happened.
        notified: what each recipient has been notified of.
        people: the recipients, groups and levels of escalation.
        inventory: the names and owners of things.
        sites: the sites of the fleet by id.
        rules: how notices are batched.
    """
    incident = transition.incident
    kind = _KINDS.get(transition.kind)
    if kind is None or (incident.downtime and kind in OUTAGE_NOTICES):
        return []
    if kind is NoticeKind.OPENED and incident.flapping:
        kind = NoticeKind.FLAPPING
    level = _level(people, incident) if kind is NoticeKind.ESCALATED else None
    if level is not None and match_incident(incident, [level], inventory) is None:
        return []
    notifications = []
    for recipient in people.recipient:
        cameras = matching_cameras(people, recipient, incident, inventory, transition.time_ms)
        if not _is_due(kind, recipient, notified.get(recipient.id, frozenset()), people, level, incident):
            continue
        if cameras is None and kind in OUTAGE_NOTICES:
            continue
        notice = replace(
            build_notice(kind, incident, cameras or (), inventory, sites),
            outlived=transition.kind is TransitionKind.DOWNTIME_ENDED,
            waited_min=level.after_min if level else 0,
        )
        ready_ms, held = _readiness(kind, recipient, incident, cameras or (), inventory, rules, transition.time_ms)
        step = str(transition.time_ms) if kind in _REPEATABLE else str(incident.escalation) if level else ""
        notifications.append(Notification(recipient.id, notice, ready_ms, held, step))
    return notifications


def quiet_until_ms(recipient: Recipient, now_ms: int) -> int | None:
    """Return when the recipient's present quiet hours end (UTC ms), or None if there are none now."""
    end = hours.end_of(map(hours.parse, recipient.quiet_hours), local_time(recipient, now_ms))
    return None if end is None else int(end.timestamp() * 1000)


def _is_due(
    kind: NoticeKind,
    recipient: Recipient,
    known: AbstractSet[NoticeKind],
    people: People,
    level: EscalationLevel | None,
    incident: Incident,
) -> bool:
    knows = not OUTAGE_NOTICES.isdisjoint(known)
    match kind:
        case NoticeKind.OPENED:
            return not knows and not recipient.escalations_only
        case NoticeKind.FLAPPING:
            return NoticeKind.FLAPPING not in known and (knows or not recipient.escalations_only)
        case NoticeKind.ESCALATED:
            return level is not None and recipient.id in people.expand(level.recipients)
        case NoticeKind.ACKNOWLEDGED:
            by = incident.acknowledged.by if incident.acknowledged else ""
            return knows and by not in (recipient.id, recipient.name or recipient.id)
        case _:
            return knows


def _level(people: People, incident: Incident) -> EscalationLevel | None:
    """Return the level that an incident was escalated to, or None if the configuration no longer has it."""
    levels = people.levels
    return levels[incident.escalation - 1] if 0 < incident.escalation <= len(levels) else None


def _readiness(
    kind: NoticeKind,
    recipient: Recipient,
    incident: Incident,
    cameras: tuple[CameraKey, ...],
    inventory: Inventory,
    rules: NoticeRules,
    now_ms: int,
) -> tuple[int, bool]:
    """Return from when the notice may be sent (UTC ms), and whether it is held back for a digest."""
    urgent = kind is NoticeKind.ESCALATED or any(
        inventory.camera(*camera).criticality in recipient.quiet_except for camera in cameras
    )
    until_ms = None if urgent else quiet_until_ms(recipient, now_ms)
    if until_ms is not None:
        return until_ms, True
    batched = incident.camera is None and kind in _BATCHED
    return now_ms + (int(rules.gather_s * 1000) if batched else 0), False

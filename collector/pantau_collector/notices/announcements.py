"""Plans the announcements of maintenance, to those whose cameras it covers, before it begins. It is pure.

A recipient whose quiet hours it would fall into is notified before they begin.
"""

from collections.abc import Callable, Collection, Iterable
from collections.abc import Set as AbstractSet

from pantau_collector.incidents.coverage import Coverage
from pantau_collector.incidents.downtime import Downtime, Occurrence, Scope, occurrence
from pantau_collector.inventory import Inventory
from pantau_collector.notices.build import Sites, describe_camera, site_name
from pantau_collector.notices.filtering import CameraKey, match_filters
from pantau_collector.notices.notice import Notice, NoticeKind
from pantau_collector.notices.notification import Notification
from pantau_collector.notices.plan import quiet_until_ms
from pantau_collector.notices.recipients import NoticeRules, People, Recipient

_STEP_BACK_MS = 15 * 60_000
"""Milliseconds by which an announcement is moved ahead until it is outside of quiet hours."""
_MAX_QUIET_MS = 24 * 3_600_000
"""Milliseconds by which an announcement is moved ahead at most, because of quiet hours."""

AnnouncedTo = Callable[[str], AbstractSet[str]]
"""Returns the recipients to whom an occurrence, by its step, has been announced."""


def plan_announcements(
    downtimes: Iterable[Downtime],
    announced_to: AnnouncedTo,
    people: People,
    inventory: Inventory,
    coverage: Coverage,
    sites: Sites,
    rules: NoticeRules,
    now_ms: int,
) -> list[Notification]:
    """Return the announcements that are due now, each occurrence once per recipient."""
    notifications: list[Notification] = []
    ahead_ms = int(rules.announce_min * 60_000)
    if not ahead_ms:
        return notifications
    for downtime in downtimes:
        when = occurrence(downtime, now_ms)
        if when is None or not now_ms < when.start_ms <= now_ms + ahead_ms + _MAX_QUIET_MS:
            continue
        step = f"{downtime.id}-{when.start_ms}"
        known = announced_to(step)
        due = [
            recipient
            for recipient in people.recipient
            if recipient.id not in known
            and not recipient.escalations_only
            and now_ms >= _due_ms(recipient, when.start_ms - ahead_ms)
        ]
        cameras = _covered_cameras(downtime, inventory, coverage, sites) if due else []
        for recipient in due:
            covered = match_filters(people.filters(recipient), cameras, inventory, site=_site_of(downtime))
            if covered is not None:
                notice = _notice(downtime, when, covered, inventory, sites)
                notifications.append(Notification(recipient.id, notice, now_ms, step=step))
    return notifications


def _due_ms(recipient: Recipient, wanted_ms: int) -> int:
    """Return when an announcement is due (UTC ms): at the wanted time, or before quiet hours that contain it."""
    due_ms = wanted_ms
    while quiet_until_ms(recipient, due_ms) is not None and due_ms > wanted_ms - _MAX_QUIET_MS:
        due_ms -= _STEP_BACK_MS
    return due_ms


def _notice(
    downtime: Downtime, when: Occurrence, cameras: Collection[CameraKey], inventory: Inventory, sites: Sites
) -> Notice:
    """Return the announcement for a recipient whose `cameras` are covered."""
    site, device = _site_of(downtime), ""
    place = inventory.site(site)
    camera = downtime.target.partition("/")[2] if downtime.scope is Scope.CAMERA else None
    if downtime.scope is Scope.DEVICE:
        device = inventory.device_name(site, downtime.target.partition("/")[2])
    return Notice(
        kind=NoticeKind.MAINTENANCE,
        incident=0,
        site=site,
        site_name=site_name(site, inventory, sites) if site else _name(downtime, inventory),
        camera=camera,
        camera_name=describe_camera(site, camera, inventory, sites).name if camera else "",
        cause="",
        state="",
        since_ms=when.start_ms,
        until_ms=when.end_ms,
        cameras=tuple(describe_camera(*each, inventory, sites) for each in cameras),
        detail=downtime.reason,
        latitude=place.latitude,
        longitude=place.longitude,
        device=device,
        by=downtime.by,
        sites=len({each[0] for each in cameras}) or 1,
    )


def _covered_cameras(
    downtime: Downtime, inventory: Inventory, coverage: Coverage, sites: Sites
) -> list[CameraKey]:
    """Return the cameras of the inventory and of the agents that the downtime covers."""
    place, target = _site_of(downtime), (downtime.scope, downtime.target)
    known = dict.fromkeys([*inventory.cameras, *((site, each) for site in sites for each in sites[site].cameras)])
    return [
        camera for camera in known if (not place or camera[0] == place) and target in coverage.of_camera(*camera)
    ]


def _site_of(downtime: Downtime) -> str:
    if downtime.scope in (Scope.CAMERA, Scope.DEVICE, Scope.SITE):
        return downtime.target.partition("/")[0]
    return ""


def _name(downtime: Downtime, inventory: Inventory) -> str:
    match downtime.scope:
        case Scope.OWNER:
            return inventory.owner_name(downtime.target)
        case Scope.UPLINK:
            return inventory.uplink_name(downtime.target)
        case _:
            return downtime.target

"""Maintenance announced before it begins, to those whose cameras it covers. Pure.

Who has quiet hours just then is told before they begin.
"""

from collections.abc import Callable, Collection, Iterable
from collections.abc import Set as AbstractSet

from pantau_collector.incidents.coverage import Coverage
from pantau_collector.incidents.downtime import Downtime, Occurrence, Scope, occurrence
from pantau_collector.inventory import Inventory
from pantau_collector.notices.concern import Camera, fitting
from pantau_collector.notices.facts import Sites, camera_facts, site_name
from pantau_collector.notices.notice import Notice, NoticeKind, Telling
from pantau_collector.notices.plan import quiet_until_ms
from pantau_collector.notices.recipients import NoticeRules, People, Recipient

_STEP_BACK_MS = 15 * 60_000
_LONGEST_QUIET_MS = 24 * 3_600_000

Announced = Callable[[str], AbstractSet[str]]
"""The recipients to whom an occurrence, by its step, was announced."""


def announce(
    downtimes: Iterable[Downtime],
    announced: Announced,
    people: People,
    inventory: Inventory,
    coverage: Coverage,
    sites: Sites,
    rules: NoticeRules,
    now_ms: int,
) -> list[Telling]:
    """What is to be announced now: each occurrence once."""
    tellings: list[Telling] = []
    ahead_ms = int(rules.announce_min * 60_000)
    if not ahead_ms:
        return tellings
    for downtime in downtimes:
        when = occurrence(downtime, now_ms)
        if when is None or not now_ms < when.start_ms <= now_ms + ahead_ms + _LONGEST_QUIET_MS:
            continue
        step = f"{downtime.id}-{when.start_ms}"
        known = announced(step)
        due = [
            recipient
            for recipient in people.recipient
            if recipient.id not in known
            and not recipient.escalations_only
            and now_ms >= _due_ms(recipient, when.start_ms - ahead_ms)
        ]
        cameras = _covered(downtime, inventory, coverage, sites) if due else []
        for recipient in due:
            mine = fitting(people.filters(recipient), cameras, inventory, site=_site_of(downtime))
            if mine is not None:
                notice = _notice(downtime, when, mine, inventory, sites)
                tellings.append(Telling(recipient.id, notice, now_ms, step=step))
    return tellings


def _due_ms(recipient: Recipient, wanted_ms: int) -> int:
    """When it is announced: at the time wanted, or before the quiet hours that this lies in."""
    due_ms = wanted_ms
    while quiet_until_ms(recipient, due_ms) is not None and due_ms > wanted_ms - _LONGEST_QUIET_MS:
        due_ms -= _STEP_BACK_MS
    return due_ms


def _notice(
    downtime: Downtime, when: Occurrence, cameras: Collection[Camera], inventory: Inventory, sites: Sites
) -> Notice:
    """The announcement to somebody whose `cameras` it covers."""
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
        camera_name=camera_facts(site, camera, inventory, sites).name if camera else "",
        cause="",
        state="",
        since_ms=when.start_ms,
        until_ms=when.end_ms,
        cameras=tuple(camera_facts(*each, inventory, sites) for each in cameras),
        detail=downtime.reason,
        latitude=place.latitude,
        longitude=place.longitude,
        device=device,
        by=downtime.by,
        sites=len({each[0] for each in cameras}) or 1,
    )


def _covered(downtime: Downtime, inventory: Inventory, coverage: Coverage, sites: Sites) -> list[Camera]:
    """The cameras that it covers, by what inventory and agents know of them."""
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

"""Maintenance announced before it begins, to those whose cameras it covers. Pure.

Who has quiet hours just then is told before they begin.
"""

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet

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
        for recipient in people.recipient:
            if recipient.id in known or recipient.escalations_only:
                continue
            if now_ms < _due_ms(recipient, when.start_ms - ahead_ms):
                continue
            notice = _notice(downtime, when, people, recipient, inventory, sites)
            if notice is not None:
                tellings.append(Telling(recipient.id, notice, now_ms, step=step))
    return tellings


def _due_ms(recipient: Recipient, wanted_ms: int) -> int:
    """When it is announced: at the time wanted, or before the quiet hours that this lies in."""
    due_ms = wanted_ms
    while quiet_until_ms(recipient, due_ms) is not None and due_ms > wanted_ms - _LONGEST_QUIET_MS:
        due_ms -= _STEP_BACK_MS
    return due_ms


def _notice(
    downtime: Downtime, when: Occurrence, people: People, recipient: Recipient, inventory: Inventory, sites: Sites
) -> Notice | None:
    """The announcement for a recipient; None if nothing of it is theirs."""
    cameras = _covered(downtime, inventory, sites)
    site = _site_of(downtime)
    mine = fitting(people.filters(recipient), cameras, inventory, site=site)
    if mine is None:
        return None
    place = inventory.site(site)
    camera = downtime.target.partition("/")[2] if downtime.scope is Scope.CAMERA else None
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
        cameras=tuple(camera_facts(*each, inventory, sites) for each in mine),
        detail=downtime.reason,
        latitude=place.latitude,
        longitude=place.longitude,
        device=_device_name(downtime, inventory),
        by=downtime.by,
        sites=len({each[0] for each in mine}) or 1,
    )


def _covered(downtime: Downtime, inventory: Inventory, sites: Sites) -> list[Camera]:
    """The cameras that it covers, by what inventory and agents know of them."""
    known = dict.fromkeys([*inventory.cameras, *((site, each) for site in sites for each in sites[site].cameras)])
    return [camera for camera in known if _covers(downtime, camera, inventory)]


def _covers(downtime: Downtime, camera: Camera, inventory: Inventory) -> bool:
    known, site = inventory.camera(*camera), inventory.site(camera[0])
    names = {
        Scope.CAMERA: ["/".join(camera)],
        Scope.SITE: [camera[0]],
        Scope.OWNER: [known.owner or site.owner],
        Scope.PROJECT: [known.project],
        Scope.DEVICE: [f"{camera[0]}/{device}" for device in _devices_above(camera, inventory)],
        Scope.UPLINK: _uplinks_above(site.uplink, inventory),
    }
    return downtime.target in names[downtime.scope]


def _devices_above(camera: Camera, inventory: Inventory) -> list[str]:
    found: list[str] = []
    via = inventory.camera(*camera).via
    while via and via not in found:
        found.append(via)
        device = inventory.devices.get((camera[0], via))
        via = device.via if device else ""
    return found


def _uplinks_above(uplink: str, inventory: Inventory) -> list[str]:
    found: list[str] = []
    while uplink and uplink not in found:
        found.append(uplink)
        known = inventory.uplinks.get(uplink)
        uplink = known.via if known else ""
    return found


def _site_of(downtime: Downtime) -> str:
    if downtime.scope in (Scope.CAMERA, Scope.DEVICE, Scope.SITE):
        return downtime.target.partition("/")[0]
    return ""


def _name(downtime: Downtime, inventory: Inventory) -> str:
    if downtime.scope is Scope.OWNER:
        return inventory.owner_name(downtime.target)
    uplink = inventory.uplinks.get(downtime.target) if downtime.scope is Scope.UPLINK else None
    return (uplink.name if uplink else "") or downtime.target


def _device_name(downtime: Downtime, inventory: Inventory) -> str:
    if downtime.scope is not Scope.DEVICE:
        return ""
    site, _, device = downtime.target.partition("/")
    known = inventory.devices.get((site, device))
    return (known.name if known else "") or device

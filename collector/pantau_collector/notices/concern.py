"""Whom an outage concerns: which of its cameras fit what a recipient is told of. Pure."""

from collections.abc import Iterable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from pantau_collector.incidents.case import Incident
from pantau_collector.inventory import Inventory
from pantau_collector.inventory.model import Asset
from pantau_collector.notices import hours
from pantau_collector.notices.recipients import Filter, People, Recipient

Camera = tuple[str, str]
"""Site and id."""
Parties = tuple[str, str]
"""Owner and maintainer, by their ids; empty for nobody."""


def concerned(
    people: People, recipient: Recipient, incident: Incident, inventory: Inventory, now_ms: int
) -> tuple[Camera, ...] | None:
    """The incident's cameras that concern a recipient; None if nothing of it does, or not at this time."""
    on_duty = [each for each in people.filters(recipient) if _on_duty(each, recipient, now_ms)]
    return fitting_of(incident, on_duty, inventory)


def fitting_of(incident: Incident, filters: Iterable[Filter], inventory: Inventory) -> tuple[Camera, ...] | None:
    """The incident's cameras that fit any of the filters; None if nothing of it does."""
    return fitting(
        filters,
        incident.members,
        inventory,
        site=incident.site,
        cause=incident.cause,
        parties=_parties_of(incident, inventory),
    )


def fitting(
    filters: Iterable[Filter],
    cameras: Iterable[Camera],
    inventory: Inventory,
    *,
    site: str = "",
    cause: str | None = None,
    parties: Parties = ("", ""),
) -> tuple[Camera, ...] | None:
    """Those cameras that fit any of the filters; None if nothing does.

    `parties` own and mend what has failed itself, as a switch or an uplink: all that it takes down concerns them.
    What takes down no camera concerns those who look after its `site`. Without a `cause` none is asked for.
    """
    cameras = tuple(cameras)
    found: set[Camera] = set()
    concerns = False
    for each in filters:
        if cause is not None and each.causes and cause not in each.causes:
            continue
        if not cameras:
            concerns |= _fits_alone(each, site, parties)
        found.update(camera for camera in cameras if _fits(each, camera, inventory, parties))
    if found:
        return tuple(camera for camera in cameras if camera in found)
    return () if concerns else None


def _on_duty(each: Filter, recipient: Recipient, now_ms: int) -> bool:
    """Whether a filter's hours, in the recipient's zone, are now; always if it has none."""
    return not each.hours or hours.within(map(hours.parse, each.hours), local(recipient, now_ms))


def local(recipient: Recipient, time_ms: int) -> datetime:
    """A time (UTC, milliseconds) in the recipient's zone."""
    return datetime.fromtimestamp(time_ms / 1000, UTC).astimezone(ZoneInfo(recipient.timezone))


def _parties_of(incident: Incident, inventory: Inventory) -> Parties:
    """Who owns and who mends the device, site or uplink that has failed; a camera's are its own."""
    if incident.camera is not None:
        return "", ""
    site = inventory.site(incident.site)
    thing: Asset = site
    if incident.uplink is not None:
        thing = inventory.uplinks.get(incident.uplink, site)
    elif incident.device is not None:
        thing = inventory.devices.get((incident.site, incident.device), site)
    return thing.owner, thing.maintainer


def _fits(each: Filter, camera: Camera, inventory: Inventory, parties: Parties) -> bool:
    known, site = inventory.camera(*camera), inventory.site(camera[0])
    own = (known.owner, known.maintainer)
    return (
        (not each.sites or camera[0] in each.sites)
        and (not each.projects or known.project in each.projects)
        and (not each.criticality or known.criticality in each.criticality)
        and (not each.tags or not each.tags.isdisjoint([*known.tags, *site.tags]))
        and any(_are(each, pair) for pair in (own, parties))
    )


def _fits_alone(each: Filter, site: str, parties: Parties) -> bool:
    of_cameras = each.projects or each.criticality or each.tags
    return not of_cameras and (not each.sites or site in each.sites) and _are(each, parties)


def _are(each: Filter, parties: Parties) -> bool:
    owner, maintainer = parties
    return (not each.owners or owner in each.owners) and (not each.maintainers or maintainer in each.maintainers)

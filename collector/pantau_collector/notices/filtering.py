"""Which cameras of an outage match a recipient's filters. It is pure."""

from collections.abc import Iterable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from pantau_collector.incidents.incident import Incident
from pantau_collector.inventory import Inventory
from pantau_collector.inventory.model import Asset
from pantau_collector.notices import hours
from pantau_collector.notices.recipients import Filter, People, Recipient

CameraKey = tuple[str, str]
"""Site and id."""
Parties = tuple[str, str]
"""The ids of owner and maintainer; empty for nobody."""


def matching_cameras(
    people: People, recipient: Recipient, incident: Incident, inventory: Inventory, now_ms: int
) -> tuple[CameraKey, ...] | None:
    """Return the incident's cameras that concern a recipient now, or None if it does not concern them now."""
    on_duty = [each for each in people.filters(recipient) if _on_duty(each, recipient, now_ms)]
    return match_incident(incident, on_duty, inventory)


def match_incident(
    incident: Incident, filters: Iterable[Filter], inventory: Inventory
) -> tuple[CameraKey, ...] | None:
    """Return the incident's cameras that match any of the filters, or None if the incident does not match."""
    return match_filters(
        filters,
        incident.members,
        inventory,
        site=incident.site,
        cause=incident.cause,
        parties=_parties_of(incident, inventory),
    )


def match_filters(
    filters: Iterable[Filter],
    cameras: Iterable[CameraKey],
    inventory: Inventory,
    *,
    site: str = "",
    cause: str | None = None,
    parties: Parties = ("", ""),
) -> tuple[CameraKey, ...] | None:
    """Return the cameras that match any of the filters, or None if nothing does.

    `parties` own and maintain what has failed itself, such as a switch or an uplink: everything behind it concerns
    them. An outage without cameras concerns those who look after its `site`. Without a `cause`, any filter on
    causes matches.
    """
    cameras = tuple(cameras)
    found: set[CameraKey] = set()
    is_match = False
    for each in filters:
        if cause is not None and each.causes and cause not in each.causes:
            continue
        if not cameras:
            is_match |= _matches_without_cameras(each, site, parties)
        found.update(camera for camera in cameras if _matches(each, camera, inventory, parties))
    if found:
        return tuple(camera for camera in cameras if camera in found)
    return () if is_match else None


def _on_duty(each: Filter, recipient: Recipient, now_ms: int) -> bool:
    """Return True if the filter's hours, in the recipient's zone, are now, or if it has none."""
    return not each.hours or hours.within(map(hours.parse, each.hours), local_time(recipient, now_ms))


def local_time(recipient: Recipient, time_ms: int) -> datetime:
    """Convert a time (UTC ms) to the recipient's zone."""
    return datetime.fromtimestamp(time_ms / 1000, UTC).astimezone(ZoneInfo(recipient.timezone))


def _parties_of(incident: Incident, inventory: Inventory) -> Parties:
    """Return who owns and maintains the device, site or uplink that has failed; nobody if it is a camera."""
    if incident.camera is not None:
        return "", ""
    site = inventory.site(incident.site)
    thing: Asset = site
    if incident.uplink is not None:
        thing = inventory.uplinks.get(incident.uplink, site)
    elif incident.device is not None:
        thing = inventory.devices.get((incident.site, incident.device), site)
    return thing.owner, thing.maintainer


def _matches(each: Filter, camera: CameraKey, inventory: Inventory, parties: Parties) -> bool:
    known, site = inventory.camera(*camera), inventory.site(camera[0])
    own = (known.owner, known.maintainer)
    return (
        (not each.sites or camera[0] in each.sites)
        and (not each.projects or known.project in each.projects)
        and (not each.criticality or known.criticality in each.criticality)
        and (not each.tags or not each.tags.isdisjoint([*known.tags, *site.tags]))
        and any(_match_parties(each, pair) for pair in (own, parties))
    )


def _matches_without_cameras(each: Filter, site: str, parties: Parties) -> bool:
    of_cameras = each.projects or each.criticality or each.tags
    return not of_cameras and (not each.sites or site in each.sites) and _match_parties(each, parties)


def _match_parties(each: Filter, parties: Parties) -> bool:
    owner, maintainer = parties
    return (not each.owners or owner in each.owners) and (not each.maintainers or maintainer in each.maintainers)

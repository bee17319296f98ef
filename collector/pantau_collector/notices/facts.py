"""The facts of a notice, gathered from the incident, the inventory and what the agents told. Pure."""

from collections.abc import Iterable, Mapping

from pantau_collector.fleet.model import Site
from pantau_collector.incidents.case import Incident
from pantau_collector.inventory import Inventory
from pantau_collector.notices.notice import Notice, NoticeCamera, NoticeKind
from pantau_contract.states import State

Sites = Mapping[str, Site]


def facts_of(
    kind: NoticeKind, incident: Incident, cameras: Iterable[tuple[str, str]], inventory: Inventory, sites: Sites
) -> Notice:
    """What there is to say of an incident to those whom these of its cameras concern.

    Things are called as the inventory calls them, or else as their agent does.
    """
    site = sites.get(incident.site)
    place = inventory.site(incident.site)
    subject = site.cameras.get(incident.camera) if site and incident.camera else None
    camera = inventory.camera(incident.site, incident.camera) if incident.camera else None
    has_position = camera is not None and camera.latitude is not None and camera.longitude is not None
    at = camera if camera is not None and has_position else place
    taken = incident.acknowledged
    return Notice(
        kind=kind,
        incident=incident.id,
        site=incident.site,
        site_name=site_name(incident.site, inventory, sites) if incident.site else "",
        camera=incident.camera,
        camera_name=camera_facts(incident.site, incident.camera, inventory, sites).name if incident.camera else "",
        cause=incident.cause,
        state=subject.state if subject else State.UNKNOWN,
        since_ms=incident.since_ms,
        cameras=tuple(camera_facts(*each, inventory, sites) for each in cameras),
        resolved_ms=incident.resolved_ms,
        detail=subject.detail if subject and kind is not NoticeKind.RESOLVED else "",
        latitude=at.latitude,
        longitude=at.longitude,
        device=inventory.device_name(incident.site, incident.device) if incident.device else "",
        uplink=inventory.uplink_name(incident.uplink) if incident.uplink else "",
        sites=len(incident.sites) or 1,
        by=taken.by if taken else "",
        until_ms=taken.until_ms if taken else None,
        level=incident.escalation,
    )


def site_name(site: str, inventory: Inventory, sites: Sites) -> str:
    """What people call a site."""
    there = sites.get(site)
    return inventory.site(site).name or (there.name if there else "") or site


def camera_facts(site: str, camera: str, inventory: Inventory, sites: Sites) -> NoticeCamera:
    """What people call a camera, and whose it is."""
    known, there = inventory.camera(site, camera), sites.get(site)
    told = there.cameras.get(camera) if there else None
    return NoticeCamera(
        id=camera,
        name=known.name or (told.name if told else "") or camera,
        owner=inventory.owner_name(known.owner),
        maintainer=inventory.maintainer_name(known.maintainer),
        project=known.project,
        site=site,
        site_name=site_name(site, inventory, sites),
    )

"""Builds a notice from the incident, the inventory and what the agents reported. It is pure."""

from collections.abc import Iterable, Mapping

from pantau_collector.fleet.absence import explain
from pantau_collector.fleet.model import Site
from pantau_collector.incidents.incident import Incident
from pantau_collector.inventory import Inventory
from pantau_collector.notices.notice import Notice, NoticeCamera, NoticeKind
from pantau_contract.printable import printable_texts
from pantau_contract.states import State

Sites = Mapping[str, Site]
"""The sites of the fleet by id."""


def build_notice(
    kind: NoticeKind, incident: Incident, cameras: Iterable[tuple[str, str]], inventory: Inventory, sites: Sites
) -> Notice:
    """Build the notice for a recipient who is concerned by these cameras of the incident.

    Things have the names of the inventory, or else those that their agent reported.
    """
    site = sites.get(incident.site)
    place = inventory.site(incident.site)
    subject = site.cameras.get(incident.camera) if site and incident.camera else None
    camera = inventory.camera(incident.site, incident.camera) if incident.camera else None
    has_position = camera is not None and camera.latitude is not None and camera.longitude is not None
    at = camera if camera is not None and has_position else place
    acknowledgement = incident.acknowledged
    explanation = explain(site.absence, site.start, site.boot) if site and incident.camera is None else None
    explained = explanation is not None and explanation.cause == incident.cause
    notice = Notice(
        kind=kind,
        incident=incident.id,
        site=incident.site,
        site_name=site_name(incident.site, inventory, sites) if incident.site else "",
        camera=incident.camera,
        camera_name=describe_camera(incident.site, incident.camera, inventory, sites).name
        if incident.camera
        else "",
        cause=incident.cause,
        state=subject.state if subject else State.UNKNOWN,
        since_ms=incident.since_ms,
        cameras=tuple(describe_camera(*each, inventory, sites) for each in cameras),
        resolved_ms=incident.resolved_ms,
        detail=subject.detail if subject and kind is not NoticeKind.RESOLVED else "",
        latitude=at.latitude,
        longitude=at.longitude,
        device=inventory.device_name(incident.site, incident.device) if incident.device else "",
        uplink=inventory.uplink_name(incident.uplink) if incident.uplink else "",
        sites=len(incident.sites) or 1,
        by=acknowledgement.by if acknowledgement else "",
        until_ms=acknowledgement.until_ms if acknowledgement else None,
        level=incident.escalation,
        cause_from_ms=explanation.from_ms if explanation and explained else None,
        cause_to_ms=explanation.to_ms if explanation and explained else None,
    )
    return printable_texts(notice)


def site_name(site: str, inventory: Inventory, sites: Sites) -> str:
    """Return what people call a site."""
    reported = sites.get(site)
    return inventory.site(site).name or (reported.name if reported else "") or site


def describe_camera(site: str, camera: str, inventory: Inventory, sites: Sites) -> NoticeCamera:
    """Return what people call a camera, and whose it is."""
    known, reported = inventory.camera(site, camera), sites.get(site)
    reported_camera = reported.cameras.get(camera) if reported else None
    return NoticeCamera(
        id=camera,
        name=known.name or (reported_camera.name if reported_camera else "") or camera,
        owner=inventory.owner_name(known.owner),
        maintainer=inventory.maintainer_name(known.maintainer),
        project=known.project,
        site=site,
        site_name=site_name(site, inventory, sites),
    )

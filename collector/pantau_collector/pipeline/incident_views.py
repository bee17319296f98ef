"""Incidents as the wall and the API show them."""

from pantau_collector.fleet.view import IncidentView
from pantau_collector.incidents.incident import Incident
from pantau_collector.inventory import Inventory


def view_incident(incident: Incident, inventory: Inventory) -> IncidentView:
    """Return the view of an incident."""
    acknowledgement = incident.acknowledged
    return IncidentView(
        id=incident.id,
        site=incident.site,
        camera=incident.camera,
        cause=incident.cause,
        cameras=incident.cameras,
        opened_ms=incident.opened_ms,
        resolved_ms=incident.resolved_ms,
        device=incident.device,
        uplink=incident.uplink,
        sites=incident.sites,
        acknowledged_by=acknowledgement.by if acknowledgement else "",
        acknowledged_until_ms=acknowledgement.until_ms if acknowledgement else None,
        downtime=incident.downtime,
        flapping=incident.flapping,
        escalation=incident.escalation,
        name=_parent_name(incident, inventory),
    )


def _parent_name(incident: Incident, inventory: Inventory) -> str:
    """Return what people call the uplink or device that has failed; empty for a site or a camera."""
    if incident.uplink is not None:
        return inventory.uplink_name(incident.uplink)
    if incident.device is not None:
        return inventory.device_name(incident.site, incident.device)
    return ""

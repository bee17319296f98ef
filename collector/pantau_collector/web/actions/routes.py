"""The routes of all that operators do."""

from pantau_collector.web.actions.attribution import AttributionPage
from pantau_collector.web.actions.camera_actions import CameraActions
from pantau_collector.web.actions.incident_actions import IncidentActions
from pantau_collector.web.actions.look import Looks
from pantau_collector.web.actions.maintenance import MaintenancePage
from pantau_collector.web.guard import GuardedRoute
from pantau_collector.web.sources import Sources


def routes(sources: Sources) -> list[GuardedRoute]:
    """Return the routes."""
    camera_actions = CameraActions(sources)
    return [
        *camera_actions.routes(),
        *Looks(sources, camera_actions).routes(),
        *MaintenancePage(sources).routes(),
        *IncidentActions(sources).routes(),
        *AttributionPage(sources).routes(),
    ]

"""The routes of the pages of the control room."""

from pantau_collector.web.desk.camera_history import HistoryReader
from pantau_collector.web.desk.camera_list import CameraList
from pantau_collector.web.desk.camera_page import CameraPage
from pantau_collector.web.desk.incident_page import IncidentPages
from pantau_collector.web.desk.live_page import LivePages
from pantau_collector.web.desk.map_page import MapPage
from pantau_collector.web.desk.site_page import SitePage
from pantau_collector.web.guard import GuardedRoute
from pantau_collector.web.sources import Sources


def routes(sources: Sources) -> list[GuardedRoute]:
    """Return the routes of map, lists, and the pages of sites, cameras and incidents."""
    live = LivePages(sources.streams, sources.scoped, sources.clock_ms, sources.zone)
    history = HistoryReader(sources.store, sources.measures, sources.inventory, sources.zone)
    return [
        *MapPage(live, sources.config.web).routes(),
        *CameraList(live).routes(),
        *CameraPage(live, sources, history).routes(),
        *SitePage(live, sources, history).routes(),
        *IncidentPages(live, sources).routes(),
    ]

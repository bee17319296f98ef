"""What a site, or an incident, is marked with: the gravest state of its cameras."""

from collections import Counter
from collections.abc import Iterable

from pantau_collector.fleet.view import CityView, IncidentView, SiteView
from pantau_collector.incidents.incident import UNLISTED_CAMERAS
from pantau_contract.states import State

GRAVEST_FIRST = (State.DOWN, State.IMPAIRED, State.DEGRADED, State.UNKNOWN, State.DISABLED, State.OK)
WRONG = frozenset({State.DOWN, State.IMPAIRED, State.DEGRADED})
"""States in which a camera needs somebody."""


def gravest(states: Iterable[State]) -> State:
    """Return the gravest of states; `unknown` if there is none."""
    return min(states, key=GRAVEST_FIRST.index, default=State.UNKNOWN)


def site_mark(site: SiteView, *, broken: bool) -> State:
    """Return the mark of a site; `broken`: an open incident affects the whole of it."""
    if broken:
        return State.DOWN
    if not site.online:
        return State.UNKNOWN
    listed = [camera.state for camera in site.cameras if camera.listed]
    return gravest(listed or (camera.state for camera in site.cameras))


def count_states(site: SiteView) -> Counter[State]:
    """Return how many cameras of a site are in each state."""
    return Counter(camera.state for camera in site.cameras)


def broken_sites(city: CityView) -> set[str]:
    """Return the sites that an open incident affects as a whole."""
    return {site for each in city.incidents if is_whole_site(each) for site in (each.sites or (each.site,))}


def is_whole_site(incident: IncidentView) -> bool:
    """Return True for an open incident of a whole site, or of an uplink."""
    is_part = incident.camera or incident.device or incident.cause == UNLISTED_CAMERAS
    return incident.resolved_ms is None and not is_part

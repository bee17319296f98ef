"""The city as far as a scope lets one see it."""

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from pantau_collector.access.scope import Scope
from pantau_collector.fleet.view import CityView, IncidentView, SiteView

_MAX_KEPT = 64
"""Scopes whose view is kept at most."""


def within(city: CityView, scope: Scope) -> CityView:
    """Return the city with the scope's cameras, their sites, and the incidents that affect them.

    An incident names no camera and no site beyond the scope.
    """
    if scope.whole_city:
        return city
    sites = tuple(filter(None, (_site(each, scope) for each in city.sites)))
    cameras = {site.id: frozenset(camera.id for camera in site.cameras) for site in sites}
    incidents = tuple(filter(None, (incident_within(each, cameras) for each in city.incidents)))
    return replace(city, sites=sites, incidents=incidents)


class ScopedViews:
    """The latest view of the city for each scope, made once for each view."""

    def __init__(self, view: Callable[[], CityView]) -> None:
        self._view = view
        self._made: dict[Scope, tuple[CityView, CityView]] = {}

    def __call__(self, scope: Scope) -> CityView:
        """Return the latest view of the scope."""
        city = self._view()
        if scope.whole_city:
            return city
        made = self._made.pop(scope, None)
        if made is None or made[0] is not city:
            made = (city, within(city, scope))
        self._made[scope] = made
        if len(self._made) > _MAX_KEPT:
            self._made.pop(next(iter(self._made)), None)
        return made[1]


def _site(site: SiteView, scope: Scope) -> SiteView | None:
    if site.id in scope.sites:
        return site
    cameras = tuple(each for each in site.cameras if scope.includes(site.id, each.owner_id, each.project))
    return replace(site, cameras=cameras) if cameras else None


def incident_within(incident: IncidentView, cameras: Mapping[str, frozenset[str]]) -> IncidentView | None:
    """Return what an incident says of a scope's cameras, by site; None if it affects none of them."""
    if incident.site:
        known = cameras.get(incident.site)
        if known is None:
            return None
        affected = tuple(each for each in incident.cameras if each in known)
        concerns = bool(affected) or (incident.camera is None and not incident.cameras)
        return replace(incident, cameras=affected) if concerns else None
    sites = tuple(each for each in incident.sites if each in cameras)
    affected = tuple(each for each in incident.cameras if _is_known(each, cameras))
    return replace(incident, cameras=affected, sites=sites) if sites else None


def _is_known(key: str, cameras: Mapping[str, frozenset[str]]) -> bool:
    site, _, camera = key.partition("/")
    return camera in cameras.get(site, ())

"""What of an action lies within the part of the city that a person answers for."""

from msgspec import Struct

from pantau_collector.access.principal import Principal
from pantau_collector.actions.action_error import ActionError
from pantau_collector.fleet.view import CameraView, CityView, SiteView
from pantau_collector.incidents.downtime import Scope
from pantau_collector.incidents.incident import Incident


class Place(Struct, frozen=True):
    """A camera, and its site as far as the person may see it."""

    site: SiteView
    camera: CameraView


def place_of(city: CityView, site: str, camera: str) -> Place:
    """Return a camera of the city.

    Raises:
        ActionError: there is none, or none any more.
    """
    for each in city.sites:
        if each.id == site:
            found = next((one for one in each.cameras if one.id == camera), None)
            if found is not None:
                return Place(each, found)
    raise ActionError("", "no_camera")


class Outage(Struct, frozen=True):
    """An incident as far as a person may see it: its `members` in their part of the city.

    `complete` is False if it affects cameras of others too.
    """

    incident: Incident
    members: tuple[tuple[str, str], ...]
    complete: bool


def outage_of(incident: Incident | None, number: int, who: Principal, city: CityView) -> Outage:
    """Return an incident out of the store as a person may see it, however long it is over.

    Raises:
        ActionError: there is none, or it affects nothing that they may see.
    """
    if incident is not None and who.scope.whole_city:
        return Outage(incident, incident.members, complete=True)
    seen = {(site.id, camera.id) for site in city.sites for camera in site.cameras}
    if incident is not None:
        members = tuple(each for each in incident.members if each in seen)
        whole_site = not incident.members and any(each.id == incident.site for each in city.sites)
        if members or whole_site:
            return Outage(incident, members, complete=members == incident.members and bool(members))
    raise ActionError("", "no_incident", number=number)


def check_complete(outage: Outage) -> None:
    """Check that a person sees all that an incident affects: whoever takes it, takes it for everybody.

    Raises:
        ActionError: it affects cameras of others too.
    """
    if not outage.complete:
        raise ActionError("", "incident_of_others")


def check_target(who: Principal, scope: Scope, target: str, *, city: CityView, whole_city: CityView) -> None:
    """Check that maintenance of a target silences nothing beyond a person's part of the city.

    Raises:
        ActionError: it would.
    """
    part = who.scope
    if part.whole_city:
        return
    site, _, camera = target.partition("/")
    match scope:
        case Scope.CAMERA:
            allowed = any(each.id == site and any(one.id == camera for one in each.cameras) for each in city.sites)
        case Scope.SITE | Scope.DEVICE:
            allowed = site in part.sites or _sees_all_of(site, city, whole_city)
        case Scope.OWNER:
            allowed = target in part.owners
        case Scope.PROJECT:
            allowed = target in part.projects
        case _:
            allowed = False
    if not allowed:
        raise ActionError("target", "target_of_others")


def _sees_all_of(site: str, city: CityView, whole_city: CityView) -> bool:
    seen = next((each.cameras for each in city.sites if each.id == site), ())
    return bool(seen) and any(each.id == site and len(each.cameras) == len(seen) for each in whole_city.sites)

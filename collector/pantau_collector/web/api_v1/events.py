"""The live stream of events for programs: what changes in the city, as it changes."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import partial

import msgspec
from msgspec import Struct
from starlette.responses import Response

from pantau_collector.fleet.view import CameraView, CityView, IncidentView, SiteView
from pantau_collector.web.api_v1.asked import Asked
from pantau_collector.web.api_v1.moments import known_moment, moment
from pantau_collector.web.desk.live_page import viewer_of
from pantau_collector.web.event_stream import Event
from pantau_contract.states import Cause, State


class BeginEvent(Struct, frozen=True):
    """`begin`: the stream begins, or goes on after a gap: whoever keeps a list reads it anew now."""

    time: datetime
    sites: int
    cameras: int
    open_incidents: int


class CameraEvent(Struct, frozen=True):
    """A camera is new, or its state or cause has changed. `removed`: it is no more."""

    site: str
    camera: str
    state: State
    cause: Cause | None
    since: datetime | None
    evidence: str
    removed: bool = False


class SiteEvent(Struct, frozen=True):
    """An agent is heard, or is not heard any more. `removed`: the site is no more."""

    site: str
    online: bool
    heard: datetime | None
    removed: bool = False


class IncidentEvent(Struct, frozen=True):
    """An incident was opened, has changed, or was resolved."""

    id: int
    site: str
    camera: str | None
    device: str | None
    uplink: str | None
    cause: str
    cameras: tuple[str, ...]
    opened: datetime
    resolved: datetime | None
    acknowledged_by: str
    downtime: str
    escalation: int


class ChangesEvent(Struct, frozen=True):
    """`changes`: what has changed, of cameras, sites and incidents."""

    time: datetime
    cameras: tuple[CameraEvent, ...]
    sites: tuple[SiteEvent, ...]
    incidents: tuple[IncidentEvent, ...]


EVENTS = (BeginEvent, ChangesEvent)


class CityFeed:
    """What changes in a part of the city, for all programs that may see it."""

    def __init__(self, view: Callable[[], CityView]) -> None:
        self._view = view

    def state(self) -> CityView:
        """Return the view of the city."""
        return self._view()

    def whole(self, state: CityView, /) -> Iterable[Event]:
        """Return the event by which a stream begins."""
        return [_encoded("begin", beginning(state))]

    def changes(self, before: CityView, after: CityView, /) -> Iterable[Event]:
        """Return one event with everything that has changed."""
        found = changes(before, after)
        return [_encoded("changes", found)] if found.cameras or found.sites or found.incidents else []


async def stream_events(asked: Asked) -> Response:
    """Stream what changes, as it changes (server-sent events).

    Events are named `begin` and `changes`; their data is JSON as the schemas `BeginEvent` and `ChangesEvent` say.
    `beat` is a sign of life. The stream ends within a minute: open it again with the header `Last-Event-ID`, and
    nothing is missed. After `begin`, read everything anew.
    """
    scope = asked.principal.scope
    streams = asked.sources.streams
    channel = streams.channel(("api", scope), lambda: CityFeed(partial(asked.sources.scoped, scope)))
    return streams.open(channel, viewer_of(asked.request), asked.request.headers.get("last-event-id", ""))


def changes(before: CityView, after: CityView) -> ChangesEvent:
    """Return what has changed from one view of the city to the next."""
    cameras: list[CameraEvent] = []
    sites: list[SiteEvent] = []
    old_sites = {site.id: site for site in before.sites}
    for site in after.sites:
        old = old_sites.pop(site.id, None)
        if old is None or old.online is not site.online:
            sites.append(_site(site))
        cameras += _camera_changes(old, site)
    for site in old_sites.values():
        sites.append(_site(site, removed=True))
        cameras += [_camera(site.id, camera, removed=True) for camera in site.cameras]
    known = {incident.id: incident for incident in before.incidents}
    incidents = [_incident(each) for each in after.incidents if known.get(each.id) != each]
    return ChangesEvent(known_moment(after.time_ms), tuple(cameras), tuple(sites), tuple(incidents))


def beginning(view: CityView) -> BeginEvent:
    """Return the first event of a stream."""
    return BeginEvent(
        known_moment(view.time_ms),
        len(view.sites),
        sum(len(site.cameras) for site in view.sites),
        sum(incident.resolved_ms is None for incident in view.incidents),
    )


def _camera_changes(old: SiteView | None, site: SiteView) -> Iterator[CameraEvent]:
    if old is site:
        return
    old_cameras = {camera.id: camera for camera in old.cameras} if old else {}
    for camera in site.cameras:
        known = old_cameras.pop(camera.id, None)
        if known is None or (known is not camera and _shown(known) != _shown(camera)):
            yield _camera(site.id, camera)
    for camera in old_cameras.values():
        yield _camera(site.id, camera, removed=True)


def _encoded(name: str, data: Struct) -> Event:
    return Event(name, msgspec.json.encode(data).decode())


def _shown(camera: CameraView) -> tuple[State, Cause | None, int]:
    return camera.state, camera.cause, camera.since_ms


def _camera(site: str, camera: CameraView, *, removed: bool = False) -> CameraEvent:
    return CameraEvent(
        site, camera.id, camera.state, camera.cause, moment(camera.since_ms), camera.detail, removed
    )


def _site(site: SiteView, *, removed: bool = False) -> SiteEvent:
    return SiteEvent(site.id, site.online, moment(site.heard_ms), removed)


def _incident(incident: IncidentView) -> IncidentEvent:
    return IncidentEvent(
        id=incident.id,
        site=incident.site,
        camera=incident.camera,
        device=incident.device,
        uplink=incident.uplink,
        cause=incident.cause,
        cameras=tuple(f"{incident.site}/{each}" if incident.site else each for each in incident.cameras),
        opened=known_moment(incident.opened_ms),
        resolved=moment(incident.resolved_ms),
        acknowledged_by=incident.acknowledged_by,
        downtime=incident.downtime,
        escalation=incident.escalation,
    )

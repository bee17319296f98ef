"""Cameras: who they belong to, and how they are now."""

from collections.abc import Iterable
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from msgspec import Meta, Struct

from pantau_collector.fleet.view import CameraView, SiteView
from pantau_collector.inventory import Inventory
from pantau_collector.inventory.model import Criticality
from pantau_collector.web.api_v1.asked import Asked
from pantau_collector.web.api_v1.cursor import CountedPage, Cursor, Limit, decode_cursor, page_after
from pantau_collector.web.api_v1.moments import moment
from pantau_collector.web.api_v1.problem import RefusedError
from pantau_collector.web.api_v1.values import CameraId, SiteId, Text
from pantau_contract.states import Cause, State
from pantau_contract.words import Language, Words


class Stream(Struct, frozen=True):
    """What the agent measured of a camera's stream last; null where it measured nothing."""

    codec: str | None
    width: int | None
    height: int | None
    frames_per_second: float | None
    kilobits_per_second: float | None
    lost_percent: float | None


class Hardware(Struct, frozen=True):
    """What a camera says of itself; empty where it says nothing. `firmware_note` warns of its firmware."""

    vendor: str
    model: str
    firmware: str
    firmware_note: str


class Camera(Struct, frozen=True):
    """A camera as it is now.

    `cause` is why it is not `ok`, `meaning` the same for people. `evidence` is what was measured. `listed` is
    false if the inventory lists cameras, and not this one. `picture_unseen` is why none of its pictures is judged.
    """

    site: str
    id: str
    name: str
    site_name: str
    owner: str
    owner_name: str
    maintainer: str
    maintainer_name: str
    project: str
    criticality: Criticality
    latitude: float | None
    longitude: float | None
    listed: bool
    state: State
    cause: Cause | None
    meaning: str
    evidence: str
    since: datetime | None
    measured: datetime | None
    picture_taken: datetime | None
    picture_unseen: str
    stream: Stream
    hardware: Hardware


class CameraFilter(Struct, frozen=True):
    """Which cameras are listed; of a parameter that is given several times, either value will do."""

    site: tuple[SiteId, ...] = ()
    owner: Annotated[tuple[Text, ...], Meta(description="Id or name.")] = ()
    maintainer: Annotated[tuple[Text, ...], Meta(description="Id or name.")] = ()
    project: tuple[Text, ...] = ()
    state: tuple[State, ...] = ()
    cause: tuple[Cause, ...] = ()
    text: Annotated[Text | None, Meta(description="Part of an id, name, project or model.")] = None


class CamerasQuery(CameraFilter, frozen=True):
    """Which cameras are listed, and in which language."""

    lang: Language | None = None
    limit: Limit = 100
    cursor: Cursor | None = None


class CameraQuery(Struct, frozen=True):
    """In which language a camera is described."""

    lang: Language | None = None


def list_cameras(asked: Asked, query: CamerasQuery) -> CountedPage[Camera]:
    """List cameras, by site and id."""
    after = decode_cursor(query.cursor, tuple[str, str])
    found = list(matching(asked, query))
    page, following = page_after(found, after, query.limit, lambda each: (each[0].id, each[1].id))
    words = asked.words(query.lang)
    items = tuple(describe(site, camera, asked.inventory, words) for site, camera in page)
    return CountedPage(items, len(found), following)


def get_camera(asked: Asked, site: SiteId, camera: CameraId, query: CameraQuery) -> Camera:
    """Return one camera."""
    where, found = find_camera(asked, site, camera)
    return describe(where, found, asked.inventory, asked.words(query.lang))


def find_camera(asked: Asked, site: str, camera: str) -> tuple[SiteView, CameraView]:
    """Return a camera within the scope, and its site.

    Raises:
        RefusedError: there is none.
    """
    for where in asked.city.sites:
        if where.id == site:
            for each in where.cameras:
                if each.id == camera:
                    return where, each
    raise RefusedError(HTTPStatus.NOT_FOUND, "there is no such camera")


def matching(asked: Asked, query: CameraFilter) -> Iterable[tuple[SiteView, CameraView]]:
    """Yield the cameras within the scope that a filter leaves, each with its site."""
    sites, states, causes = frozenset(query.site), frozenset(query.state), frozenset(query.cause)
    owners, maintainers = _folded(query.owner), _folded(query.maintainer)
    projects, text = _folded(query.project), (query.text or "").casefold()
    for site in asked.city.sites:
        if sites and site.id not in sites:
            continue
        for camera in site.cameras:
            if (
                (not states or camera.state in states)
                and (not causes or camera.cause in causes)
                and (not projects or camera.project.casefold() in projects)
                and (not owners or _is_one(owners, camera.owner_id, camera.owner))
                and (not maintainers or _is_one(maintainers, camera.maintainer_id, camera.maintainer))
                and (not text or text in _searched(site, camera))
            ):
                yield site, camera


def describe(site: SiteView, camera: CameraView, inventory: Inventory, words: Words) -> Camera:
    """Return a camera as the API answers it."""
    known, place = inventory.camera(site.id, camera.id), inventory.site(site.id)
    own_place = known.latitude is not None and known.longitude is not None
    return Camera(
        site=site.id,
        id=camera.id,
        name=camera.name,
        site_name=site.name,
        owner=camera.owner_id,
        owner_name=camera.owner,
        maintainer=camera.maintainer_id,
        maintainer_name=camera.maintainer,
        project=camera.project,
        criticality=known.criticality,
        latitude=known.latitude if own_place else place.latitude,
        longitude=known.longitude if own_place else place.longitude,
        listed=camera.listed,
        state=camera.state,
        cause=camera.cause,
        meaning=words.meaning(camera.cause) if camera.cause else "",
        evidence=words.evidence(camera.detail) if camera.detail else "",
        since=moment(camera.since_ms),
        measured=moment(camera.sample_ms),
        picture_taken=moment(camera.picture_ms),
        picture_unseen=camera.picture_unseen,
        stream=Stream(
            camera.codec,
            camera.width,
            camera.height,
            camera.fps,
            camera.bitrate_kbps,
            camera.rtp_loss_pct,
        ),
        hardware=Hardware(camera.vendor, camera.model, camera.firmware, camera.firmware_note),
    )


def _is_one(wanted: frozenset[str], entry_id: str, name: str) -> bool:
    return entry_id.casefold() in wanted or name.casefold() in wanted


def _folded(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(each.casefold() for each in texts)


def _searched(site: SiteView, camera: CameraView) -> str:
    parts = (site.id, site.name, camera.id, camera.name, camera.project, camera.vendor, camera.model)
    return "\n".join(parts).casefold()

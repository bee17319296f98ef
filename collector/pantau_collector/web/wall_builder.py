"""Builds the wall from the view of the city, without side effects."""

from collections import Counter
from collections.abc import Set as AbstractSet

import msgspec
from msgspec import Struct

from pantau_collector.fleet.view import CameraView, CityView, IncidentView, SiteView
from pantau_collector.health import Health, TroubleKind
from pantau_collector.incidents.incident import UNLISTED_CAMERAS
from pantau_collector.web.camera_phrases import (
    cause_phrase,
    hardware,
    is_unseen,
    picture_address,
    picture_caption,
    state_phrase,
)
from pantau_collector.web.incident_cards import build_card, choose_cards
from pantau_collector.web.times import Times
from pantau_collector.web.wall import CameraTile, SiteBlock, StateCount, Wall
from pantau_contract.states import State
from pantau_contract.words import Words

PICTURES_UP_TO = 60
"""Cameras in a city up to which the wall shows the picture of each; with more, only of those that are not well."""

RECENT_MS = 3_600_000
"""Milliseconds for which a resolved incident stays on the wall."""

MAX_CARDS = 24
"""Open incidents shown at most; of the others the wall shows the number."""

CARDS_OF_SITE = 3
"""Open incidents of one site, or of one uplink, shown at most."""

LINES_OF_SITE = 6
"""Cameras in trouble that one site of a dense wall shows with name and picture at most."""

TILES_OF_SITE = 256
"""Cameras of one site that are shown at most."""

UNLISTED_TILES = 8
"""Cameras of one site that are shown at most of those that are not in the inventory."""

_MAX_RECOVERED = 6
"""Resolved incidents shown at most."""

_RECOVERED_OF_SITE = 2
"""Resolved incidents of one site shown at most."""


class Scope(Struct, frozen=True):
    """What of the city is shown: one `site` by its id, or all of them if it is empty; all of it, or what fits."""

    site: str = ""
    everything: bool = False

    @property
    def limited(self) -> bool:
        """True if nothing may take more room than the wall has."""
        return not self.site and not self.everything


WHOLE_CITY = Scope()


def build_wall(
    city: CityView, health: Health, words: Words, times: Times, *, now_ms: int, scope: Scope = WHOLE_CITY
) -> Wall:
    """Return the wall at `now_ms` (UTC epoch milliseconds)."""
    if scope.site:
        city = _only_site(city, scope.site)
    states = Counter(camera.state for site in city.sites for camera in site.cameras)
    total = states.total()
    # Cameras that anybody can invent do not take the pictures of the others off the wall.
    dense = sum(camera.listed for site in city.sites for camera in site.cameras) > PICTURES_UP_TO
    sites = {site.id: site for site in city.sites}
    opened = [each for each in city.incidents if each.resolved_ms is None]
    cards = choose_cards(
        (build_card(each, sites, words, times) for each in opened),
        most=MAX_CARDS if scope.limited else len(opened),
        of_site=CARDS_OF_SITE if scope.limited else len(opened),
    )
    broken_sites, explained = _explained(city, opened)
    stale = any(trouble.kind is TroubleKind.VIEW_STALE for trouble in health.troubles)
    return Wall(
        stale_since=times.clock(city.time_ms) if stale else "",
        troubles=tuple(each.kind for each in health.troubles if each.kind is not TroubleKind.VIEW_STALE),
        state_counts=tuple(StateCount(state, words.state(state), states[state]) for state in State),
        sites_online=sum(site.online for site in city.sites),
        cameras=total,
        cards=tuple(cards),
        more_cards=len(opened) - len(cards),
        recovered=tuple(build_card(each, sites, words, times) for each in _recovered(city, now_ms)),
        blocks=tuple(
            _block(
                site, words, times, explained, broken=site.id in broken_sites, dense=dense, limited=scope.limited
            )
            for site in city.sites
        ),
        dense=dense,
        site=scope.site,
        everything=scope.everything,
    )


def picture_tiles(city: CityView, site: SiteView, words: Words, times: Times) -> tuple[CameraTile, ...]:
    """Return a tile with its picture for each camera of a site, for a page of its own."""
    _, explained = _explained(city, [each for each in city.incidents if each.resolved_ms is None])
    return tuple(
        _tile(site, camera, words, times, covered=f"{site.id}/{camera.id}" in explained, dense=False)
        for camera in site.cameras
    )


def _only_site(city: CityView, site: str) -> CityView:
    return msgspec.structs.replace(
        city,
        sites=tuple(each for each in city.sites if each.id == site),
        incidents=tuple(each for each in city.incidents if each.site == site or site in each.sites),
    )


def _recovered(city: CityView, now_ms: int) -> list[IncidentView]:
    ended = [
        each for each in city.incidents if each.resolved_ms is not None and now_ms - each.resolved_ms < RECENT_MS
    ]
    ended.sort(key=lambda each: (each.resolved_ms or 0, each.id), reverse=True)
    shown: list[IncidentView] = []
    for each in ended:
        if sum(other.case == each.case for other in shown) < _RECOVERED_OF_SITE:
            shown.append(each)
    return shown[:_MAX_RECOVERED]


def _explained(city: CityView, opened: list[IncidentView]) -> tuple[set[str], set[str]]:
    """Return the sites that are down as a whole, and the cameras whose state a larger incident explains."""
    larger = [each for each in opened if each.camera is None]
    parts = [each for each in larger if each.device or each.cause == UNLISTED_CAMERAS]
    broken_sites = {site for each in larger if each not in parts for site in (each.sites or (each.site,))}
    explained = {
        f"{site.id}/{camera.id}" for site in city.sites if site.id in broken_sites for camera in site.cameras
    }
    explained.update(f"{each.site}/{camera}" for each in parts for camera in each.cameras)
    return broken_sites, explained


def _block(
    site: SiteView,
    words: Words,
    times: Times,
    explained: AbstractSet[str],
    *,
    broken: bool,
    dense: bool,
    limited: bool,
) -> SiteBlock:
    shown = _choose_cameras(site) if limited else site.cameras
    tiles = tuple(
        _tile(site, camera, words, times, covered=f"{site.id}/{camera.id}" in explained, dense=dense)
        for camera in shown
    )
    unseen = [tile for tile in tiles if tile.unseen and not tile.broken]
    lines = [*(tile for tile in tiles if tile.broken), *unseen] if dense else []
    most = LINES_OF_SITE if limited else len(lines)
    return SiteBlock(
        key=site.id,
        name=site.name or site.id,
        online=site.online,
        heard=times.clock(site.heard_ms) if site.heard_ms and not site.online else "",
        broken=broken,
        working=sum(camera.state is State.OK for camera in site.cameras),
        tiles=tiles,
        cameras=len(site.cameras),
        more=len(site.cameras) - len(tiles),
        lines=tuple(lines[:most]),
        more_lines=len(lines[most:]),
    )


def _choose_cameras(site: SiteView) -> list[CameraView]:
    """Return the cameras that are shown where there is no room for all: the inventory's in trouble first."""
    listed = [camera for camera in site.cameras if camera.listed]
    unlisted = [camera for camera in site.cameras if not camera.listed]
    if len(listed) > TILES_OF_SITE:
        listed.sort(key=lambda camera: camera.state is State.OK)
    return [*listed, *unlisted[:UNLISTED_TILES]][:TILES_OF_SITE]


def _tile(
    site: SiteView, camera: CameraView, words: Words, times: Times, *, covered: bool, dense: bool
) -> CameraTile:
    tile = CameraTile(
        key=f"{site.id}/{camera.id}",
        name=camera.name or camera.id,
        state=camera.state,
        label=state_phrase(camera, words),
        meaning=cause_phrase(words.meaning, camera.cause) if camera.cause else "",
        covered=covered and camera.state is not State.OK,
        unseen=is_unseen(camera),
    )
    if dense and not tile.broken:
        return tile
    return msgspec.structs.replace(
        tile,
        since_ms=camera.since_ms,
        when=words("wall.since", time=times.clock(camera.since_ms)) if camera.since_ms else "",
        size=f"{camera.width}×{camera.height}" if camera.width and camera.height else "",
        picture=picture_address(site.id, camera),
        picture_when=picture_caption(camera, words, times),
        hardware=hardware(camera, words),
        firmware_note=camera.firmware_note,
    )

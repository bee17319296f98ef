"""Builds the wall from the view of the city, without side effects."""

from collections import Counter
from collections.abc import Set as AbstractSet

import msgspec

from pantau_collector.fleet.view import CameraView, CityView, IncidentView, SiteView
from pantau_collector.health import Health, TroubleKind
from pantau_collector.web.camera_phrases import (
    cause_phrase,
    hardware,
    is_unseen,
    picture_address,
    picture_caption,
    state_phrase,
)
from pantau_collector.web.incident_cards import build_card, urgency
from pantau_collector.web.times import Times
from pantau_collector.web.wall import CameraTile, SiteBlock, StateCount, Wall
from pantau_contract.states import State
from pantau_contract.words import Words

PICTURES_UP_TO = 60
"""Cameras in a city up to which the wall shows the picture of each; with more, only of those that are not well."""

RECENT_MS = 3_600_000
"""Milliseconds for which a resolved incident stays on the wall."""

_MAX_RECOVERED = 6
"""Resolved incidents shown at most."""

_MAX_CARDS = 24
"""Open incidents shown at most; of the others the wall shows the number."""


def build_wall(city: CityView, health: Health, words: Words, times: Times, *, now_ms: int) -> Wall:
    """Return the wall at `now_ms` (UTC epoch milliseconds)."""
    states = Counter(camera.state for site in city.sites for camera in site.cameras)
    total = states.total()
    dense = total > PICTURES_UP_TO
    sites = {site.id: site for site in city.sites}
    opened = [each for each in city.incidents if each.resolved_ms is None]
    cards = sorted((build_card(each, sites, words, times) for each in opened), key=urgency)
    broken_sites, explained = _explained(city, opened)
    stale = any(trouble.kind is TroubleKind.VIEW_STALE for trouble in health.troubles)
    return Wall(
        stale_since=times.clock(city.time_ms) if stale else "",
        troubles=tuple(each.kind for each in health.troubles if each.kind is not TroubleKind.VIEW_STALE),
        state_counts=tuple(StateCount(state, words.state(state), states[state]) for state in State),
        sites_online=sum(site.online for site in city.sites),
        cameras=total,
        cards=tuple(cards[:_MAX_CARDS]),
        more_cards=max(len(cards) - _MAX_CARDS, 0),
        recovered=tuple(build_card(each, sites, words, times) for each in _recovered(city, now_ms)),
        blocks=tuple(
            _block(site, words, times, explained, broken=site.id in broken_sites, dense=dense)
            for site in city.sites
        ),
        dense=dense,
    )


def _recovered(city: CityView, now_ms: int) -> list[IncidentView]:
    ended = [
        each for each in city.incidents if each.resolved_ms is not None and now_ms - each.resolved_ms < RECENT_MS
    ]
    ended.sort(key=lambda each: (each.resolved_ms or 0, each.id), reverse=True)
    return ended[:_MAX_RECOVERED]


def _explained(city: CityView, opened: list[IncidentView]) -> tuple[set[str], set[str]]:
    """Return the sites that are down as a whole, and the cameras whose state a larger incident explains."""
    larger = [each for each in opened if each.camera is None]
    broken_sites = {site for each in larger if each.device is None for site in (each.sites or (each.site,))}
    explained = {
        f"{site.id}/{camera.id}" for site in city.sites if site.id in broken_sites for camera in site.cameras
    }
    explained.update(f"{each.site}/{camera}" for each in larger if each.device for camera in each.cameras)
    return broken_sites, explained


def _block(
    site: SiteView, words: Words, times: Times, explained: AbstractSet[str], *, broken: bool, dense: bool
) -> SiteBlock:
    return SiteBlock(
        key=site.id,
        name=site.name or site.id,
        online=site.online,
        heard=times.clock(site.heard_ms) if site.heard_ms and not site.online else "",
        broken=broken,
        working=sum(camera.state is State.OK for camera in site.cameras),
        tiles=tuple(
            _tile(site, camera, words, times, covered=f"{site.id}/{camera.id}" in explained, dense=dense)
            for camera in site.cameras
        ),
    )


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

"""What the wall shows, out of the city's view: pure, and the same while nothing that is shown has changed.

Durations are not in it, for they change by themselves: the page counts them from the times that are.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet

import msgspec
from msgspec import Struct

from pantau_collector.fleet.view import CameraView, CityView, IncidentView, SiteView
from pantau_collector.health import Health, TroubleKind
from pantau_collector.web.times import Times
from pantau_contract.states import STATE_OF, Cause, State
from pantau_contract.words import Words

PICTURES_UP_TO = 60
"""Cameras in a city up to which each shows its picture; above it those that are not well do."""
RECENT_MS = 3_600_000
"""How long a resolved incident stays on the wall."""
_MOST_RECENT = 6
_MOST_CARDS = 24
_MOST_NAMES = 12

_GRAVEST_FIRST = (State.DOWN, State.IMPAIRED, State.DEGRADED, State.UNKNOWN, State.DISABLED, State.OK)


class Tally(Struct, frozen=True):
    """How many cameras are in a state."""

    state: State
    label: str
    number: int


class Card(Struct, frozen=True):
    """One incident. `mark` is the state that its shape and colour show; `names` are those of its first cameras.

    `good_picture` shows beside an untrue picture what the camera saw while it was true.
    """

    id: int
    mark: State
    whole_site: bool
    title: str
    place: str
    meaning: str
    remedy: str
    opened_ms: int
    resolved_ms: int | None
    when: str
    affected: int
    names: tuple[str, ...]
    owners: str
    maintainers: str
    picture: str | None
    picture_when: str
    good_picture: str | None
    hardware: str = ""
    firmware_note: str = ""


class Tile(Struct, frozen=True):
    """One camera. `covered`: an open incident of its whole site speaks for it.

    What follows `covered` is empty for the many of a dense wall, of which only the marks are shown: so a new
    picture of one of them changes nothing.
    """

    key: str
    name: str
    state: State
    label: str
    meaning: str
    covered: bool
    since_ms: int = 0
    when: str = ""
    size: str = ""
    picture: str | None = None
    picture_when: str = ""
    hardware: str = ""
    firmware_note: str = ""

    @property
    def broken(self) -> bool:
        """Whether it calls for somebody, and its site's incident does not speak for it."""
        return not self.covered and self.state in {State.DOWN, State.IMPAIRED, State.DEGRADED}


class Block(Struct, frozen=True):
    """One site and its cameras. `broken`: an open incident takes the whole site down."""

    key: str
    name: str
    online: bool
    heard: str
    broken: bool
    working: int
    tiles: tuple[Tile, ...]

    @property
    def calm(self) -> bool:
        """Whether there is nothing to look at."""
        return self.online and not self.broken and not any(tile.broken for tile in self.tiles)


class Wall(Struct, frozen=True):
    """All that the wall shows. `stale_since` is empty while the view is fresh."""

    stale_since: str
    troubles: tuple[TroubleKind, ...]
    tallies: tuple[Tally, ...]
    sites_online: int
    cameras: int
    cards: tuple[Card, ...]
    more_cards: int
    recovered: tuple[Card, ...]
    blocks: tuple[Block, ...]
    dense: bool


def see(city: CityView, health: Health, words: Words, times: Times, *, now_ms: int) -> Wall:
    """The wall at `now_ms` (UTC epoch milliseconds)."""
    states = Counter(camera.state for site in city.sites for camera in site.cameras)
    total = states.total()
    dense = total > PICTURES_UP_TO
    sites = {site.id: site for site in city.sites}
    opened = [each for each in city.incidents if each.resolved_ms is None]
    ended = [
        each for each in city.incidents if each.resolved_ms is not None and now_ms - each.resolved_ms < RECENT_MS
    ]
    ended.sort(key=lambda each: (each.resolved_ms or 0, each.id), reverse=True)
    cards = sorted((_card(each, sites, words, times) for each in opened), key=_urgency)
    parents = [each for each in opened if each.camera is None]
    broken = {site for each in parents if each.device is None for site in (each.sites or (each.site,))}
    spoken = {f"{site.id}/{camera.id}" for site in city.sites if site.id in broken for camera in site.cameras}
    spoken.update(f"{each.site}/{camera}" for each in parents if each.device for camera in each.cameras)
    stale = any(trouble.kind is TroubleKind.VIEW_STALE for trouble in health.troubles)
    return Wall(
        stale_since=times.clock(city.time_ms) if stale else "",
        troubles=tuple(each.kind for each in health.troubles if each.kind is not TroubleKind.VIEW_STALE),
        tallies=tuple(Tally(state, words.state(state), states[state]) for state in State),
        sites_online=sum(site.online for site in city.sites),
        cameras=total,
        cards=tuple(cards[:_MOST_CARDS]),
        more_cards=max(len(cards) - _MOST_CARDS, 0),
        recovered=tuple(_card(each, sites, words, times) for each in ended[:_MOST_RECENT]),
        blocks=tuple(
            _block(site, words, times, spoken, broken=site.id in broken, dense=dense) for site in city.sites
        ),
        dense=dense,
    )


def phrase(find: Callable[[str], str], cause: str) -> str:
    """A cause's words; the bare cause where the words have none, as for one that a newer collector knows."""
    try:
        return find(cause)
    except KeyError:
        return cause.replace("_", " ")


def _urgency(card: Card) -> tuple[bool, int, int]:
    return (not card.whole_site, _GRAVEST_FIRST.index(card.mark), -card.opened_ms)


def _card(incident: IncidentView, sites: Mapping[str, SiteView], words: Words, times: Times) -> Card:
    site = sites.get(incident.site)
    within = {camera.id: camera for camera in site.cameras} if site else {}
    cameras = _cameras(incident, sites)
    camera = within.get(incident.camera) if incident.camera else None
    site_name = (site.name if site else "") or incident.site
    end = incident.resolved_ms
    return Card(
        id=incident.id,
        mark=_mark(incident),
        whole_site=incident.camera is None,
        title=incident.name
        or (site_name if incident.camera is None else ((camera.name if camera else "") or incident.camera)),
        place=_place(incident, site_name, words),
        meaning=phrase(words.meaning, incident.cause),
        remedy=phrase(words.remedy, incident.cause),
        opened_ms=incident.opened_ms,
        resolved_ms=end,
        when=(
            words("wall.since", time=times.clock(incident.opened_ms))
            if end is None
            else words("wall.from_to", start=times.clock(incident.opened_ms), end=times.clock(end))
        ),
        affected=len(incident.cameras),
        names=() if incident.camera else tuple(each.name or each.id for each in cameras[:_MOST_NAMES]),
        owners=_names(each.owner for each in cameras),
        maintainers=_names(each.maintainer for each in cameras),
        picture=_picture(incident.site, camera) if camera else None,
        picture_when=_picture_when(camera, words, times) if camera else "",
        good_picture=_good_picture(incident) if _mark(incident) is State.IMPAIRED else None,
        hardware=_hardware(camera, words) if camera else "",
        firmware_note=camera.firmware_note if camera else "",
    )


def _cameras(incident: IncidentView, sites: Mapping[str, SiteView]) -> list[CameraView]:
    """Those that it takes down, as far as they are known."""
    if incident.uplink is None:
        site = sites.get(incident.site)
        wanted = set(incident.cameras)
        return [camera for camera in site.cameras if camera.id in wanted] if site else []
    wanted = set(incident.cameras)
    behind = [sites[each] for each in incident.sites if each in sites]
    return [camera for site in behind for camera in site.cameras if f"{site.id}/{camera.id}" in wanted]


def _place(incident: IncidentView, site_name: str, words: Words) -> str:
    if incident.uplink is not None:
        return f"{words('wall.sites')}: {len(incident.sites)}"
    if incident.camera is None and incident.device is None:
        return words("wall.whole_site")
    return site_name


def _mark(incident: IncidentView) -> State:
    """A whole site's incident counts as `down`, whatever can still be said of its cameras."""
    if incident.camera is None or incident.cause not in set(Cause):
        return State.DOWN
    return STATE_OF[Cause(incident.cause)]


def _block(
    site: SiteView, words: Words, times: Times, spoken: AbstractSet[str], *, broken: bool, dense: bool
) -> Block:
    return Block(
        key=site.id,
        name=site.name or site.id,
        online=site.online,
        heard=times.clock(site.heard_ms) if site.heard_ms and not site.online else "",
        broken=broken,
        working=sum(camera.state is State.OK for camera in site.cameras),
        tiles=tuple(
            _tile(site, camera, words, times, covered=f"{site.id}/{camera.id}" in spoken, dense=dense)
            for camera in site.cameras
        ),
    )


def _tile(site: SiteView, camera: CameraView, words: Words, times: Times, *, covered: bool, dense: bool) -> Tile:
    tile = Tile(
        key=f"{site.id}/{camera.id}",
        name=camera.name or camera.id,
        state=camera.state,
        label=words.state(camera.state),
        meaning=phrase(words.meaning, camera.cause) if camera.cause else "",
        covered=covered and camera.state is not State.OK,
    )
    if dense and not tile.broken:
        return tile
    return msgspec.structs.replace(
        tile,
        since_ms=camera.since_ms,
        when=words("wall.since", time=times.clock(camera.since_ms)) if camera.since_ms else "",
        size=f"{camera.width}×{camera.height}" if camera.width and camera.height else "",
        picture=_picture(site.id, camera),
        picture_when=_picture_when(camera, words, times),
        hardware=_hardware(camera, words),
        firmware_note=camera.firmware_note,
    )


def _picture(site: str, camera: CameraView) -> str | None:
    """Relative, so that the wall may stand under any path; the time in it makes a new picture a new address."""
    return f"pictures/{site}/{camera.id}.jpg?t={camera.picture_ms}" if camera.picture_ms else None


def _good_picture(incident: IncidentView) -> str:
    """It stays the same while the incident lasts, so the incident's beginning stands for its time."""
    return f"pictures/{incident.site}/{incident.camera}/good.jpg?t={incident.opened_ms}"


def _picture_when(camera: CameraView, words: Words, times: Times) -> str:
    return (
        words("wall.picture_at", time=times.clock(camera.picture_ms))
        if camera.picture_ms
        else words("wall.no_picture")
    )


def _hardware(camera: CameraView, words: Words) -> str:
    """Make, model and firmware in one line; empty where nothing is known."""
    what = " ".join(part for part in (camera.vendor, camera.model) if part)
    firmware = words("wall.firmware", version=camera.firmware) if camera.firmware else ""
    return ", ".join(part for part in (what, firmware) if part)


def _names(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(name for name in names if name))

"""Builds the wall's card of an incident."""

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from pantau_collector.fleet.view import CameraView, IncidentView, SiteView
from pantau_collector.incidents.incident import UNLISTED_CAMERAS
from pantau_collector.web.camera_phrases import cause_phrase, hardware, picture_address, picture_caption
from pantau_collector.web.times import Times
from pantau_collector.web.wall import IncidentCard
from pantau_contract.states import STATE_OF, Cause, State
from pantau_contract.words import Words

_MAX_NAMES = 12
"""Names of cameras shown on a card at most."""

_GRAVEST_FIRST = (State.DOWN, State.IMPAIRED, State.DEGRADED, State.UNKNOWN, State.DISABLED, State.OK)


def build_card(
    incident: IncidentView, sites: Mapping[str, SiteView], words: Words, times: Times, *, pictures: bool = True
) -> IncidentCard:
    """Return the card of an incident; `sites` are those of the city's view by id."""
    site = sites.get(incident.site)
    site_name = (site.name if site else "") or incident.site
    cameras = _cameras(incident, sites)
    camera = _camera(incident, site)
    unlisted = incident.cause == UNLISTED_CAMERAS
    if unlisted:
        cameras = [each for each in cameras if each.state is not State.OK]
    mark = _mark(incident, cameras)
    return IncidentCard(
        id=incident.id,
        mark=mark,
        whole_site=incident.camera is None and not unlisted,
        title=_title(incident, camera, site_name),
        place=_place(incident, site_name, words),
        meaning=cause_phrase(words.meaning, incident.cause),
        remedy=cause_phrase(words.remedy, incident.cause),
        opened_ms=incident.opened_ms,
        resolved_ms=incident.resolved_ms,
        when=_when(incident, words, times),
        affected=len(cameras) if unlisted else len(incident.cameras),
        names=() if incident.camera else tuple(each.name or each.id for each in cameras[:_MAX_NAMES]),
        owners=_joined(each.owner for each in cameras),
        maintainers=_joined(each.maintainer for each in cameras),
        picture=picture_address(incident.site, camera) if camera else None,
        picture_when=picture_caption(camera, words, times) if camera else "",
        good_picture=_good_picture(incident) if pictures and incident.camera and mark is State.IMPAIRED else None,
        hardware=hardware(camera, words) if camera else "",
        firmware_note=camera.firmware_note if camera else "",
        case=incident.case,
        unlisted=unlisted,
    )


def urgency(card: IncidentCard) -> tuple[bool, bool, int, int]:
    """Return a key that sorts whole sites first, then the gravest state, then the newest.

    Cameras that are not in the inventory come last.
    """
    return (card.unlisted, not card.whole_site, _GRAVEST_FIRST.index(card.mark), -card.opened_ms)


def choose_cards(cards: Iterable[IncidentCard], *, most: int, of_site: int) -> list[IncidentCard]:
    """Return the cards that are shown, sorted by urgency.

    Each site's most urgent one goes before any site's second one, so that no site hides another. The last one of a
    site has the number of those that are left out.
    """
    by_case: dict[str, list[IncidentCard]] = {}
    for card in sorted(cards, key=urgency):
        by_case.setdefault(card.case, []).append(card)
    ranked = [(rank, urgency(card), card) for each in by_case.values() for rank, card in enumerate(each[:of_site])]
    ranked.sort(key=lambda each: each[:2])
    shown: dict[str, list[IncidentCard]] = {}
    for _, _, card in ranked[:most]:
        shown.setdefault(card.case, []).append(card)
    for case, each in shown.items():
        each[-1] = replace(each[-1], more=len(by_case[case]) - len(each))
    return sorted((card for each in shown.values() for card in each), key=urgency)


def _camera(incident: IncidentView, site: SiteView | None) -> CameraView | None:
    if incident.camera is None or site is None:
        return None
    return next((camera for camera in site.cameras if camera.id == incident.camera), None)


def _cameras(incident: IncidentView, sites: Mapping[str, SiteView]) -> list[CameraView]:
    """Return the cameras that the incident affects, as far as the view has them."""
    affected = set(incident.cameras)
    if incident.uplink is None:
        site = sites.get(incident.site)
        return [camera for camera in site.cameras if camera.id in affected] if site else []
    behind = [sites[each] for each in incident.sites if each in sites]
    return [camera for site in behind for camera in site.cameras if f"{site.id}/{camera.id}" in affected]


def _title(incident: IncidentView, camera: CameraView | None, site_name: str) -> str:
    if incident.name:
        return incident.name
    if incident.camera is None:
        return site_name
    return (camera.name if camera else "") or incident.camera


def _place(incident: IncidentView, site_name: str, words: Words) -> str:
    if incident.uplink is not None:
        return f"{words('wall.sites')}: {len(incident.sites)}"
    if incident.camera is None and incident.device is None and incident.cause != UNLISTED_CAMERAS:
        return words("wall.whole_site")
    return site_name


def _when(incident: IncidentView, words: Words, times: Times) -> str:
    start = times.clock(incident.opened_ms)
    if incident.resolved_ms is None:
        return words("wall.since", time=start)
    return words("wall.from_to", start=start, end=times.clock(incident.resolved_ms))


def _mark(incident: IncidentView, cameras: Iterable[CameraView]) -> State:
    """Return the state of the incident's cause; `down` for a whole site, whatever is known of its cameras."""
    if incident.cause == UNLISTED_CAMERAS:
        return min((each.state for each in cameras), key=_GRAVEST_FIRST.index, default=State.UNKNOWN)
    if incident.camera is None or incident.cause not in set(Cause):
        return State.DOWN
    return STATE_OF[Cause(incident.cause)]


def _good_picture(incident: IncidentView) -> str:
    """Return the last good picture's address; it stays the same during the incident, as its picture does."""
    return f"pictures/{incident.site}/{incident.camera}/good.jpg?t={incident.opened_ms}"


def _joined(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(name for name in names if name))

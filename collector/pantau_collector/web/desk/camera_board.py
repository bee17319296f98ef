"""What the page of a camera shows of this moment, as data."""

from collections.abc import Callable, Mapping

from msgspec import Struct

from pantau_collector.fleet.view import CameraView, CityView, SiteView
from pantau_collector.inventory import Inventory
from pantau_collector.web.camera_phrases import cause_phrase, picture_address, picture_caption, state_phrase
from pantau_collector.web.desk.facts import Fact, Rung, camera_facts, ladder
from pantau_collector.web.desk.filter import members
from pantau_collector.web.incident_cards import build_card
from pantau_collector.web.times import Times
from pantau_collector.web.wall import IncidentCard
from pantau_contract.states import State
from pantau_contract.words import Words


class CameraHead(Struct, frozen=True):
    """A camera's state, and what to do about it. `since_ms` is 0 while it is not known."""

    site: str
    site_name: str
    key: str
    name: str
    state: State
    label: str
    meaning: str
    remedy: str
    evidence: str
    since_ms: int
    when: str


class CameraPictures(Struct, frozen=True):
    """Addresses below the root of the newest picture, None if there is none, and of the last good one."""

    name: str
    state: State
    picture: str | None
    when: str
    good: str


class CameraAbout(Struct, frozen=True):
    """What is known of a camera beside its state."""

    facts: tuple[Fact, ...]
    ladder: tuple[Rung, ...]


class Gone(Struct, frozen=True):
    """What was there a moment ago, and is not any more."""

    key: str


def find_camera(city: CityView, site: str, camera: str) -> tuple[SiteView, CameraView] | None:
    """Return a camera with its site, or None."""
    for each in city.sites:
        if each.id == site:
            return next(((each, known) for known in each.cameras if known.id == camera), None)
    return None


def camera_board(
    city: CityView, words: Words, times: Times, *, site: str, camera: str, inventory: Callable[[], Inventory]
) -> Mapping[str, object]:
    """Return what the template `camera_board.html` shows."""
    found = find_camera(city, site, camera)
    if found is None:
        return {"head": None, "gone": Gone(camera)}
    where, its = found
    sites = {each.id: each for each in city.sites}
    cards: list[IncidentCard] = [
        build_card(each, sites, words, times)
        for each in city.incidents
        if each.resolved_ms is None and (site, camera) in members(each)
    ]
    return {
        "head": CameraHead(
            site=site,
            site_name=where.name or site,
            key=camera,
            name=its.name or camera,
            state=its.state,
            label=state_phrase(its, words),
            meaning=cause_phrase(words.meaning, its.cause) if its.cause else "",
            remedy=cause_phrase(words.remedy, its.cause) if its.cause else "",
            evidence=words.evidence(its.detail) if its.detail else "",
            since_ms=its.since_ms,
            when=words("wall.since", time=times.clock(its.since_ms)) if its.since_ms else "",
        ),
        "pictures": CameraPictures(
            name=its.name or camera,
            state=its.state,
            picture=picture_address(site, its),
            when=picture_caption(its, words, times),
            good=f"pictures/{site}/{camera}/good.jpg?t={its.since_ms if its.state is not State.OK else 0}",
        ),
        "cards": tuple(cards),
        "about": CameraAbout(camera_facts(its, words, times), ladder(where, camera, inventory(), words)),
    }

"""What the page of an incident shows of this moment, as data."""

from collections.abc import Mapping

from msgspec import Struct

from pantau_collector.access.scoped_view import incident_within
from pantau_collector.fleet.view import CameraView, CityView, IncidentView, SiteView
from pantau_collector.web.camera_phrases import cause_phrase
from pantau_collector.web.desk.filter import members
from pantau_collector.web.incident_cards import build_card
from pantau_collector.web.times import Times
from pantau_collector.web.wall import IncidentCard
from pantau_contract.states import State
from pantau_contract.words import Words

MAX_CAMERAS = 300
"""Cameras that the page of an incident lists at most."""


class Affected(Struct, frozen=True):
    """A camera that an incident took down, as it is now."""

    site: str
    site_name: str
    key: str
    name: str
    state: State
    label: str
    meaning: str


class IncidentStanding(Struct, frozen=True):
    """Who is on an incident, and what else is to be known of it."""

    taken: str
    downtime: str
    flapping: bool
    escalation: int


def find_incident(city: CityView, number: int) -> IncidentView | None:
    """Return an incident of the view, or None."""
    return next((each for each in city.incidents if each.id == number), None)


def restricted(incident: IncidentView, city: CityView | None) -> IncidentView | None:
    """Return what a past incident says of a part of the city, or None if it affects nothing of it.

    `city` is the part; None stands for everything, also what is not there any more.
    """
    if city is None:
        return incident
    return incident_within(
        incident, {each.id: frozenset(camera.id for camera in each.cameras) for each in city.sites}
    )


def incident_board(city: CityView, words: Words, times: Times, *, incident: IncidentView) -> Mapping[str, object]:
    """Return what the template `incident_board.html` shows; `incident` is as it was when the page was opened."""
    its = find_incident(city, incident.id) or incident
    sites = {each.id: each for each in city.sites}
    card: IncidentCard = build_card(its, sites, words, times)
    affected = tuple(_affected(its, sites, words))
    return {
        "card": card,
        "standing": IncidentStanding(
            taken=_taken(its, words, times),
            downtime=its.downtime,
            flapping=its.flapping,
            escalation=its.escalation,
        ),
        "affected": affected[:MAX_CAMERAS],
        "more": max(len(affected) - MAX_CAMERAS, 0),
    }


def _affected(incident: IncidentView, sites: Mapping[str, SiteView], words: Words) -> list[Affected]:
    cameras: dict[tuple[str, str], CameraView] = {
        (site, each.id): each
        for site in dict.fromkeys(key[0] for key in members(incident))
        if site in sites
        for each in sites[site].cameras
    }
    found = []
    for site, key in members(incident):
        camera = cameras.get((site, key))
        name = (sites[site].name if site in sites else "") or site
        found.append(
            Affected(
                site=site,
                site_name=name,
                key=key,
                name=(camera.name if camera else "") or key,
                state=camera.state if camera else State.UNKNOWN,
                label=words.state(camera.state) if camera else words("desk.gone"),
                meaning=cause_phrase(words.meaning, camera.cause) if camera and camera.cause else "",
            )
        )
    return found


def _taken(incident: IncidentView, words: Words, times: Times) -> str:
    if not incident.acknowledged_by:
        return ""
    until_ms = incident.acknowledged_until_ms
    if until_ms is None:
        return incident.acknowledged_by
    return words("incidents.until", by=incident.acknowledged_by, time=times.clock(until_ms))

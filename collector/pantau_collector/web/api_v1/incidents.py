"""Incidents: outages, each with one root cause, and their timeline."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Literal

from msgspec import Meta, Struct
from msgspec.structs import asdict

from pantau_collector.access.scoped_view import incident_within
from pantau_collector.fleet.view import IncidentView
from pantau_collector.incidents.incident import Incident as StoredIncident
from pantau_collector.pipeline.incident_views import view_incident
from pantau_collector.store import incident_rows
from pantau_collector.store.incident_rows import TimelineStep
from pantau_collector.web.api_v1.asked import Asked
from pantau_collector.web.api_v1.cursor import Cursor, Limit, Page, decode_cursor, encode_cursor
from pantau_collector.web.api_v1.moments import Moment, known_moment, milliseconds, moment
from pantau_collector.web.api_v1.problem import RefusedError
from pantau_collector.web.api_v1.values import Number, SiteId, Text
from pantau_collector.web.camera_phrases import cause_phrase
from pantau_contract.words import Language, Words

SCANNED = 2_000
"""Incidents that are looked at for one page at most."""

Status = Literal["open", "resolved"]


class Acknowledged(Struct, frozen=True):
    """Who has taken an incident; `until` is null if until it is over."""

    by: str
    until: datetime | None


class Incident(Struct, frozen=True):
    """An outage with one root cause: of a camera, a device, a whole site, or an uplink.

    `meaning` and `remedy` are for people, `name` is what they call a device or uplink. `cameras` are those that
    it takes down now, as `site/camera`; `downtime` is the number of the maintenance that covers it.
    """

    id: int
    status: Status
    site: str
    camera: str | None
    device: str | None
    uplink: str | None
    name: str
    sites: tuple[str, ...]
    cameras: tuple[str, ...]
    cause: str
    meaning: str
    remedy: str
    since: datetime
    opened: datetime
    resolved: datetime | None
    acknowledged: Acknowledged | None
    downtime: int | None
    flapping: bool
    escalation: int


class Step(Struct, frozen=True):
    """A step of an incident: what happened, and its cause and cameras from then on."""

    time: datetime
    kind: str
    cause: str
    cameras: tuple[str, ...]


class IncidentWithTimeline(Incident, frozen=True):
    """An incident, and its steps in the order of time."""

    timeline: tuple[Step, ...] = ()


class IncidentsQuery(Struct, frozen=True):
    """Which incidents are listed: those that were open at some time from `since` to `until`."""

    status: Status | None = None
    since: Moment | None = None
    until: Moment | None = None
    cause: tuple[Text, ...] = ()
    site: tuple[SiteId, ...] = ()
    owner: Annotated[tuple[Text, ...], Meta(description="Id or name, of any of its cameras.")] = ()
    maintainer: Annotated[tuple[Text, ...], Meta(description="Id or name, of any of its cameras.")] = ()
    project: Annotated[tuple[Text, ...], Meta(description="Of any of its cameras.")] = ()
    text: Annotated[Text | None, Meta(description="Part of an id, name, cause or meaning.")] = None
    lang: Language | None = None
    limit: Limit = 100
    cursor: Cursor | None = None


class IncidentQuery(Struct, frozen=True):
    """In which language an incident is described."""

    lang: Language | None = None


def list_incidents(asked: Asked, query: IncidentsQuery) -> Page[Incident]:
    """List incidents, the newest first."""
    before, words = decode_cursor(query.cursor, int), asked.words(query.lang)
    since_ms = None if query.since is None else milliseconds(query.since, "since")
    until_ms = None if query.until is None else milliseconds(query.until, "until")
    with asked.sources.store.begin() as connection:
        stored = incident_rows.load_before(
            connection,
            before,
            SCANNED + 1,
            is_open=None if query.status is None else query.status == "open",
            since_ms=since_ms,
            until_ms=until_ms,
        )
    items: list[Incident] = []
    for number, each in enumerate(stored):
        if len(items) == query.limit or number == SCANNED:
            return Page(tuple(items), encode_cursor(stored[number - 1].id))
        found = _visible(asked, each, words)
        if found is not None and _matches(asked, query, found):
            items.append(found)
    return Page(tuple(items))


def get_incident(asked: Asked, incident: Number, query: IncidentQuery) -> IncidentWithTimeline:
    """Return one incident with its timeline."""
    with asked.sources.store.begin() as connection:
        stored = incident_rows.load_incident(connection, incident)
        timeline = incident_rows.load_timeline(connection, incident)
    found = None if stored is None else _visible(asked, stored, asked.words(query.lang))
    if stored is None or found is None:
        raise no_such_incident(incident)
    return IncidentWithTimeline(**asdict(found), timeline=tuple(_steps(asked, stored, timeline)))


def no_such_incident(incident: int) -> RefusedError:
    """Return the refusal for an incident that does not exist, was removed, or is beyond the scope."""
    return RefusedError(HTTPStatus.NOT_FOUND, f"there is no incident {incident}")


def _visible(asked: Asked, stored: StoredIncident, words: Words) -> Incident | None:
    """Return an incident as far as it is within the scope, or None."""
    view: IncidentView | None = view_incident(stored, asked.inventory)
    if view is not None and not asked.reach.whole:
        view = incident_within(view, asked.reach.cameras)
    if view is None:
        return None
    taken = Acknowledged(view.acknowledged_by, moment(view.acknowledged_until_ms))
    return Incident(
        id=view.id,
        status="open" if view.resolved_ms is None else "resolved",
        site=view.site,
        camera=view.camera,
        device=view.device,
        uplink=view.uplink,
        name=view.name,
        sites=view.sites,
        cameras=tuple(_keys(view.site, view.cameras)),
        cause=view.cause,
        meaning=cause_phrase(words.meaning, view.cause),
        remedy=cause_phrase(words.remedy, view.cause),
        since=known_moment(stored.since_ms),
        opened=known_moment(view.opened_ms),
        resolved=moment(view.resolved_ms),
        acknowledged=taken if view.acknowledged_by else None,
        downtime=int(view.downtime) if view.downtime.isdecimal() else None,
        flapping=view.flapping,
        escalation=view.escalation,
    )


def _matches(asked: Asked, query: IncidentsQuery, incident: Incident) -> bool:
    if query.cause and incident.cause not in query.cause:
        return False
    if query.site and not any(each in query.site for each in (incident.site, *incident.sites)):
        return False
    if query.text is not None and query.text.casefold() not in _searched(asked, incident):
        return False
    wanted = [{each.casefold() for each in texts} for texts in (query.owner, query.maintainer, query.project)]
    if not any(wanted):
        return True
    return any(_belongs(asked, wanted, *key.split("/", 1)) for key in incident.cameras)


def _belongs(asked: Asked, wanted: list[set[str]], site: str, camera: str) -> bool:
    """Return True if a camera's owner, maintainer and project are each among those that are wanted."""
    inventory = asked.inventory
    known = inventory.camera(site, camera)
    parties = (
        (known.owner, inventory.owner_name(known.owner)),
        (known.maintainer, inventory.maintainer_name(known.maintainer)),
        (known.project,),
    )
    return all(
        not names or any(each.casefold() in names for each in own)
        for names, own in zip(wanted, parties, strict=True)
    )


def _searched(asked: Asked, incident: Incident) -> str:
    sites = (asked.inventory.site(site).name for site in (incident.site, *incident.sites))
    ids = (incident.site, incident.device, incident.uplink, *incident.sites, *incident.cameras)
    return "\n".join(filter(None, (incident.cause, incident.meaning, incident.name, *ids, *sites))).casefold()


def _steps(asked: Asked, incident: StoredIncident, timeline: Iterable[TimelineStep]) -> Iterator[Step]:
    for step in timeline:
        cameras = (key.split("/", 1) for key in _keys(incident.site, step.cameras))
        seen = tuple(f"{site}/{camera}" for site, camera in cameras if asked.reach.sees(site, camera))
        yield Step(known_moment(step.time_ms), step.kind, step.cause, seen)


def _keys(site: str, cameras: Iterable[str]) -> Iterator[str]:
    """Yield `site/camera` of cameras whose names begin with their site already if it is not given."""
    return (f"{site}/{camera}" if site else camera for camera in cameras)

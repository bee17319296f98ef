"""What became of the incidents of a period: which cameras they took down, who was told, and who took them."""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, or_, select

from pantau_collector.notices.notice import NoticeKind
from pantau_collector.store.outbox_rows import Status
from pantau_collector.store.schema import incidents, notices, outbox, requests, timeline

_CAMERAS = msgspec.json.Decoder(tuple[str, ...])


class Telling(NamedTuple):
    """A recipient was told of the beginning of an incident, by a channel, at this time (UTC ms)."""

    recipient: str
    channel: str
    at_ms: int


class Taking(NamedTuple):
    """A person had taken an incident: from the acknowledgement on until it ended, as the incident or otherwise.

    Times are UTC ms; `to_ms` is None if it has not ended.
    """

    by: str
    from_ms: int
    to_ms: int | None


class PastIncident(NamedTuple):
    """An incident: which cameras (site and id) it took down at any time, and what people did.

    Times are UTC ms; `to_ms` is None while it is open. `told` and `taken` are in the order of time.
    """

    id: int
    from_ms: int
    to_ms: int | None
    members: tuple[tuple[str, str], ...]
    told: tuple[Telling, ...]
    taken: tuple[Taking, ...]


def load_past_incidents(connection: Connection, from_ms: int, to_ms: int) -> list[PastIncident]:
    """Load the incidents that were open at some time of a period (UTC ms), in the order of their numbers."""
    during = and_(
        incidents.c.since_ms < to_ms, or_(incidents.c.resolved_ms.is_(None), incidents.c.resolved_ms >= from_ms)
    )
    members = _members(connection, during)
    told = _told(connection, during)
    taken = _taken(connection, during)
    columns = (incidents.c.id, incidents.c.since_ms, incidents.c.resolved_ms)
    rows = connection.execute(select(*columns).where(during).order_by(incidents.c.id))
    return [
        PastIncident(
            number,
            since_ms,
            resolved_ms,
            tuple(sorted(members.get(number, ()))),
            tuple(told.get(number, ())),
            tuple(taken.get(number, ())),
        )
        for number, since_ms, resolved_ms in rows
    ]


def _members(connection: Connection, during: ColumnElement[bool]) -> dict[int, set[tuple[str, str]]]:
    """Load the cameras of each incident, as it is now and as it was at each of its steps."""
    found: dict[int, set[tuple[str, str]]] = {}
    site, uplink = incidents.c.site, incidents.c.uplink
    now = select(incidents.c.id, site, uplink, incidents.c.cameras_json).where(during)
    steps = select(incidents.c.id, site, uplink, timeline.c.cameras_json).join(
        timeline, timeline.c.incident == incidents.c.id
    )
    for query in (now, steps.where(during)):
        for number, of_site, of_uplink, cameras_json in connection.execute(query):
            cameras = _CAMERAS.decode(cameras_json)
            found.setdefault(number, set()).update(_pairs(cameras, None if of_uplink else of_site))
    return found


def _pairs(cameras: Iterable[str], site: str | None) -> Iterable[tuple[str, str]]:
    """Return site and id of cameras, whose names begin with the site if there is none for all of them."""
    if site is not None:
        return ((site, camera) for camera in cameras)
    return ((of, camera) for of, _, camera in (name.partition("/") for name in cameras))


def _told(connection: Connection, during: ColumnElement[bool]) -> dict[int, list[Telling]]:
    """Load to whom, by which channel and when the notice that an incident was opened was sent."""
    query = (
        select(incidents.c.id, outbox.c.recipient, outbox.c.channel, outbox.c.finished_ms)
        .join(notices, notices.c.incident == incidents.c.id)
        .join(outbox, outbox.c.letter == notices.c.letter)
        .where(during, notices.c.kind == NoticeKind.OPENED, outbox.c.status == Status.SENT)
        .order_by(outbox.c.finished_ms, outbox.c.id)
    )
    found: dict[int, list[Telling]] = {}
    for number, recipient, channel, finished_ms in connection.execute(query):
        found.setdefault(number, []).append(Telling(recipient, channel, finished_ms))
    return found


def _taken(connection: Connection, during: ColumnElement[bool]) -> dict[int, list[Taking]]:
    """Load who had taken each incident, and when."""
    request, resolved_ms = requests.c, incidents.c.resolved_ms
    query = (
        select(incidents.c.id, resolved_ms, request.by, request.created_ms, request.until_ms, request.withdrawn)
        .join(requests, request.incident == incidents.c.id)
        .where(during, or_(resolved_ms.is_(None), request.created_ms <= resolved_ms))
        .order_by(request.created_ms, request.id)
    )
    found: dict[int, list[Taking]] = {}
    for number, ended_ms, by, created_ms, until_ms, withdrawn in connection.execute(query):
        takings = found.setdefault(number, [])
        if takings:  # it ends with the next, or with its withdrawal
            last = takings[-1]
            takings[-1] = last._replace(to_ms=_earliest(last.to_ms, created_ms))
        if not withdrawn:
            takings.append(Taking(by, created_ms, _earliest(until_ms, ended_ms)))
    return found


def _earliest(*times: int | None) -> int | None:
    return min((each for each in times if each is not None), default=None)

"""Downtimes: planned maintenance, during which failures notify nobody."""

from datetime import datetime
from http import HTTPStatus
from itertools import islice
from typing import Annotated

from msgspec import Meta, Struct

from pantau_collector.actions.maintenance import occurrences
from pantau_collector.incidents.downtime import Downtime as StoredDowntime
from pantau_collector.incidents.downtime import DowntimeError, Scope, check
from pantau_collector.store import downtime_rows
from pantau_collector.web.api_v1.asked import Asked
from pantau_collector.web.api_v1.cursor import Cursor, Limit, Page, decode_cursor, encode_cursor
from pantau_collector.web.api_v1.moments import known_moment, moment
from pantau_collector.web.api_v1.planned import planned_for
from pantau_collector.web.api_v1.problem import RefusedError
from pantau_collector.web.api_v1.values import Number

NEXT = 3
"""Occurrences of a downtime that are shown."""


class Occurrence(Struct, frozen=True):
    """One occurrence: from when to when."""

    since: datetime
    until: datetime


class Downtime(Struct, frozen=True):
    """Maintenance, planned once or recurring.

    `target` is `site/camera`, `site/device`, the id of anything else, or the name of a project. Without `rrule` it
    lasts from `since` to `until`. With one (RFC 5545) it first occurs at `since` or after, each occurrence lasts
    `duration_s`, and none begins after `until`; it recurs by the clock of `timezone`. `next` are the occurrences
    under way and to come. `problem` is why it is set aside, or empty.
    """

    id: int
    scope: Scope
    target: str
    since: datetime
    until: datetime | None
    rrule: str | None
    duration_s: int
    timezone: str
    reason: str
    by: str
    created: datetime
    cancelled: datetime | None
    next: tuple[Occurrence, ...]
    problem: str


class DowntimesQuery(Struct, frozen=True):
    """Which maintenance is listed."""

    scope: tuple[Scope, ...] = ()
    over: Annotated[bool, Meta(description="Also what is over or cancelled.")] = False
    limit: Limit = 100
    cursor: Cursor | None = None


def list_downtimes(asked: Asked, query: DowntimesQuery) -> Page[Downtime]:
    """List maintenance that covers any of the cameras within the scope, the newest first."""
    before = decode_cursor(query.cursor, int)
    items: list[Downtime] = []
    for each in reversed(load_planned(asked, upcoming=not query.over)):
        if (before is not None and each.id >= before) or (query.scope and each.scope not in query.scope):
            continue
        found = describe(each, asked.now_ms)
        if not query.over and not found.next and not found.problem:
            continue
        if len(items) == query.limit:
            return Page(tuple(items), encode_cursor(items[-1].id))
        items.append(found)
    return Page(tuple(items))


def get_downtime(asked: Asked, downtime: Number) -> Downtime:
    """Return one planned maintenance."""
    return describe(find_planned(asked, downtime), asked.now_ms)


def find_planned(asked: Asked, number: int) -> StoredDowntime:
    """Return the maintenance of a number, if it is within the scope.

    Raises:
        RefusedError: there is none.
    """
    for each in load_planned(asked, upcoming=False):
        if each.id == number:
            return each
    raise RefusedError(HTTPStatus.NOT_FOUND, f"there is no downtime {number}")


def load_planned(asked: Asked, *, upcoming: bool) -> list[StoredDowntime]:
    """Load the maintenance that covers any of the cameras within the scope, in the order of its numbers."""
    with asked.sources.store.begin() as connection:
        stored = downtime_rows.load_downtimes(connection, now_ms=asked.now_ms if upcoming else None)
    return planned_for(stored.downtimes, asked.inventory, asked.reach)


def describe(stored: StoredDowntime, now_ms: int) -> Downtime:
    """Return maintenance as the API answers it."""
    problem = ""
    try:
        if stored.cancelled_ms is None:
            check(stored)
    except DowntimeError as error:
        problem = str(error)
    coming = () if problem else islice(occurrences(stored, now_ms), NEXT)
    return Downtime(
        id=stored.id,
        scope=stored.scope,
        target=stored.target,
        since=known_moment(stored.start_ms),
        until=moment(stored.end_ms),
        rrule=stored.rrule,
        duration_s=stored.duration_s,
        timezone=stored.timezone,
        reason=stored.reason,
        by=stored.by,
        created=known_moment(stored.created_ms),
        cancelled=moment(stored.cancelled_ms),
        next=tuple(Occurrence(known_moment(each.start_ms), known_moment(each.end_ms)) for each in coming),
        problem=problem,
    )

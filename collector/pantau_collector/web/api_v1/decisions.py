"""Decisions: to whom people said that lost time belongs, whatever the evidence says."""

from datetime import datetime
from http import HTTPStatus

from msgspec import Struct

from pantau_collector.attribution import Decision as StoredDecision
from pantau_collector.attribution import load_decisions
from pantau_collector.ledger import Bucket
from pantau_collector.web.api_v1.asked import Asked
from pantau_collector.web.api_v1.cursor import Cursor, Limit, Page, decode_cursor, encode_cursor
from pantau_collector.web.api_v1.moments import Moment, known_moment, milliseconds, moment
from pantau_collector.web.api_v1.problem import RefusedError
from pantau_collector.web.api_v1.values import Number


class Decision(Struct, frozen=True):
    """A decision. None is ever changed: of several about a moment the last one counts.

    `to` is a bucket, or null if it took the time back to the evidence. `until` is null while the incident
    that it is about is open. `before_ms` is what the lost time of each camera was when it was decided.
    """

    id: int
    incident: int
    cameras: tuple[str, ...]
    since: datetime
    until: datetime | None
    to: Bucket | None
    party: str
    reason: str
    by: str
    created: datetime
    before_ms: dict[str, dict[Bucket, int]]


class DecisionsQuery(Struct, frozen=True):
    """Which decisions are listed: about an incident, and about any time from `since` to `until`."""

    incident: Number | None = None
    since: Moment | None = None
    until: Moment | None = None
    limit: Limit = 100
    cursor: Cursor | None = None


def list_decisions(asked: Asked, query: DecisionsQuery) -> Page[Decision]:
    """List decisions, the newest first."""
    before = decode_cursor(query.cursor, int)
    since_ms = None if query.since is None else milliseconds(query.since, "since")
    until_ms = None if query.until is None else milliseconds(query.until, "until")
    with asked.sources.store.begin() as connection:
        stored = load_decisions(connection)
    items: list[Decision] = []
    for each in reversed(stored):
        if before is not None and each.id >= before:
            continue
        if (
            (query.incident is not None and each.incident != query.incident)
            or (since_ms is not None and each.to_ms is not None and each.to_ms <= since_ms)
            or (until_ms is not None and each.from_ms >= until_ms)
        ):
            continue
        found = describe(asked, each)
        if found is None:
            continue
        if len(items) == query.limit:
            return Page(tuple(items), encode_cursor(items[-1].id))
        items.append(found)
    return Page(tuple(items))


def get_decision(asked: Asked, decision: Number) -> Decision:
    """Return one decision."""
    with asked.sources.store.begin() as connection:
        stored = next((each for each in load_decisions(connection) if each.id == decision), None)
    found = None if stored is None else describe(asked, stored)
    if found is None:
        raise RefusedError(HTTPStatus.NOT_FOUND, f"there is no decision {decision}")
    return found


def describe(asked: Asked, stored: StoredDecision) -> Decision | None:
    """Return a decision as far as it is about cameras within the scope, or None if it is about none of them."""
    cameras = asked.reach.only(stored.cameras)
    if not cameras:
        return None
    return Decision(
        id=stored.id,
        incident=stored.incident,
        cameras=tuple(map("/".join, cameras)),
        since=known_moment(stored.from_ms),
        until=moment(stored.to_ms),
        to=stored.to,
        party=stored.party,
        reason=stored.reason,
        by=stored.by,
        created=known_moment(stored.created_ms),
        before_ms={"/".join(key): stored.before[key] for key in cameras if key in stored.before},
    )

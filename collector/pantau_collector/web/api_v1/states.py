"""States over time, out of the ledger: where every moment of a camera's life went."""

from datetime import datetime

from msgspec import Struct

from pantau_collector.ledger import Bucket, Evidence, Interval
from pantau_collector.web.api_v1.asked import Asked
from pantau_collector.web.api_v1.cameras import find_camera
from pantau_collector.web.api_v1.cursor import Cursor, Limit, Page, decode_cursor, page_after
from pantau_collector.web.api_v1.moments import Moment, known_moment, period
from pantau_collector.web.api_v1.values import CameraId, SiteId
from pantau_contract.states import State

LONGEST_DAYS = 31
"""Days of the longest period, which an answer's work grows with."""


class StateInterval(Struct, frozen=True):
    """A stretch of a camera's life in which nothing changed; `until` is not included.

    `bucket` is to whom the time belongs, as people decided: `evidenced` is the bucket by the evidence alone.
    `decision` is the number of the decision, or null. `device` is what `evidence` is about, or empty.
    """

    camera: str
    since: datetime
    until: datetime
    state: State
    cause: str | None
    bucket: Bucket
    evidenced: Bucket
    evidence: Evidence
    device: str
    decision: int | None


class StatesQuery(Struct, frozen=True):
    """Which period; otherwise the last day."""

    since: Moment | None = None
    until: Moment | None = None
    limit: Limit = 500
    cursor: Cursor | None = None


def list_site_states(asked: Asked, site: SiteId, query: StatesQuery) -> Page[StateInterval]:
    """List the states of each camera of a site in a period of up to 31 days, by camera and time."""
    return _states(asked, site, None, query)


def list_camera_states(asked: Asked, site: SiteId, camera: CameraId, query: StatesQuery) -> Page[StateInterval]:
    """List the states of a camera in a period of up to 31 days, in the order of time."""
    find_camera(asked, site, camera)
    return _states(asked, site, camera, query)


def _states(asked: Asked, site: str, camera: str | None, query: StatesQuery) -> Page[StateInterval]:
    span = period(query.since, query.until, now_ms=asked.now_ms, otherwise_days=1, longest_days=LONGEST_DAYS)
    after = decode_cursor(query.cursor, tuple[str, int])
    lives = asked.site_lives(site, span)
    found = [(name, each) for name, its in sorted(lives.items()) if camera in (None, name) for each in its]
    page, following = page_after(found, after, query.limit, lambda each: (each[0], each[1].from_ms))
    return Page(tuple(_describe(*each) for each in page), following)


def _describe(camera: str, interval: Interval) -> StateInterval:
    return StateInterval(
        camera=camera,
        since=known_moment(interval.from_ms),
        until=known_moment(interval.to_ms),
        state=interval.state,
        cause=interval.cause,
        bucket=interval.bucket,
        evidenced=interval.evidenced,
        evidence=interval.evidence,
        device=interval.device,
        decision=interval.decision,
    )

"""Times and periods of the API: RFC 3339 outside, UTC epoch milliseconds inside."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated

from msgspec import Meta

from pantau_collector.ledger.spans import Span
from pantau_collector.web.api_v1.problem import RefusedError

Moment = Annotated[datetime, Meta(tz=True)]
"""A time with its offset to UTC, as `2026-11-30T22:00:00+07:00`."""
_DAY_MS = 86_400_000
_LAST = datetime(9998, 12, 31, tzinfo=UTC)
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)


def moment(time_ms: int | None) -> datetime | None:
    """Return a time in UTC; None for None, and for 0, which stands for never."""
    return datetime.fromtimestamp(time_ms / 1000, UTC) if time_ms else None


def known_moment(time_ms: int) -> datetime:
    """Return a time in UTC."""
    return datetime.fromtimestamp(time_ms / 1000, UTC)


def milliseconds(at: datetime, field: str) -> int:
    """Return a time in UTC epoch milliseconds.

    Raises:
        RefusedError: it lies outside of the years that Pantau can show.
    """
    if not _FIRST <= at < _LAST:
        raise RefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, "expected a time between 1970 and 9998", field)
    return round(at.timestamp() * 1000)


def period(
    since: datetime | None, until: datetime | None, *, now_ms: int, otherwise_days: int, longest_days: int
) -> Span:
    """Return the period between two times; by default the last days until now.

    Raises:
        RefusedError: it is empty, or longer than allowed.
    """
    to_ms = now_ms if until is None else milliseconds(until, "until")
    from_ms = max(to_ms - otherwise_days * _DAY_MS, 0) if since is None else milliseconds(since, "since")
    if from_ms >= to_ms:
        raise RefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, "expected a time before `until`", "since")
    if to_ms - from_ms > longest_days * _DAY_MS:
        raise RefusedError(
            HTTPStatus.UNPROCESSABLE_ENTITY, f"expected a time at most {longest_days} days before `until`", "since"
        )
    return Span(from_ms, to_ms)

"""A planned downtime: when it is, and what it covers."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rruleset, rrulestr
from msgspec import Struct

_LONGEST_S = 366 * 86_400
"""Longest duration of a recurring downtime, in seconds: a leap year."""


class Scope(StrEnum):
    """What a downtime is for. Its target is `site/camera`, `site/device`, or the id or name of the other kinds."""

    CAMERA = "camera"
    DEVICE = "device"
    SITE = "site"
    UPLINK = "uplink"
    OWNER = "owner"
    PROJECT = "project"


class Downtime(Struct, frozen=True):
    """One downtime, or a recurring one. Times are UTC ms.

    Without `rrule` it lasts from `start_ms` to `end_ms`. With one (RFC 5545, as `FREQ=WEEKLY;BYDAY=SU`),
    `start_ms` is its first occurrence, each occurrence lasts `duration_s`, and none begins after `end_ms`, if
    that is set; it recurs by the wall clock of `timezone`.
    """

    id: int
    scope: Scope
    target: str
    start_ms: int
    end_ms: int | None = None
    rrule: str | None = None
    duration_s: int = 0
    timezone: str = "Asia/Jakarta"
    reason: str = ""
    by: str = ""
    created_ms: int = 0
    cancelled_ms: int | None = None


class Occurrence(NamedTuple):
    """One occurrence of a downtime: its start and its end, UTC ms."""

    start_ms: int
    end_ms: int


class DowntimeError(ValueError):
    """The downtime cannot be planned; the text says what was expected."""


def check(downtime: Downtime) -> None:
    """Check that the downtime can ever take place.

    Raises:
        DowntimeError: it cannot.
    """
    try:
        ZoneInfo(downtime.timezone)
    except (KeyError, ValueError, OSError):
        raise DowntimeError(f"`{downtime.timezone}` is no time zone; expected one such as Asia/Jakarta") from None
    if downtime.rrule is None:
        if downtime.end_ms is None or downtime.end_ms <= downtime.start_ms:
            raise DowntimeError("a downtime that does not recur needs an end after its start")
        return
    if not 0 < downtime.duration_s <= _LONGEST_S:
        raise DowntimeError("a recurring downtime needs a duration of 1 second to 366 days")
    try:
        _rule(downtime.rrule, downtime.start_ms, downtime.timezone)
    except Exception as error:  # noqa: BLE001 - dateutil raises whatever its parser happened upon
        raise DowntimeError(
            f"`{downtime.rrule}` is no recurrence rule ({error}); expected one such as FREQ=WEEKLY;BYDAY=SU"
        ) from None


def occurrence(downtime: Downtime, now_ms: int) -> Occurrence | None:
    """Return the occurrence that is under way, or else the next one; None if there will be none."""
    if downtime.cancelled_ms is not None:
        return None
    if downtime.rrule is None:
        end_ms = downtime.end_ms or downtime.start_ms
        return Occurrence(downtime.start_ms, end_ms) if now_ms < end_ms else None
    zone, duration_ms = ZoneInfo(downtime.timezone), downtime.duration_s * 1000
    rule = _rule(downtime.rrule, downtime.start_ms, downtime.timezone)
    # The rule follows a wall clock that may be set forward or back, so it is queried in naive local times.
    after = datetime.fromtimestamp((now_ms - duration_ms) / 1000, zone).replace(tzinfo=None)
    begins = rule.after(after - timedelta(hours=2))
    while begins is not None:
        start_ms = int(begins.replace(tzinfo=zone).astimezone(UTC).timestamp() * 1000)
        if downtime.end_ms is not None and start_ms > downtime.end_ms:
            return None
        if start_ms + duration_ms > now_ms:
            return Occurrence(start_ms, start_ms + duration_ms)
        begins = rule.after(begins)
    return None


@lru_cache(maxsize=1000)
def _rule(text: str, start_ms: int, timezone: str) -> rrule | rruleset:
    start = datetime.fromtimestamp(start_ms / 1000, ZoneInfo(timezone)).replace(tzinfo=None)
    return rrulestr(text, dtstart=start, cache=True)

"""A planned downtime: when it is, and what it covers."""

from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from msgspec import Struct

from pantau_collector.incidents.recurrence import Recurrence
from pantau_collector.incidents.recurrence_text import RecurrenceError, find_zone, parse, shortened

_LONGEST_S = 366 * 86_400
"""Longest duration of a recurring downtime, in seconds: a leap year."""
_LAST_MS = int(datetime(9998, 12, 31, tzinfo=UTC).timestamp()) * 1000
"""UTC ms before which every time of a downtime must lie, so that it can be shown in any time zone."""


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

    Without `rrule` it lasts from `start_ms` to `end_ms`. With one (RFC 5545, as `FREQ=WEEKLY;BYDAY=SU`), it first
    occurs at `start_ms` or after, each occurrence lasts `duration_s`, and none begins after `end_ms`, if that is
    set; it recurs by the wall clock of `timezone`.
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
    """Check that the downtime can ever take place. The amount of work is bounded, whatever the downtime holds.

    Raises:
        DowntimeError: it cannot.
    """
    for name, time_ms in (("start", downtime.start_ms), ("end", downtime.end_ms)):
        if time_ms is not None and not 0 <= time_ms < _LAST_MS:
            raise DowntimeError(f"its {name} is no time between the years 1970 and 9998")
    if downtime.rrule is None:
        if downtime.end_ms is None or downtime.end_ms <= downtime.start_ms:
            raise DowntimeError("a downtime that does not recur needs an end after its start")
        return
    if not 0 < downtime.duration_s <= _LONGEST_S:
        raise DowntimeError("a recurring downtime needs a duration of 1 second to 366 days")
    _recurrence(downtime.rrule, downtime.start_ms, downtime.timezone)


def occurrence(downtime: Downtime, now_ms: int) -> Occurrence | None:
    """Return the occurrence that is under way, or else the next one.

    Return None if there will be none; of a recurring downtime, if there will be none within ten years.

    Raises:
        DowntimeError: the downtime does not pass `check`.
    """
    if downtime.cancelled_ms is not None:
        return None
    if downtime.rrule is None:
        end_ms = downtime.end_ms or downtime.start_ms
        return Occurrence(downtime.start_ms, end_ms) if now_ms < end_ms else None
    recurrence = _recurrence(downtime.rrule, downtime.start_ms, downtime.timezone)
    duration_ms = downtime.duration_s * 1000
    for start_ms in recurrence.starts_ms(max(now_ms - duration_ms, 0)):
        if downtime.end_ms is not None and start_ms > downtime.end_ms:
            return None
        if start_ms + duration_ms > now_ms:
            return Occurrence(start_ms, start_ms + duration_ms)
    return None


def start_of(rrule: str, timezone: str) -> tuple[int, str] | None:
    """Return the start (UTC ms) and the time zone that the text states in a DTSTART, or None if it has none.

    A DTSTART without a zone is in `timezone`.

    Raises:
        DowntimeError: the text is no recurrence.
    """
    try:
        start = parse(rrule).start
        if start is None:
            return None
        zone = start.zone or find_zone(timezone)
        return round(start.instant_s(zone) * 1000), zone.key
    except RecurrenceError as error:
        raise _refusal(rrule, error) from None


@lru_cache(maxsize=10_000)
def _recurrence(rrule: str, start_ms: int, timezone: str) -> Recurrence:
    try:
        zone = ZoneInfo(timezone)
    except (KeyError, ValueError, OSError):
        raise DowntimeError(f"`{timezone}` is no time zone; expected one such as Asia/Jakarta") from None
    try:
        text = parse(rrule)
        start = datetime.fromtimestamp(start_ms / 1000, zone)
        if text.start is not None:
            start = text.start.local.replace(tzinfo=text.start.zone or zone).astimezone(zone)
        return Recurrence(text, start.replace(microsecond=0, tzinfo=None), zone)
    except RecurrenceError as error:
        raise _refusal(rrule, error) from None


def _refusal(rrule: str, error: RecurrenceError) -> DowntimeError:
    return DowntimeError(f"`{shortened(rrule)}` is no recurrence rule that can be planned: {error}")

"""A camera's clock, as GetSystemDateAndTime states it, and the times by which requests are signed."""

import datetime as dt
import re
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from pantau_agent.onvif.document import number_of, text_of

_SAME = dt.timedelta(seconds=60)
"""Times that differ by less count as equal."""
_STEP = dt.timedelta(minutes=15)
"""Time zones differ by multiples of this."""
_FARTHEST = dt.timedelta(hours=14)
"""Largest distance of a time zone from UTC."""
_TIME_ZONE = re.compile(r"(?:<[^>]{1,20}>|[A-Za-z]{3,20})([+-]?)(\d{1,2})(?::(\d{2}))?")


@dataclass(frozen=True, slots=True)
class CameraClock:
    """A camera's clock, as far as it states it: UTC, local time, and its time zone's offset from UTC."""

    utc: dt.datetime | None = None
    local: dt.datetime | None = None
    zone: dt.timedelta | None = None


def read_camera_clock(response: Element) -> CameraClock:
    """Read the clock from a GetSystemDateAndTimeResponse (ONVIF Core Specification)."""
    times = response.find("SystemDateAndTime")
    if times is None:
        return CameraClock()
    zone = _zone(text_of(times, "TimeZone/TZ"))
    return CameraClock(_date_time(times, "UTCDateTime"), _date_time(times, "LocalDateTime"), zone)


def signing_offsets(clock: CameraClock, now: dt.datetime) -> list[dt.timedelta]:
    """Return what to add to our time for `Created`: the likeliest offset first, two at most.

    A camera compares `Created` with its own clock, so that clock is followed even if it is wrong. Some firmware
    states its local time as UTC, and compares with true UTC all the same; a second offset is tried only if the
    stated times suggest this, because each refusal counts towards the account's lock.
    """
    stated = clock.utc
    if stated is None and clock.local is not None:
        stated = clock.local - (clock.zone or dt.timedelta())
    if stated is None:
        return [dt.timedelta()]
    offset = stated - now
    shift = _shift_of_zone(clock, offset)
    return [offset] if shift is None else [offset, offset - shift]


def _shift_of_zone(clock: CameraClock, offset: dt.timedelta) -> dt.timedelta | None:
    """Return by how much the stated UTC seems to be local time, or None if it does not seem so."""
    shift = round(offset / _STEP) * _STEP
    if shift and abs(offset - shift) <= _SAME and abs(shift) <= _FARTHEST:
        return shift
    if clock.zone and clock.local is not None and clock.utc is not None and abs(clock.local - clock.utc) <= _SAME:
        return clock.zone
    return None


def _date_time(times: Element, name: str) -> dt.datetime | None:
    """Return the time below `name`, or None. `Second` may be 60 or 61 (XML Schema's leap seconds)."""
    numbers = [number_of(times, f"{name}/Date/{part}") for part in ("Year", "Month", "Day")]
    numbers += [number_of(times, f"{name}/Time/{part}") for part in ("Hour", "Minute", "Second")]
    if any(number is None for number in numbers):
        return None
    year, month, day, hour, minute, second = (number or 0 for number in numbers)
    try:
        return dt.datetime(year, month, day, hour, minute, min(second, 59), tzinfo=dt.UTC)
    except ValueError:
        return None


def _zone(text: str) -> dt.timedelta | None:
    """Read POSIX's form (IEEE 1003.1, 8.3), whose sign leads to UTC: WIB-7 is seven hours ahead."""
    found = _TIME_ZONE.match(text)
    if found is None:
        return None
    distance = dt.timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
    if distance > _FARTHEST:
        return None
    return distance if found[1] == "-" else -distance

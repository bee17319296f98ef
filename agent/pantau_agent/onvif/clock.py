"""A camera's clock, as GetSystemDateAndTime tells it, and by which times a request is to be signed."""

import datetime as dt
import re
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from pantau_agent.onvif.document import number_of, text_of

_SAME = dt.timedelta(seconds=60)
_STEP = dt.timedelta(minutes=15)
"""Time zones differ by whole multiples of it."""
_FARTHEST = dt.timedelta(hours=14)
_TIME_ZONE = re.compile(r"(?:<[^>]{1,20}>|[A-Za-z]{3,20})([+-]?)(\d{1,2})(?::(\d{2}))?")


@dataclass(frozen=True, slots=True)
class CameraClock:
    """What a camera said, as far as it did: UTC, local time, and its time zone's distance from UTC."""

    utc: dt.datetime | None = None
    local: dt.datetime | None = None
    zone: dt.timedelta | None = None


def read_camera_clock(response: Element) -> CameraClock:
    """From a GetSystemDateAndTimeResponse (ONVIF Core Specification)."""
    said = response.find("SystemDateAndTime")
    if said is None:
        return CameraClock()
    zone = _zone(text_of(said, "TimeZone/TZ"))
    return CameraClock(_date_time(said, "UTCDateTime"), _date_time(said, "LocalDateTime"), zone)


def signing_offsets(clock: CameraClock, now: dt.datetime) -> list[dt.timedelta]:
    """What is to be added to our time for `Created`: the likeliest first, two at most.

    A camera compares `Created` with its own clock, so that is followed, wrong as it may be. Some firmware tells
    its local time as UTC, and compares with true UTC all the same; there is a second way to sign only where what
    it said looks so, for each refusal counts towards the account's lock.
    """
    told = clock.utc
    if told is None and clock.local is not None:
        told = clock.local - (clock.zone or dt.timedelta())
    if told is None:
        return [dt.timedelta()]
    offset = told - now
    shift = _shift_of_zone(clock, offset)
    return [offset] if shift is None else [offset, offset - shift]


def _shift_of_zone(clock: CameraClock, offset: dt.timedelta) -> dt.timedelta | None:
    """By how much its UTC seems to be local time; None where it does not seem so."""
    shift = round(offset / _STEP) * _STEP
    if shift and abs(offset - shift) <= _SAME and abs(shift) <= _FARTHEST:
        return shift
    if clock.zone and clock.local is not None and clock.utc is not None and abs(clock.local - clock.utc) <= _SAME:
        return clock.zone
    return None


def _date_time(said: Element, name: str) -> dt.datetime | None:
    """`Second` may be 60 or 61 (XML Schema's leap seconds)."""
    numbers = [number_of(said, f"{name}/Date/{part}") for part in ("Year", "Month", "Day")]
    numbers += [number_of(said, f"{name}/Time/{part}") for part in ("Hour", "Minute", "Second")]
    if any(number is None for number in numbers):
        return None
    year, month, day, hour, minute, second = (number or 0 for number in numbers)
    try:
        return dt.datetime(year, month, day, hour, minute, min(second, 59), tzinfo=dt.UTC)
    except ValueError:
        return None


def _zone(text: str) -> dt.timedelta | None:
    """POSIX's form (IEEE 1003.1, section 8.3): its sign says how to get to UTC, so WIB-7 is seven hours ahead."""
    found = _TIME_ZONE.match(text)
    if found is None:
        return None
    distance = dt.timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
    if distance > _FARTHEST:
        return None
    return distance if found[1] == "-" else -distance

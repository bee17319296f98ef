"""The time by which requests are signed, for clocks that are right, wrong, and wrongly stated."""

import datetime as dt
from xml.sax.saxutils import escape

import pytest

from pantau_agent.onvif.clock import CameraClock, read_camera_clock, signing_offsets
from pantau_agent.onvif.document import parse

NOW = dt.datetime(2026, 11, 24, 3, 0, 30, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


@pytest.mark.parametrize(
    ("utc", "offsets"),
    [
        (NOW, [0 * HOUR]),
        (NOW + dt.timedelta(seconds=40), [dt.timedelta(seconds=40)]),
        (NOW - dt.timedelta(minutes=7), [-dt.timedelta(minutes=7)]),
        (NOW - 9000 * HOUR, [-9000 * HOUR]),  # a multiple of an hour, and no time zone
        (NOW + 7 * HOUR, [7 * HOUR, 0 * HOUR]),
        (
            NOW + 5.75 * HOUR + dt.timedelta(seconds=9),
            [5.75 * HOUR + dt.timedelta(seconds=9), dt.timedelta(seconds=9)],
        ),
    ],
)
def test_a_second_way_to_sign_only_where_it_looks_like_a_time_zone(
    utc: dt.datetime, offsets: list[dt.timedelta]
) -> None:
    assert signing_offsets(CameraClock(utc), NOW) == offsets


def test_where_our_own_clock_is_wrong_the_cameras_time_zone_tells() -> None:
    stated = NOW + dt.timedelta(days=900)
    clock = CameraClock(stated, stated, 7 * HOUR)  # UTC and local time are the same, and should be 7 hours apart
    assert signing_offsets(clock, NOW) == [stated - NOW, stated - NOW - 7 * HOUR]
    assert signing_offsets(CameraClock(stated, stated + 7 * HOUR, 7 * HOUR), NOW) == [stated - NOW]


def test_a_camera_that_tells_local_time_only_is_believed_by_its_zone() -> None:
    assert signing_offsets(CameraClock(None, NOW + 7 * HOUR, 7 * HOUR), NOW) == [0 * HOUR]
    assert signing_offsets(CameraClock(), NOW) == [0 * HOUR]


def read(inner: str) -> CameraClock:
    return read_camera_clock(parse(f"<R><SystemDateAndTime>{inner}</SystemDateAndTime></R>".encode()))


@pytest.mark.parametrize(
    ("zone", "hours"),
    [("WIB-7", 7), ("CST-8:00:00", 8), ("<+0530>-5:30", 5.5), ("EST5EDT,M3.2.0,M11.1.0", -5), ("UTC0", 0)],
)
def test_time_zones_are_read_as_posix_has_them(zone: str, hours: float) -> None:
    assert read(f"<TimeZone><TZ>{escape(zone)}</TZ></TimeZone>").zone == hours * HOUR


@pytest.mark.parametrize(
    "inner",
    [
        "",
        "<TimeZone><TZ>+99:00</TZ></TimeZone>",
        "<UTCDateTime><Date><Year>2026</Year><Month>13</Month><Day>1</Day></Date></UTCDateTime>",
        "<UTCDateTime><Time><Hour>-1</Hour><Minute>a</Minute><Second/></Time></UTCDateTime>",
        "<UTCDateTime><Date><Year>99999999999999999999</Year></Date></UTCDateTime>",
    ],
)
def test_a_clock_that_cannot_be_read_is_none(inner: str) -> None:
    assert read(inner) == CameraClock()
    assert read_camera_clock(parse(b"<R/>")) == CameraClock()


def test_a_leap_second_is_taken() -> None:
    date = "<Date><Year>2026</Year><Month>12</Month><Day>31</Day></Date>"
    time = "<Time><Hour>23</Hour><Minute>59</Minute><Second>60</Second></Time>"
    assert read(f"<UTCDateTime>{time}{date}</UTCDateTime>").utc == dt.datetime(
        2026, 12, 31, 23, 59, 59, tzinfo=dt.UTC
    )

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest
from dateutil.rrule import rrulestr  # type: ignore[import-untyped] # it has no types

from pantau_collector.incidents.downtime import Downtime, Scope, occurrence
from pantau_collector.web.api_v1.calendar_feed import calendar

JAKARTA = ZoneInfo("Asia/Jakarta")
START = datetime(2026, 11, 24, 22, 0, tzinfo=JAKARTA)
START_MS = round(START.timestamp() * 1000)


def feed(*downtimes: Downtime) -> Any:
    content = calendar(downtimes, name="Batam", installation="abc", title=lambda each: f"Work at {each.target}")
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    return icalendar.Calendar.from_ical(content)


def planned(rrule: str | None = None, **more: object) -> Downtime:
    values = {"id": 7, "scope": Scope.SITE, "target": "kabil", "start_ms": START_MS, "rrule": rrule}
    values |= {"duration_s": 3600} if rrule else {"end_ms": START_MS + 3_600_000}
    return Downtime(**(values | more))  # type: ignore[arg-type]


def own_starts(downtime: Downtime, number: int = 12) -> list[datetime]:
    """Return when the collector has it begin."""
    found: list[datetime] = []
    now_ms = 0
    while len(found) < number and (at := occurrence(downtime, now_ms)) is not None:
        found.append(datetime.fromtimestamp(at.start_ms / 1000, UTC))
        now_ms = at.end_ms
    return found


def shown_starts(event: Any, number: int = 12) -> list[datetime]:
    """Return when a calendar shows it, by dateutil's reading of RFC 5545."""
    start = event["DTSTART"].dt
    rule = rrulestr(f"RRULE:{event['RRULE'].to_ical().decode()}", dtstart=start)
    left_out = {each.astimezone(UTC) for each in dates(event, "EXDATE")}
    starts = {at.astimezone(UTC) for at, _ in zip(rule, range(60), strict=False)}
    starts |= {start.astimezone(UTC)} | {each.astimezone(UTC) for each in dates(event, "RDATE")}
    return sorted(starts - left_out)[:number]


def dates(event: Any, name: str) -> list[datetime]:
    found = event.get(name, [])
    return [one.dt for each in (found if isinstance(found, list) else [found]) for one in each.dts]


def test_an_event_has_its_time_name_and_reason() -> None:
    parsed = feed(planned(reason="a new switch; both poles", created_ms=START_MS - 1000))
    (event,) = parsed.walk("VEVENT")
    assert event["UID"] == "downtime-7@abc.pantau"
    assert event["SUMMARY"] == "Work at kabil"
    assert event["DESCRIPTION"] == "a new switch; both poles"
    assert event["DTSTART"].dt == START
    assert event["DTEND"].dt - event["DTSTART"].dt == timedelta(hours=1)
    (zone,) = parsed.walk("VTIMEZONE")
    assert zone["TZID"] == "Asia/Jakarta"
    assert parsed["X-WR-CALNAME"] == "Batam"


@pytest.mark.parametrize(
    "rrule",
    [
        "FREQ=WEEKLY;BYDAY=SU;BYHOUR=2",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR",
        "FREQ=MONTHLY;BYDAY=-1SA",
        "FREQ=MONTHLY;BYMONTHDAY=31;COUNT=3",
        "FREQ=DAILY;UNTIL=20261130T220000",
        "FREQ=DAILY;UNTIL=20261130",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
        "RRULE:FREQ=DAILY;COUNT=5\nEXDATE;TZID=Asia/Jakarta:20261125T220000\nRDATE;TZID=Asia/Jakarta:20261220T090000",
        "DTSTART;TZID=Asia/Makassar:20261201T080000\nRRULE:FREQ=WEEKLY;\n COUNT=4",
    ],
)
@pytest.mark.parametrize("end_days", [None, 10])
def test_a_calendar_shows_it_when_the_collector_has_it(rrule: str, end_days: int | None) -> None:
    downtime = planned(rrule, end_ms=None if end_days is None else START_MS + end_days * 86_400_000)
    expected = own_starts(downtime)
    if not expected:
        pytest.skip("it never takes place")
    (event,) = feed(downtime).walk("VEVENT")
    assert shown_starts(event, len(expected)) == expected
    if len(expected) < 12:
        assert shown_starts(event) == expected


def test_what_is_cancelled_or_impossible_is_left_out() -> None:
    never = planned("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30")
    assert feed(planned(cancelled_ms=START_MS), never).walk("VEVENT") == []


def test_no_text_of_people_adds_a_line() -> None:
    (event,) = feed(planned(reason="a\r\nEND:VEVENT\r\nBEGIN:VALARM", target="x\ny")).walk("VEVENT")
    assert event["SUMMARY"] == "Work at x\ny"
    assert "VALARM" in event["DESCRIPTION"]
    assert not event.subcomponents

"""Which recurrence text is taken, when it recurs, and that the work of finding out is bounded."""

import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pantau_collector.incidents import recurrence, recurrence_text
from pantau_collector.incidents.downtime import Downtime, DowntimeError, Scope, check, occurrence, start_of

JAKARTA = ZoneInfo("Asia/Jakarta")
SUNDAY = "20261129T220000"
MAX_LINES = 400_000
"""Lines of Python that one call may run, in the modules of recurrences; ten years of days take half of it."""


def ms(text: str, zone: ZoneInfo = JAKARTA) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() * 1000)


def downtime(rrule: str, start: str = "2026-11-29 22:00", **changes: Any) -> Downtime:
    fields: dict[str, Any] = {"rrule": rrule, "duration_s": 3600, **changes}
    return Downtime(1, Scope.SITE, "kabil", ms(start), **fields)


def starts(planned: Downtime, count: int = 4) -> list[str]:
    def each() -> Iterator[str]:
        found = occurrence(planned, planned.start_ms)
        while found is not None:
            yield f"{datetime.fromtimestamp(found.start_ms / 1000, JAKARTA):%Y-%m-%d %H:%M}"
            found = occurrence(planned, found.end_ms)

    return list(islice(each(), count))


def lines_run(call: Callable[[], object]) -> int:
    """Return the lines of Python that a call runs in the modules of recurrences: its work on any machine."""
    lines, files = 0, {recurrence.__file__, recurrence_text.__file__}

    def trace(frame: Any, event: str, _argument: object) -> Any:
        nonlocal lines
        if frame.f_code.co_filename not in files:
            return None
        lines += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
    return lines


def test_the_documented_limits() -> None:
    assert recurrence.HORIZON_DAYS == 3660
    assert recurrence_text.MAX_LENGTH == 20_000
    assert recurrence_text.MAX_INTERVAL == 10_000
    assert recurrence_text.MAX_COUNT == 10_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FREQ=WEEKLY;BYDAY=SU", ["2026-11-29 22:00", "2026-12-06 22:00", "2026-12-13 22:00"]),
        ("RRULE:FREQ=WEEKLY;BYDAY=SU;", ["2026-11-29 22:00", "2026-12-06 22:00", "2026-12-13 22:00"]),
        ("freq=weekly; byday=su", ["2026-11-29 22:00", "2026-12-06 22:00", "2026-12-13 22:00"]),
        ("FREQ=WEEKLY;UNTIL=20261206T150000Z", ["2026-11-29 22:00", "2026-12-06 22:00"]),
        ("FREQ=WEEKLY;UNTIL=20261206T145959Z", ["2026-11-29 22:00"]),
        ("FREQ=WEEKLY;UNTIL=20261206T220000", ["2026-11-29 22:00", "2026-12-06 22:00"]),
        ("FREQ=WEEKLY;UNTIL=20261206", ["2026-11-29 22:00", "2026-12-06 22:00"]),
        ("FREQ=WEEKLY;COUNT=2", ["2026-11-29 22:00", "2026-12-06 22:00"]),
        (
            "RRULE:FREQ=WEEKLY\r\nEXDATE;TZID=Asia/Jakarta:20261206T220000",
            ["2026-11-29 22:00", "2026-12-13 22:00", "2026-12-20 22:00"],
        ),
        (
            "RRULE:FREQ=WEEKLY\nEXDATE:20261206T150000Z,20261213T150000Z",
            ["2026-11-29 22:00", "2026-12-20 22:00", "2026-12-27 22:00"],
        ),
        (
            "RRULE:FREQ=WEEKLY\nEXDATE;VALUE=DATE:20261206",
            ["2026-11-29 22:00", "2026-12-13 22:00", "2026-12-20 22:00"],
        ),
        ("RRULE:FREQ=WEEKLY;COUNT=1\nRDATE:20261201T010000Z", ["2026-11-29 22:00", "2026-12-01 08:00"]),
        ("RRULE:FREQ=WEEK\r\n LY;BYD\r\n\tAY=SU;COUNT=1", ["2026-11-29 22:00"]),
        (
            "DTSTART;TZID=Asia/Jayapura:20261201T060000\nRRULE:FREQ=DAILY",
            ["2026-12-01 04:00", "2026-12-02 04:00", "2026-12-03 04:00"],
        ),
        ("DTSTART;VALUE=DATE:20261201\nRRULE:FREQ=DAILY;COUNT=1", ["2026-12-01 00:00"]),
        ("FREQ=MONTHLY;BYDAY=1MO,-1FR", ["2026-12-07 22:00", "2026-12-25 22:00", "2027-01-04 22:00"]),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", ["2026-11-30 22:00", "2026-12-31 22:00"]),
        ("FREQ=MONTHLY;BYMONTHDAY=31", ["2026-12-31 22:00", "2027-01-31 22:00", "2027-03-31 22:00"]),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", ["2028-02-29 22:00", "2032-02-29 22:00"]),
        ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", ["2027-05-17 22:00", "2028-05-15 22:00"]),
        ("FREQ=HOURLY;INTERVAL=12", ["2026-11-29 22:00", "2026-11-30 10:00", "2026-11-30 22:00"]),
        ("FREQ=DAILY;BYHOUR=1,13;BYMINUTE=30", ["2026-11-30 01:30", "2026-11-30 13:30", "2026-12-01 01:30"]),
    ],
)
def test_text_as_calendars_export_it_is_taken(text: str, expected: list[str]) -> None:
    planned = downtime(text)
    check(planned)
    assert starts(planned, max(len(expected), 3 if len(expected) == 3 else 4))[: len(expected)] == expected
    if "COUNT" in text or "UNTIL" in text:
        assert len(starts(planned)) == len(expected)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("FREQ=WEEKLY;INTERVAL=0", "INTERVAL: expected 1 to 10000, got `0`"),
        ("FREQ=WEEKLY;INTERVAL=-1", "INTERVAL: expected 1 to 10000"),
        ("FREQ=SECONDLY", "FREQ=SECONDLY is finer than hourly"),
        ("FREQ=MINUTELY;INTERVAL=600", "FREQ=MINUTELY is finer than hourly"),
        ("FREQ=DAILY;BYMINUTE=0,30", "BYMINUTE: expected one number"),
        ("FREQ=DAILY;BYSECOND=0,30", "BYSECOND: expected one number"),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "it never occurs within ten years"),
        ("FREQ=DAILY;UNTIL=20200101", "it never occurs within ten years"),
        ("FREQ=DAILY;COUNT=9000", "COUNT is not reached within ten years"),
        ("FREQ=DAILY;COUNT=99999", "COUNT: expected 1 to 10000"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20270101", "COUNT or UNTIL, and not both"),
        ("FREQ=DAILY;UNTIL=tomorrow", "UNTIL: expected a date"),
        ("FREQ=DAILY;UNTIL=20261332", "UNTIL: there is no date"),
        ("FREQ=DAILY;FREQ=WEEKLY", "FREQ is stated twice"),
        ("FREQ=DAILY;BYEASTER=1", "BYEASTER is not supported"),
        ("RSCALE=CHINESE;FREQ=YEARLY", "RSCALE is not supported"),
        ("FREQ=WEEKLY;BYDAY=1SU", "`1SU` needs FREQ=MONTHLY or FREQ=YEARLY"),
        ("FREQ=WEEKLY;BYDAY=SUNDAY", "BYDAY: expected weekdays such as SU"),
        ("FREQ=FORTNIGHTLY", "FREQ: expected one of YEARLY, MONTHLY, WEEKLY, DAILY, HOURLY"),
        ("BYDAY=SU", "expected FREQ"),
        ("every sunday", "expected parts such as FREQ=WEEKLY"),
        ("", "expected parts such as FREQ=WEEKLY"),
        ("BEGIN:VEVENT\nRRULE:FREQ=DAILY", "expected RRULE, DTSTART, EXDATE or RDATE, got `BEGIN`"),
        ("EXRULE:FREQ=DAILY", "got `EXRULE`"),
        ("RRULE:FREQ=DAILY\nRRULE:FREQ=WEEKLY", "there is several"),
        ("EXDATE:20261129", "there is none"),
        ("DTSTART;TZID=Jakarta Time:20261129T220000\nRRULE:FREQ=DAILY", "`Jakarta Time` is no time zone"),
        ("RRULE:FREQ=DAILY\nRDATE;VALUE=PERIOD:20261129T220000Z/PT1H", "VALUE=PERIOD is not supported"),
        ("RRULE:FREQ=DAILY\nEXDATE:" + ",".join([SUNDAY] * 2000), "longer than 20,000 characters"),
    ],
)
def test_other_text_is_refused_with_the_reason(text: str, reason: str) -> None:
    def attempt() -> None:
        with pytest.raises(DowntimeError) as refused:
            check(downtime(text))
        assert reason in str(refused.value)

    assert lines_run(attempt) < MAX_LINES


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("SE Asia Standard Time", "Asia/Jakarta"),
        ('"Asia/Makassar"', "Asia/Makassar"),
        ("/freeassociation.sourceforge.net/Asia/Jayapura", "Asia/Jayapura"),
    ],
)
def test_zones_are_found_by_the_names_that_calendars_write(zone: str, expected: str) -> None:
    found = start_of(f"DTSTART;TZID={zone}:20261129T220000\nRRULE:FREQ=DAILY", "UTC")
    assert found == (ms("2026-11-29 22:00", ZoneInfo(expected)), expected)
    assert start_of("FREQ=DAILY", "Asia/Jakarta") is None


@pytest.mark.parametrize("time_ms", [-1, 10**15, 2**62])
def test_a_time_that_no_calendar_has_is_refused(time_ms: int) -> None:
    with pytest.raises(DowntimeError, match="is no time between"):
        check(Downtime(1, Scope.SITE, "kabil", 0, end_ms=time_ms))


def test_a_start_long_ago_costs_no_more_than_one_of_today() -> None:
    planned = downtime("FREQ=HOURLY;INTERVAL=5", "1971-01-01 00:00")
    now_ms = ms("2026-11-29 22:00")
    check(planned)
    assert lines_run(lambda: occurrence(planned, now_ms)) < 3000


def _numbers(least: int, most: int, *, signed: bool = False) -> st.SearchStrategy[str]:
    number = st.integers(least, most)
    if signed:
        number = number | number.map(lambda each: -each)
    return st.lists(number, min_size=1, max_size=3).map(lambda numbers: ",".join(map(str, numbers)))


@st.composite
def rules(draw: st.DrawFn) -> str:
    """Draw a valid rule of any frequency."""
    frequency = draw(st.sampled_from(["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY"]))
    days = st.sampled_from(recurrence_text.WEEKDAYS)
    if frequency in ("MONTHLY", "YEARLY"):
        days = st.builds(str.__add__, st.sampled_from(["", "1", "-1", "2", "-2", "5"]), days)
    parts = {
        "INTERVAL": st.integers(1, 5).map(str),
        "BYMONTH": _numbers(1, 12),
        "BYMONTHDAY": _numbers(1, 31, signed=True),
        "BYYEARDAY": _numbers(1, 366, signed=True),
        "BYDAY": st.lists(days, min_size=1, max_size=3).map(",".join),
        "BYHOUR": _numbers(0, 23),
        "BYMINUTE": st.integers(0, 59).map(str),
        "BYSETPOS": _numbers(1, 4, signed=True),
        "WKST": st.sampled_from(["MO", "SU"]),
        "COUNT": st.integers(1, 20).map(str),
        "UNTIL": st.sampled_from(["20270101", "20270315T120000", "20280101T000000Z"]),
    }
    chosen = draw(st.sets(st.sampled_from(sorted(parts)), max_size=4))
    if {"COUNT", "UNTIL"} <= chosen:
        chosen -= {"COUNT"}
    return ";".join([f"FREQ={frequency}", *(f"{name}={draw(parts[name])}" for name in sorted(chosen))])


def stepped(rule: str, start: datetime) -> list[datetime]:  # noqa: C901 - plain questions, one after another
    """Return the starts of two years, found by stepping minute by minute and asking each part of the rule."""
    parts = dict(part.split("=") for part in rule.split(";"))
    frequency, interval = parts["FREQ"], int(parts.get("INTERVAL", "1"))
    numbers = {
        name: [int(each) for each in value.split(",")]
        for name, value in parts.items()
        if "BYDAY" not in name and name.startswith("BY")
    }
    by_day = parts.get("BYDAY", "").split(",") if "BYDAY" in parts else []
    chosen_days = by_day or "BYMONTHDAY" in parts or "BYYEARDAY" in parts
    week_start = recurrence_text.WEEKDAYS.index(parts.get("WKST", "MO"))

    def week(day: date) -> date:
        return day - timedelta(days=(day.weekday() - week_start) % 7)

    def period(at: datetime) -> tuple[int, object]:
        """Return the number of the period since the start, and its identity."""
        day, first = at.date(), start.date()
        match frequency:
            case "YEARLY":
                return at.year - start.year, at.year
            case "MONTHLY":
                return 12 * (at.year - start.year) + at.month - start.month, (at.year, at.month)
            case "WEEKLY":
                return (week(day) - week(first)).days // 7, week(day)
            case "DAILY":
                return (day - first).days, day
        return 24 * (day - first).days + at.hour - start.hour, (day, at.hour)

    def is_in(name: str, number: int, of: int) -> bool:
        return name not in numbers or number in numbers[name] or number - of - 1 in numbers[name]

    def is_day(at: datetime) -> bool:
        year_length = (date(at.year + 1, 1, 1) - date(at.year, 1, 1)).days
        month_length = ((at.date().replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)).day
        day_of_year = at.timetuple().tm_yday
        if "BYMONTH" in numbers and at.month not in numbers["BYMONTH"]:
            return False
        if not is_in("BYMONTHDAY", at.day, month_length) or not is_in("BYYEARDAY", day_of_year, year_length):
            return False
        if by_day:
            yearly = frequency == "YEARLY" and "BYMONTH" not in numbers
            number, length = (day_of_year, year_length) if yearly else (at.day, month_length)
            name = recurrence_text.WEEKDAYS[at.weekday()]
            names = {name, f"{(number - 1) // 7 + 1}{name}", f"{-((length - number) // 7 + 1)}{name}"}
            return bool(names & set(by_day))
        if not chosen_days and frequency == "YEARLY" and "BYMONTH" not in numbers and at.month != start.month:
            return False
        if not chosen_days and frequency in ("YEARLY", "MONTHLY"):
            return at.day == start.day
        return bool(chosen_days) or frequency != "WEEKLY" or at.weekday() == start.weekday()

    minute = numbers.get("BYMINUTE", [start.minute])[0]
    hours = numbers.get("BYHOUR", range(24) if frequency == "HOURLY" else [start.hour])
    periods: dict[object, list[datetime]] = {}
    at = datetime(start.year, 1, 1) - timedelta(days=7)  # noqa: DTZ001 - a local time, as the rule's
    for _ in range(3 * 366 * 24 * 60):
        if at.minute == minute and at.hour in hours and is_day(at):
            number, name = period(at)
            if number % interval == 0:
                periods.setdefault(name, []).append(at)
        at += timedelta(minutes=1)
    found = [
        each
        for group in periods.values()
        for i, each in enumerate(group)
        if is_in("BYSETPOS", i + 1, len(group)) and each >= start
    ]
    if "UNTIL" in parts:
        text = parts["UNTIL"]
        until = datetime.strptime(
            text[:15].ljust(15, "0") if "T" in text else f"{text}T235959", "%Y%m%dT%H%M%S"
        ).replace(tzinfo=UTC if text.endswith("Z") else JAKARTA)
        found = [each for each in found if each.replace(tzinfo=JAKARTA) <= until]
    found = found[: int(parts.get("COUNT", len(found)))]
    return [each for each in found if each < start + timedelta(days=730)]


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(rules(), st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)))  # noqa: DTZ001 - local times
def test_it_recurs_as_stepping_minute_by_minute_finds(rule: str, start: datetime) -> None:
    start = start.replace(second=0, microsecond=0)
    expected, found = stepped(rule, start), []
    try:
        text = recurrence_text.parse(rule)
        computed = recurrence.Recurrence(text, start, JAKARTA)
        for each in computed.starts_ms(int(start.replace(tzinfo=JAKARTA).timestamp() * 1000)):
            local = datetime.fromtimestamp(each / 1000, JAKARTA).replace(tzinfo=None)
            if local >= start + timedelta(days=730):
                break
            found.append(local)
    except recurrence_text.RecurrenceError as error:
        if "COUNT is not reached" in str(error):
            return
    assert found == expected


def _soup() -> st.SearchStrategy[str]:
    pieces = [
        "FREQ=",
        "DAILY",
        "HOURLY",
        "SECONDLY",
        "INTERVAL=",
        "0",
        "-1",
        "99999",
        ";",
        "=",
        ":",
        ",",
        "\n ",
        "\r\n",
    ]
    pieces += [
        "BYDAY=",
        "MO",
        "53SU",
        "EXDATE:",
        "RDATE:",
        "DTSTART;TZID=",
        "Asia/Jakarta",
        "20260101T000000Z",
        '"',
    ]
    pieces += [
        "BYMONTH=",
        "2",
        "BYMONTHDAY=",
        "30",
        "BYSETPOS=",
        "366",
        "COUNT=",
        "UNTIL=",
        "99991231",
        "\u0663",
        "../x",
    ]
    return st.lists(st.sampled_from(pieces) | st.text(max_size=5), max_size=14).map("".join)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    rules() | _soup() | st.builds("{};{}".format, rules(), _soup()),
    st.integers(0, 8_000 * 31_536_000_000),
    st.sampled_from(["Asia/Jakarta", "Europe/Amsterdam", "Pacific/Apia", "Mars", "", "../../etc/passwd", "Asia"]),
)
def test_no_text_takes_more_than_bounded_work_and_nothing_but_the_declared_error_is_raised(
    rule: str, start_ms: int, zone: str
) -> None:
    planned = Downtime(1, Scope.SITE, "x", start_ms, rrule=rule, duration_s=3600, timezone=zone)

    def attempt() -> None:
        try:
            check(planned)
            occurrence(planned, start_ms + 40 * 86_400_000)
        except DowntimeError:
            pass

    assert lines_run(attempt) < MAX_LINES

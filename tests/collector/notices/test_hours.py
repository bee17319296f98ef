from datetime import UTC, datetime, timedelta

import pytest

from pantau_collector.notices.hours import end_of, parse, within

TUESDAY = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("22:00-06:00", ["22:00", "23:59", "00:00", "05:59"], ["21:59", "06:00", "12:00"]),
        ("07:30-16:00", ["07:30", "15:59"], ["07:29", "16:00"]),
        ("07.30 - 24.00", ["07:30", "23:59"], ["00:00", "07:29"]),
        ("Mon-Fri 07:30-16:00", ["08:00"], ["16:00"]),
        ("Sel 07:30-16:00", ["08:00"], ["16:00"]),
        ("Sen,Rab 07:30-16:00", [], ["08:00"]),
        ("Mon 22:00-06:00", ["05:00"], ["22:00"]),
        ("Sat-Tue 22:00-06:00", ["22:00", "05:00"], ["21:00"]),
    ],
)
def test_a_tuesday(text: str, inside: list[str], outside: list[str]) -> None:
    for clock in inside:
        assert within([parse(text)], at(clock)), (text, clock)
    for clock in outside:
        assert not within([parse(text)], at(clock)), (text, clock)


def at(clock: str) -> datetime:
    hour, minute = map(int, clock.split(":"))
    return TUESDAY + timedelta(hours=hour, minutes=minute)


def test_hours_that_follow_each_other_end_with_the_last() -> None:
    hours = [parse("Mon-Fri 16:00-07:00"), parse("Sat,Sun 00:00-24:00"), parse("Mon 00:00-07:00")]
    friday = TUESDAY + timedelta(days=3, hours=18)
    assert end_of(hours, friday) == datetime(2026, 11, 30, 7, tzinfo=UTC)
    assert end_of(hours, TUESDAY + timedelta(hours=12)) is None


@pytest.mark.parametrize("text", ["", "22-6", "Mon", "Someday 10:00-12:00", "25:00-26:00", "10:61-11:00"])
def test_what_is_no_hours_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        parse(text)

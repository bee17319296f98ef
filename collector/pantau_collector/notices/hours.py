"""Hours of the week: `Mon-Fri 07:30-16:00`, `Sat,Sun 09:00-12:00`, `22:00-06:00`. It is pure.

Days are English or Indonesian, in three letters; without days the hours are of every day. Hours past midnight
belong to the day on which they begin.
"""

import re
from collections.abc import Iterable
from datetime import datetime, time, timedelta

from msgspec import Struct

_ENGLISH = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""English abbreviations of the days, from Monday."""
_INDONESIAN = ("sen", "sel", "rab", "kam", "jum", "sab", "min")
"""Indonesian abbreviations of the days, from Monday."""
_DAYS = {name: day for names in (_ENGLISH, _INDONESIAN) for day, name in enumerate(names)}
"""Number of each day by its abbreviation; Monday is 0."""
_SPAN = re.compile(r"(?:(\S+)\s+)?(\d{1,2})[:.](\d{2})\s*-\s*(\d{1,2})[:.](\d{2})")
"""Optional days, then a start and an end of hour and minute."""
_DAY_MIN = 24 * 60
"""Minutes of a day."""


class Hours(Struct, frozen=True):
    """Minute `start` to `end` of the `days` (Monday is 0); past midnight if `end` is not later than `start`."""

    days: frozenset[int]
    start: int
    end: int

    @property
    def length_min(self) -> int:
        """The length of the hours in minutes."""
        return self.end - self.start if self.end > self.start else self.end - self.start + _DAY_MIN


def parse(text: str) -> Hours:
    """Return the hours that a text names.

    Raises:
        ValueError: it names none; the text states what was expected.
    """
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        raise ValueError("expected hours such as `22:00-06:00` or `Mon-Fri 07:30-16:00`")
    days, *numbers = found.groups()
    hour, minute, end_hour, end_minute = map(int, numbers)
    start, end = hour * 60 + minute, end_hour * 60 + end_minute
    if minute > 59 or end_minute > 59 or start >= _DAY_MIN or end > _DAY_MIN:
        raise ValueError("expected times from 00:00 to 24:00")
    return Hours(_days(days) if days else frozenset(range(7)), start, end)


def within(hours: Iterable[Hours], local: datetime) -> bool:
    """Return True if a time, in the zone of the hours, is in any of them."""
    return end_of(hours, local) is not None


def end_of(hours: Iterable[Hours], local: datetime) -> datetime | None:
    """Return when the hours that a time is in end, across hours that follow at once; None if it is in none."""
    hours = list(hours)
    end: datetime | None = None
    at = local
    while (found := _end_of_one(hours, at)) is not None and found - local < timedelta(days=7):
        end = at = found
    return end


def _end_of_one(hours: Iterable[Hours], local: datetime) -> datetime | None:
    ends = []
    for each in hours:
        for day in (local.date() - timedelta(days=1), local.date()):
            if day.weekday() not in each.days:
                continue
            start = datetime.combine(day, time(), local.tzinfo) + timedelta(minutes=each.start)
            end = start + timedelta(minutes=each.length_min)
            if start <= local < end:
                ends.append(end)
    return max(ends, default=None)


def _days(text: str) -> frozenset[int]:
    days: set[int] = set()
    for part in text.lower().split(","):
        first, _, last = part.partition("-")
        if first not in _DAYS or (last or first) not in _DAYS:
            raise ValueError(f"expected days such as Mon-Fri or Sen,Rab, got `{text}`")
        start, end = _DAYS[first], _DAYS[last or first]
        days |= {day % 7 for day in range(start, end + 1 if end >= start else end + 8)}
    return frozenset(days)

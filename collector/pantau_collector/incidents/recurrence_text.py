"""Parses RFC 5545 recurrence text, as calendars export it and people type it. No date is computed here."""

import re
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from msgspec import Struct

MAX_LENGTH = 20_000
"""Characters of the longest text accepted."""
MAX_INTERVAL = 10_000
"""Largest INTERVAL accepted."""
MAX_COUNT = 10_000
"""Largest COUNT accepted; UNTIL may reach further."""

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
"""RFC 5545's names of the weekdays, in the order of `date.weekday()`."""

_WINDOWS_ZONES = {
    "SE Asia Standard Time": "Asia/Jakarta",
    "Singapore Standard Time": "Asia/Makassar",
    "Tokyo Standard Time": "Asia/Jayapura",
}
"""Indonesia's time zones as Outlook names them (CLDR, windowsZones.xml, territory ID)."""
_FINER = ("MINUTELY", "SECONDLY")
_FOLD = re.compile(r"\r?\n[ \t]")
_PROPERTY = re.compile(r'([A-Za-z-]+)((?:;[A-Za-z0-9-]+=(?:"[^"]*"|[^":;]*))*):(.*)', re.DOTALL)
_PARAMETER = re.compile(r';([A-Za-z0-9-]+)=("[^"]*"|[^":;]*)')
_DATE = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?:T([0-9]{2})([0-9]{2})([0-9]{2})(Z?))?")
_NUMBER = re.compile(r"[+-]?[0-9]{1,6}")
_DAY = re.compile(r"([+-]?[0-9]{1,2})?([A-Z]{2})")


class RecurrenceError(ValueError):
    """The text describes no recurrence that can be planned; the message says what was expected."""


class Frequency(StrEnum):
    """The unit of INTERVAL, and the period that BYSETPOS counts in. Nothing finer than hourly is accepted."""

    YEARLY = "YEARLY"
    MONTHLY = "MONTHLY"
    WEEKLY = "WEEKLY"
    DAILY = "DAILY"
    HOURLY = "HOURLY"


class DateValue(NamedTuple):
    """A DATE or DATE-TIME: `local` is naive, in `zone`, or in the recurrence's own zone if that is None."""

    local: datetime
    zone: ZoneInfo | None = None
    is_date: bool = False

    def instant_s(self, zone: ZoneInfo) -> float:
        """Return the time in seconds since 1970 (UTC); `zone` is the recurrence's own."""
        return self.local.replace(tzinfo=self.zone or zone).timestamp()


class Rule(Struct, frozen=True):
    """The parts of an RRULE; an empty set means that the part is absent. Weekdays count from 0, Monday."""

    frequency: Frequency
    interval: int = 1
    count: int | None = None
    until: DateValue | None = None
    months: frozenset[int] = frozenset()
    month_days: frozenset[int] = frozenset()
    year_days: frozenset[int] = frozenset()
    week_numbers: frozenset[int] = frozenset()
    weekdays: frozenset[int] = frozenset()
    nth_weekdays: frozenset[tuple[int, int]] = frozenset()
    hours: frozenset[int] = frozenset()
    minute: int | None = None
    second: int | None = None
    positions: frozenset[int] = frozenset()
    week_start: int = 0


class RecurrenceText(NamedTuple):
    """A parsed text: its rule, the start that it states itself, and the dates left out and added."""

    rule: Rule
    start: DateValue | None = None
    left_out: tuple[DateValue, ...] = ()
    added: tuple[DateValue, ...] = ()


def find_zone(name: str) -> ZoneInfo:
    """Return the time zone of a TZID: an IANA name, one with a prefix, or Outlook's name of an Indonesian zone.

    Raises:
        RecurrenceError: there is no such zone.
    """
    known = _WINDOWS_ZONES.get(name, name)
    for candidate in (known, "/".join(known.split("/")[-2:])):
        try:
            return ZoneInfo(candidate)
        except (KeyError, ValueError, OSError):
            continue
    raise RecurrenceError(f"`{shortened(name)}` is no time zone; expected one such as Asia/Jakarta")


def shortened(text: str) -> str:
    """Return the text on one line, and cut if it is long, for a message."""
    line = " ".join(text.split())
    return line if len(line) <= 80 else f"{line[:80]}..."


def parse(text: str) -> RecurrenceText:
    """Parse an RRULE's value, or lines of RRULE, DTSTART, EXDATE and RDATE, which may be folded.

    Raises:
        RecurrenceError: the text is invalid, or recurs more finely than hourly.
    """
    if len(text) > MAX_LENGTH:
        raise RecurrenceError(f"it is longer than {MAX_LENGTH:,} characters")
    values: dict[str, list[DateValue]] = {"DTSTART": [], "EXDATE": [], "RDATE": []}
    rules: list[Rule] = []
    for line in re.split(r"[\r\n]+", _FOLD.sub("", text.strip())):
        name, parameters, value = _property(line.strip())
        if name == "RRULE":
            rules.append(_rule(value))
        elif name in values:
            values[name] += _dates(name, parameters, value)
        else:
            raise RecurrenceError(f"expected RRULE, DTSTART, EXDATE or RDATE, got `{shortened(name)}`")
    if len(rules) != 1:
        found = "several" if rules else "none"
        raise RecurrenceError(f"expected one RRULE, such as FREQ=WEEKLY;BYDAY=SU, and there is {found}")
    if len(values["DTSTART"]) > 1:
        raise RecurrenceError("expected one DTSTART, and there are several")
    start = next(iter(values["DTSTART"]), None)
    return RecurrenceText(rules[0], start, tuple(values["EXDATE"]), tuple(values["RDATE"]))


def _property(line: str) -> tuple[str, dict[str, str], str]:
    found = _PROPERTY.fullmatch(line)
    if not found:
        return "RRULE", {}, line
    parameters = {name.upper(): value.strip('"') for name, value in _PARAMETER.findall(found[2])}
    return found[1].upper(), parameters, found[3].strip()


def _dates(name: str, parameters: dict[str, str], value: str) -> list[DateValue]:
    if parameters.get("VALUE", "").upper() == "PERIOD":
        raise RecurrenceError(f"{name} with VALUE=PERIOD is not supported")
    zone = find_zone(parameters["TZID"]) if "TZID" in parameters else None
    return [_date(name, part, zone) for part in value.split(",")]


def _date(name: str, text: str, zone: ZoneInfo | None = None) -> DateValue:
    found = _DATE.fullmatch(text.strip().upper())
    if not found:
        raise RecurrenceError(f"{name}: expected a date such as 20261129T220000, got `{shortened(text)}`")
    try:
        local = datetime(*(int(part or 0) for part in found.groups()[:6]))  # type: ignore[arg-type]  # noqa: DTZ001
    except ValueError:
        raise RecurrenceError(f"{name}: there is no date `{shortened(text)}`") from None
    if not 1900 <= local.year <= 9998:
        raise RecurrenceError(f"{name}: expected a year from 1900 to 9998, got `{shortened(text)}`")
    return DateValue(local, ZoneInfo("UTC") if found[7] else zone, found[4] is None)


def _rule(text: str) -> Rule:
    parts = _parts(text)
    frequency = Frequency(parts.pop("FREQ"))
    weekdays, nth_weekdays = _days(parts.pop("BYDAY", ""), frequency)
    if nth_weekdays and "BYWEEKNO" in parts:
        raise RecurrenceError("BYDAY: with BYWEEKNO, expected weekdays without numbers")
    week_start = parts.pop("WKST", "MO")
    if week_start not in WEEKDAYS:
        raise RecurrenceError(f"WKST: expected a weekday such as MO, got `{shortened(week_start)}`")
    until = parts.pop("UNTIL", None)
    rule = Rule(
        frequency=frequency,
        interval=_one(parts, "INTERVAL", 1, MAX_INTERVAL) or 1,
        count=_one(parts, "COUNT", 1, MAX_COUNT),
        until=_date("UNTIL", until) if until is not None else None,
        months=_numbers(parts, "BYMONTH", 1, 12),
        month_days=_numbers(parts, "BYMONTHDAY", 1, 31, signed=True),
        year_days=_numbers(parts, "BYYEARDAY", 1, 366, signed=True),
        week_numbers=_numbers(parts, "BYWEEKNO", 1, 53, signed=True),
        weekdays=weekdays,
        nth_weekdays=nth_weekdays,
        hours=_numbers(parts, "BYHOUR", 0, 23),
        minute=_one(parts, "BYMINUTE", 0, 59),
        second=_one(parts, "BYSECOND", 0, 59),
        positions=_numbers(parts, "BYSETPOS", 1, 366, signed=True),
        week_start=WEEKDAYS.index(week_start),
    )
    if parts:
        raise RecurrenceError(f"{shortened(next(iter(parts)))} is not supported")
    return rule


def _parts(text: str) -> dict[str, str]:
    """Return the parts of an RRULE by name; those that hold for all rules are checked."""
    parts: dict[str, str] = {}
    for part in text.upper().strip().rstrip(";").split(";"):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or not value:
            raise RecurrenceError(f"expected parts such as FREQ=WEEKLY, got `{shortened(part)}`")
        if name in parts:
            raise RecurrenceError(f"{name} is stated twice")
        parts[name] = value
    if "FREQ" not in parts:
        raise RecurrenceError("expected FREQ, as in FREQ=WEEKLY;BYDAY=SU")
    if parts["FREQ"] in _FINER:
        raise RecurrenceError(f"FREQ={parts['FREQ']} is finer than hourly; expected HOURLY or longer")
    if parts["FREQ"] not in set(Frequency):
        raise RecurrenceError(f"FREQ: expected one of {', '.join(Frequency)}, got `{shortened(parts['FREQ'])}`")
    if "COUNT" in parts and "UNTIL" in parts:
        raise RecurrenceError("expected COUNT or UNTIL, and not both")
    return parts


def _numbers(parts: dict[str, str], name: str, least: int, most: int, *, signed: bool = False) -> frozenset[int]:
    """Take the part `name`, and return its numbers; with `signed` they may count from the end."""
    numbers = set()
    for text in parts.pop(name, "").split(","):
        if not text:
            continue
        stripped = text.strip()  # of more than `int` does
        number = int(stripped) if _NUMBER.fullmatch(stripped) else None
        if number is None or not least <= (abs(number) if signed else number) <= most:
            sign = f", or -{most} to -{least}" if signed else ""
            raise RecurrenceError(f"{name}: expected {least} to {most}{sign}, got `{shortened(text)}`")
        numbers.add(number)
    return frozenset(numbers)


def _one(parts: dict[str, str], name: str, least: int, most: int) -> int | None:
    numbers = _numbers(parts, name, least, most)
    if len(numbers) > 1:
        raise RecurrenceError(f"{name}: expected one number; nothing may recur more finely than hourly")
    return next(iter(numbers), None)


def _days(text: str, frequency: Frequency) -> tuple[frozenset[int], frozenset[tuple[int, int]]]:
    """Return the weekdays of a BYDAY, and those with a number as pairs of number and weekday."""
    plain, numbered = set(), set()
    for part in filter(None, text.split(",")):
        found = _DAY.fullmatch(part.strip())
        if not found or found[2] not in WEEKDAYS or (found[1] and not 1 <= abs(int(found[1])) <= 53):
            raise RecurrenceError(f"BYDAY: expected weekdays such as SU or 1MO, got `{shortened(part)}`")
        if found[1] is None:
            plain.add(WEEKDAYS.index(found[2]))
        elif frequency in (Frequency.MONTHLY, Frequency.YEARLY):
            numbered.add((int(found[1]), WEEKDAYS.index(found[2])))
        else:
            raise RecurrenceError(f"BYDAY: `{part.strip()}` needs FREQ=MONTHLY or FREQ=YEARLY")
    return frozenset(plain), frozenset(numbered)

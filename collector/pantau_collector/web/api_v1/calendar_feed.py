"""Planned maintenance as an iCalendar file (RFC 5545), which phones and calendars subscribe to."""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vRecur

from pantau_collector.incidents.downtime import Downtime, DowntimeError, check
from pantau_collector.incidents.recurrence import Recurrence
from pantau_collector.incidents.recurrence_text import DateValue, RecurrenceText, Rule, parse
from pantau_contract.version import __version__

REFRESH = timedelta(minutes=15)
"""How often a calendar is told to ask again."""
_FOLD = re.compile(r"\r?\n[ \t]")


def calendar(
    downtimes: Iterable[Downtime], *, name: str, installation: str, title: Callable[[Downtime], str]
) -> bytes:
    """Return a calendar of downtimes that are not cancelled; those that can never take place are left out.

    Args:
        downtimes: what is planned.
        name: of the calendar.
        installation: makes the ids of events unlike those of other collectors.
        title: returns what an event is called.
    """
    made = Calendar()
    made.add("prodid", f"-//Pantau//{__version__}//EN")
    made.add("version", "2.0")
    made.add("method", "PUBLISH")
    made.add("name", name)
    made.add("x-wr-calname", name)
    made.add("refresh-interval", REFRESH, parameters={"value": "DURATION"})
    made.add("x-published-ttl", "PT15M")
    for each in downtimes:
        if each.cancelled_ms is None and _is_possible(each):
            made.add_component(_event(each, installation, title(each)))
    made.add_missing_timezones()
    return bytes(made.to_ical())


def _is_possible(downtime: Downtime) -> bool:
    try:
        check(downtime)
    except DowntimeError:
        return False
    return True


def _event(downtime: Downtime, installation: str, title: str) -> Event:
    event = Event()
    event.add("uid", f"downtime-{downtime.id}@{installation}.pantau")
    event.add("dtstamp", _utc(downtime.created_ms))
    event.add("last-modified", _utc(downtime.created_ms))
    event.add("summary", title)
    if downtime.reason:
        event.add("description", downtime.reason)
    event.add("transp", "TRANSPARENT")
    zone = ZoneInfo(downtime.timezone)
    if downtime.rrule is None:
        event.add("dtstart", datetime.fromtimestamp(downtime.start_ms / 1000, zone))
        event.add("dtend", datetime.fromtimestamp((downtime.end_ms or downtime.start_ms) / 1000, zone))
        return event
    _add_recurrence(event, downtime, zone)
    return event


def _add_recurrence(event: Event, downtime: Downtime, zone: ZoneInfo) -> None:
    """Add when a downtime recurs.

    A calendar counts DTSTART as an occurrence whether or not the rule matches it. So the event begins with the
    first match, from which every interval of the rule counts alike.
    """
    text = parse(downtime.rrule or "")
    start = datetime.fromtimestamp(downtime.start_ms / 1000, zone)
    if text.start is not None:
        start = text.start.local.replace(tzinfo=text.start.zone or zone).astimezone(zone)
    naive = start.replace(microsecond=0, tzinfo=None)
    matches = Recurrence(RecurrenceText(text.rule), naive, zone)
    first_ms = next(matches.starts_ms(round(start.timestamp()) * 1000))
    first = datetime.fromtimestamp(first_ms / 1000, zone)
    event.add("dtstart", first)
    event.add("dtend", first + timedelta(seconds=downtime.duration_s))
    rule = vRecur.from_ical(_rule_line(downtime.rrule or ""))
    _limit(rule, text.rule, matches, downtime, zone)
    event.add("rrule", rule)
    for name, values in (("exdate", text.left_out), ("rdate", text.added)):
        for value in values:
            at = _moment(value, first, zone)
            if downtime.end_ms is None or at.timestamp() * 1000 <= downtime.end_ms:
                event.add(name, at)


def _limit(shown: vRecur, rule: Rule, matches: Recurrence, downtime: Downtime, zone: ZoneInfo) -> None:
    """State in UTC when the last occurrence may begin, if there is a last one."""
    limits_ms = [] if downtime.end_ms is None else [downtime.end_ms]
    if rule.until is not None:
        # A date without a time includes that whole day.
        local = rule.until.local + timedelta(days=1, seconds=-1) if rule.until.is_date else rule.until.local
        limits_ms.append(round(rule.until._replace(local=local).instant_s(zone) * 1000))
    if limits_ms and "COUNT" in shown:  # a rule may have COUNT or UNTIL, not both
        del shown["COUNT"]
        *_, last_ms = matches.starts_ms(downtime.start_ms)
        limits_ms.append(last_ms)
    if limits_ms:
        shown["UNTIL"] = [_utc(min(limits_ms))]


def _moment(value: DateValue, first: datetime, zone: ZoneInfo) -> datetime:
    """Return when a value's occurrence begins; a date without a time stands for the occurrence of that day."""
    if value.is_date:
        return datetime.combine(value.local.date(), first.time(), zone)
    return value.local.replace(tzinfo=value.zone or zone).astimezone(zone)


def _rule_line(text: str) -> str:
    """Return the value of RRULE, which the text is, or has among its lines."""
    for line in _FOLD.sub("", text).splitlines():
        name, _, value = line.strip().partition(":")
        if name.upper() == "RRULE":
            return value
    return text.strip()


def _utc(time_ms: int) -> datetime:
    return datetime.fromtimestamp(time_ms // 1000, UTC)

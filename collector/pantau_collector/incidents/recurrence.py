"""Computes when a recurrence occurs (RFC 5545), with a bounded amount of work.

A rule is a question asked of each day: whether the day matches, and at which hours. Days that INTERVAL or BYMONTH
leave out are skipped in one step, so no loop is longer than the days of `HORIZON_DAYS`, however the rule is made.
"""

from calendar import isleap, monthrange
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from pantau_collector.incidents.recurrence_text import DateValue, Frequency, RecurrenceError, RecurrenceText, Rule

HORIZON_DAYS = 3660
"""Days that are searched for the next occurrence, and days within which COUNT must be reached: ten years."""
_LAST_DAY = date(9998, 12, 31).toordinal()


class Recurrence:
    """The starts of a recurring event, by the wall clock of a time zone.

    As in python-dateutil, the start counts as an occurrence only if the rule matches it. A local time that is
    skipped when clocks are set forward is shifted by the same hour; one that occurs twice counts once, the first.
    """

    def __init__(self, text: RecurrenceText, start: datetime, zone: ZoneInfo) -> None:
        """Prepare the recurrence; `start` is naive, in `zone`.

        Raises:
            RecurrenceError: it never occurs within ten years of its start, or COUNT is not reached by then.
        """
        self._zone = zone
        self._start = start
        rule = self._rule = _complete(text.rule, start)
        self._days = _Days(rule, start)
        self._until_ms = self._last_ms(rule)
        self._left_out_days = {each.local.date() for each in text.left_out if each.is_date}
        self._left_out_ms = {_ms(each.instant_s(zone)) for each in text.left_out if not each.is_date}
        self._added_ms = sorted(
            {_ms(at.timestamp()) for each in text.added if self._is_kept(at := self._full(each))}
        )
        if next(self.starts_ms(self._ms_of(start)), None) is None:
            raise RecurrenceError("it never occurs within ten years of its start")

    def starts_ms(self, after_ms: int) -> Iterator[int]:
        """Yield the starts (UTC ms) from `after_ms` on, those of ten years; some earlier ones may come first."""
        added = [each for each in self._added_ms if each >= after_ms]
        for start_ms in self._rule_starts_ms(after_ms):
            while added and added[0] <= start_ms:
                found = added.pop(0)
                if found != start_ms:
                    yield found
            yield start_ms
        yield from added

    def _rule_starts_ms(self, after_ms: int) -> Iterator[int]:
        # Clocks may be set back by some hours: the search begins a day early.
        after = datetime.fromtimestamp(after_ms / 1000, self._zone).date() - timedelta(days=1)
        for local in self._days.starts(after):
            start_ms = self._ms_of(local)
            if self._until_ms is not None and start_ms > self._until_ms:
                return
            if self._is_kept(local.replace(tzinfo=self._zone)):
                yield start_ms

    def _last_ms(self, rule: Rule) -> int | None:
        """Return when the last occurrence may begin, by UNTIL or COUNT; None if the rule has neither."""
        if rule.until is not None:
            # A date without a time includes that whole day.
            local = rule.until.local + timedelta(days=1, seconds=-1) if rule.until.is_date else rule.until.local
            return _ms(rule.until._replace(local=local).instant_s(self._zone))
        if rule.count is None:
            return None
        for number, local in enumerate(self._days.starts(self._start.date()), start=1):
            if number == rule.count:
                return self._ms_of(local)
        raise RecurrenceError("COUNT is not reached within ten years; expected a lower one, or UNTIL")

    def _is_kept(self, start: datetime) -> bool:
        """Return True if no EXDATE leaves the start out."""
        day = start.astimezone(self._zone).date()
        return _ms(start.timestamp()) not in self._left_out_ms and day not in self._left_out_days

    def _full(self, added: DateValue) -> datetime:
        """Return the start that an RDATE adds; a date without a time begins at the time of the first start."""
        at = added.local
        if added.is_date:
            at = datetime.combine(at.date(), self._start.time())
        return at.replace(tzinfo=added.zone or self._zone)

    def _ms_of(self, local: datetime) -> int:
        return _ms(local.replace(tzinfo=self._zone).timestamp())


class _Days:
    """The days and hours of a complete rule, in local time."""

    def __init__(self, rule: Rule, start: datetime) -> None:
        self._rule = rule
        self._start = start
        self._first = start.date()
        self._week = _week_start(self._first, rule.week_start)
        self._minute, self._second = rule.minute or 0, rule.second or 0
        self._hours = sorted(rule.hours)

    def starts(self, first: date) -> Iterator[datetime]:
        """Yield the local starts from a day on, in order, for ten years."""
        ordinal = max(first, self._first).toordinal()
        end = min(ordinal + HORIZON_DAYS, _LAST_DAY)
        by_period = self._rule.positions and self._rule.frequency in _LONG_PERIODS
        while ordinal <= end:
            day = date.fromordinal(ordinal)
            following = self._next_possible(day)
            if following > ordinal:
                ordinal = following
                continue
            if by_period:
                last = self._last_of_period(day)
                chosen = self._chosen_of_period(day)
                ordinal = last.toordinal() + 1
            else:
                chosen = self._chosen_of_day(day)
                ordinal += 1
            for start in chosen:
                if start >= self._start and start.date() >= first:
                    yield start

    def _next_possible(self, day: date) -> int:
        """Return the ordinal of the next day that INTERVAL and BYMONTH do not leave out; it may be this one."""
        rule, interval = self._rule, self._rule.interval
        if rule.frequency is Frequency.YEARLY and (late := (day.year - self._first.year) % interval):
            year = day.year + interval - late
            return date(year, 1, 1).toordinal() if year <= 9998 else _LAST_DAY + 1
        months = 12 * (day.year - self._first.year) + day.month - self._first.month
        if rule.frequency is Frequency.MONTHLY and (late := months % interval):
            return _month_after(day, interval - late)
        if rule.frequency is Frequency.WEEKLY:
            week = _week_start(day, rule.week_start)
            if late := (week - self._week) // 7 % interval:
                return week + 7 * (interval - late)
        if rule.frequency is Frequency.DAILY and (late := (day - self._first).days % interval):
            return day.toordinal() + interval - late
        # BYSETPOS counts in the whole period, so its first day may lie outside the months.
        if rule.months and day.month not in rule.months and not rule.positions:
            return _month_after(day, 1)
        return day.toordinal()

    def _hours_of(self, day: date) -> list[int]:
        if self._rule.frequency is not Frequency.HOURLY:
            return self._hours
        since = 24 * (day - self._first).days - self._start.hour
        hours = self._hours or range(24)
        return [hour for hour in hours if (since + hour) % self._rule.interval == 0]

    def _matches(self, day: date) -> bool:
        rule = self._rule
        if rule.months and day.month not in rule.months:
            return False
        if (rule.weekdays or rule.nth_weekdays) and not (
            day.weekday() in rule.weekdays or (rule.nth_weekdays and self._is_nth_weekday(day))
        ):
            return False
        if rule.month_days and not _in(rule.month_days, day.day, monthrange(day.year, day.month)[1]):
            return False
        if rule.year_days and not _in(rule.year_days, _day_of_year(day), 365 + isleap(day.year)):
            return False
        return not rule.week_numbers or _in(rule.week_numbers, *_week_number(day, rule.week_start))

    def _is_nth_weekday(self, day: date) -> bool:
        if self._rule.frequency is Frequency.YEARLY and not self._rule.months:
            number, days = _day_of_year(day), 365 + isleap(day.year)
        else:
            number, days = day.day, monthrange(day.year, day.month)[1]
        weekday, wanted = day.weekday(), self._rule.nth_weekdays
        return ((number - 1) // 7 + 1, weekday) in wanted or (-((days - number) // 7 + 1), weekday) in wanted

    def _chosen_of_period(self, day: date) -> list[datetime]:
        """Return the starts that BYSETPOS chooses in the period of a day, in order."""
        first, last = self._first_of_period(day).toordinal(), self._last_of_period(day).toordinal()
        days = [each for each in map(date.fromordinal, range(first, last + 1)) if self._matches(each)]
        size = len(days) * len(self._hours)
        indexes = {position - 1 if position > 0 else size + position for position in self._rule.positions}
        chosen = (divmod(index, len(self._hours)) for index in sorted(indexes) if 0 <= index < size)
        return [self._at(days[i], self._hours[j]) for i, j in chosen]

    def _chosen_of_day(self, day: date) -> list[datetime]:
        """Return the starts on a day, and with BYSETPOS those it chooses in each day, or in each hour."""
        if not self._matches(day):
            return []
        hours, positions = self._hours_of(day), self._rule.positions
        if positions and self._rule.frequency is Frequency.HOURLY:
            hours = hours if positions & {1, -1} else []
        elif positions:
            hours = [hour for i, hour in enumerate(hours, start=1) if _in(positions, i, len(hours))]
        return [self._at(day, hour) for hour in hours]

    def _at(self, day: date, hour: int) -> datetime:
        return datetime(day.year, day.month, day.day, hour, self._minute, self._second)  # noqa: DTZ001

    def _first_of_period(self, day: date) -> date:
        if self._rule.frequency is Frequency.YEARLY:
            return day.replace(month=1, day=1)
        if self._rule.frequency is Frequency.MONTHLY:
            return day.replace(day=1)
        return date.fromordinal(_week_start(day, self._rule.week_start))

    def _last_of_period(self, day: date) -> date:
        if self._rule.frequency is Frequency.YEARLY:
            return day.replace(month=12, day=31)
        if self._rule.frequency is Frequency.MONTHLY:
            return day.replace(day=monthrange(day.year, day.month)[1])
        return date.fromordinal(_week_start(day, self._rule.week_start) + 6)


_LONG_PERIODS = (Frequency.YEARLY, Frequency.MONTHLY, Frequency.WEEKLY)


def _complete(rule: Rule, start: datetime) -> Rule:
    """Return the rule with the parts that it leaves to its start (RFC 5545, 3.3.10)."""
    parts: dict[str, object] = {}
    by_day = rule.month_days or rule.year_days or rule.weekdays or rule.nth_weekdays
    if not by_day and not rule.week_numbers:
        if rule.frequency is Frequency.YEARLY and not rule.months:
            parts["months"] = frozenset({start.month})
        if rule.frequency in (Frequency.YEARLY, Frequency.MONTHLY):
            parts["month_days"] = frozenset({start.day})
    if not by_day and (rule.frequency is Frequency.WEEKLY or rule.week_numbers):
        parts["weekdays"] = frozenset({start.weekday()})
    if not rule.hours and rule.frequency is not Frequency.HOURLY:
        parts["hours"] = frozenset({start.hour})
    parts["minute"] = start.minute if rule.minute is None else rule.minute
    parts["second"] = start.second if rule.second is None else rule.second
    return replace(rule, **parts)


def _in(numbers: frozenset[int], number: int, of: int) -> bool:
    """Return True if a number, counted from 1, is chosen, or its count from the end: -1 is the last."""
    return number in numbers or number - of - 1 in numbers


def _week_start(day: date, week_start: int) -> int:
    return day.toordinal() - (day.weekday() - week_start) % 7


def _week_number(day: date, week_start: int) -> tuple[int, int]:
    """Return the week's number, and how many weeks its year has; week 1 has at least four days in its year."""
    middle = date.fromordinal(_week_start(day, week_start) + 3)
    end = date(middle.year, 12, 31)
    last_middle = _day_of_year(end) - (end.weekday() - middle.weekday()) % 7
    return (_day_of_year(middle) - 1) // 7 + 1, (last_middle - 1) // 7 + 1


def _day_of_year(day: date) -> int:
    return day.toordinal() - date(day.year, 1, 1).toordinal() + 1


def _month_after(day: date, months: int) -> int:
    years, month = divmod(day.month - 1 + months, 12)
    return date(day.year + years, month + 1, 1).toordinal() if day.year + years <= 9998 else _LAST_DAY + 1


def _ms(seconds: float) -> int:
    return round(seconds * 1000)

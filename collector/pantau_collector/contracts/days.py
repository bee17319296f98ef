"""Local days and hours as spans of UTC ms, across changes of a zone's clock."""

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from pantau_collector.ledger.spans import Span, union, within
from pantau_collector.notices import hours


def midnight_ms(day: date, zone: str) -> int:
    """Return the first moment of a day in a zone."""
    return _moment_ms(day, 0, zone, last=False)


@lru_cache(1024)
def service_spans(texts: tuple[str, ...], holidays: tuple[date, ...], zone: str, bound: Span) -> list[Span]:
    """Return the stretches of `bound` that lie within hours of the week, such as `Mon-Fri 07:30-16:00`.

    Without any hours, that is all of it but the holidays. Hours past midnight belong to the day on which they
    begin. The list is shared: nobody changes it.
    """
    if not texts and not holidays:
        return [bound]
    every = [hours.parse(text) for text in texts or ("00:00-24:00",)]
    day = datetime.fromtimestamp(bound.from_ms // 1000, ZoneInfo(zone)).date() - timedelta(days=1)
    found: list[Span] = []
    while midnight_ms(day, zone) < bound.to_ms:
        for each in every if day not in holidays else ():
            if day.weekday() in each.days:
                begin_ms = _moment_ms(day, each.start, zone, last=False)
                found.append(Span(begin_ms, _moment_ms(day, each.start + each.length_min, zone, last=True)))
        day += timedelta(days=1)
    return list(within(union(found), bound))


def _moment_ms(day: date, minute: int, zone: str, *, last: bool) -> int:
    """Return when it is this minute of a day; the first or the last time, if the clock is put back meanwhile."""
    days, rest = divmod(minute, 24 * 60)
    local = datetime.combine(
        day + timedelta(days=days),
        time(rest // 60, rest % 60),
        ZoneInfo(zone),
    )
    # `fold` 0 in a gap takes the offset before it: as if the clock had not been changed.
    return int(local.replace(fold=1 if last and _is_twice(local) else 0).timestamp() * 1000)


def _is_twice(local: datetime) -> bool:
    first, second = local.replace(fold=0).utcoffset(), local.replace(fold=1).utcoffset()
    return first is not None and second is not None and first > second

"""Decides which archived pictures of a camera stay: each day's best, one of each hour, those of changes."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from pantau_collector.snapshots.rules import SnapshotRules
from pantau_collector.snapshots.snapshot import Snapshot, Why


class Kept(NamedTuple):
    """What becomes of a camera's pictures: those that go, and those that are the best of their day."""

    surplus: list[Snapshot]
    best: list[Snapshot]


def keep(
    snapshots: Iterable[Snapshot], rules: SnapshotRules, *, today: date, zone: ZoneInfo, of_project: bool
) -> Kept:
    """Return what becomes of the pictures of one camera. Those of `today` stay all, as the day is not over."""
    result = Kept([], [])
    for day, those in by_day(snapshots, zone).items():
        age = (today - day).days
        if age < 1:
            continue
        best = best_of(those, rules, zone)
        stays: set[int] = set()
        if age < (rules.project_days if of_project else rules.daily_days):
            result.best.append(best)
            stays.add(best.taken_ms)
        if age < rules.hourly_days:
            stays |= _of_hours(those, zone)
        if age < rules.change_days:
            stays |= {each.taken_ms for each in those if each.why is Why.CHANGE}
        result.surplus.extend(each for each in those if each.taken_ms not in stays)
    return result


def by_day(snapshots: Iterable[Snapshot], zone: ZoneInfo) -> dict[date, list[Snapshot]]:
    """Return pictures by their local day, each day's in order of time."""
    days: dict[date, list[Snapshot]] = {}
    for each in sorted(snapshots, key=lambda each: each.taken_ms):
        days.setdefault(local_time(each.taken_ms, zone).date(), []).append(each)
    return days


def best_of(snapshots: Sequence[Snapshot], rules: SnapshotRules, zone: ZoneInfo) -> Snapshot:
    """Return the best picture of a day: a true one, by day, in the best light, or else nearest to noon."""
    return min(snapshots, key=lambda each: preference(each, rules, zone))


def preference(each: Snapshot, rules: SnapshotRules, zone: ZoneInfo) -> tuple[bool, bool, float, float]:
    """Return a key by which the best picture of a day comes first."""
    light = each.light if each.light is not None else 0.0
    return not each.is_true, not is_by_day(each, rules, zone), -light, minutes_from_noon(each.taken_ms, zone)


def is_by_day(each: Snapshot, rules: SnapshotRules, zone: ZoneInfo) -> bool:
    """Return True if a picture was taken by day, and is not known to show a night."""
    clock = local_time(each.taken_ms, zone).time()
    return rules.daylight_from <= clock < rules.daylight_to and each.light != 0.0


def minutes_from_noon(time_ms: int, zone: ZoneInfo) -> float:
    """Return how many minutes before or after noon of the wall clock a time is."""
    local = local_time(time_ms, zone)
    return abs(local.hour * 60 + local.minute + local.second / 60 - 720)


def local_time(time_ms: int, zone: ZoneInfo) -> datetime:
    """Return a time in a zone."""
    return datetime.fromtimestamp(time_ms / 1000, UTC).astimezone(zone)


def _of_hours(snapshots: Iterable[Snapshot], zone: ZoneInfo) -> set[int]:
    """Return when the picture of each hour was taken: the first true one, or else the first."""
    found: dict[int, Snapshot] = {}
    for each in snapshots:
        hour = local_time(each.taken_ms, zone).hour
        known = found.get(hour)
        if known is None or (each.is_true and not known.is_true):
            found[hour] = each
    return {each.taken_ms for each in found.values()}

"""The pictures of a project's camera by day: of each day the best one, if it is true and shows the day."""

from collections.abc import Iterable
from datetime import date
from zoneinfo import ZoneInfo

from msgspec import Struct

from pantau_collector.snapshots import Snapshot, SnapshotRules
from pantau_collector.snapshots.keeping import best_of, by_day, is_by_day


class Day(Struct, frozen=True):
    """A day and its picture."""

    day: date
    snapshot: Snapshot

    @property
    def month(self) -> str:
        """Its month, as `2026-11`."""
        return f"{self.day:%Y-%m}"


def days_of(snapshots: Iterable[Snapshot], rules: SnapshotRules, zone: ZoneInfo) -> list[Day]:
    """Return the days of which there is such a picture, in order."""
    days = []
    for day, those in sorted(by_day(snapshots, zone).items()):
        best = best_of(those, rules, zone)
        if best.is_true and is_by_day(best, rules, zone):
            days.append(Day(day, best))
    return days


def chosen(days: list[Day], text: str | None, otherwise: Day) -> Day:
    """Return the day that a query names, or the nearest one that has a picture; `otherwise` if it names none."""
    try:
        wanted = date.fromisoformat(text or "")
    except ValueError:
        return otherwise
    return min(days, key=lambda each: abs((each.day - wanted).days))


def within(days: list[Day], first: Day, last: Day) -> list[Day]:
    """Return the days between two, both included, whichever comes first."""
    begin, end = sorted((first.day, last.day))
    return [each for each in days if begin <= each.day <= end]

"""Chooses the pictures of a time-lapse: by day, true ones only, one of each day or hour."""

from collections.abc import Iterable
from datetime import date
from typing import Literal
from zoneinfo import ZoneInfo

from msgspec import Struct

from pantau_collector.snapshots import Snapshot, SnapshotRules
from pantau_collector.snapshots.keeping import is_by_day, local_time, preference

Every = Literal["day", "hour"]
_CANDIDATES = 8
"""Pictures of one moment that are tried at most, until one can be decoded and shows no night."""


class Moment(Struct, frozen=True):
    """One frame: the pictures that it may show, the best first."""

    candidates: list[Snapshot]


def choose(snapshots: Iterable[Snapshot], rules: SnapshotRules, zone: ZoneInfo, *, every: Every) -> list[Moment]:
    """Return the frames of one camera in order of time."""
    moments: dict[tuple[date, int], list[Snapshot]] = {}
    for each in snapshots:
        if each.is_true and is_by_day(each, rules, zone):
            local = local_time(each.taken_ms, zone)
            moments.setdefault((local.date(), local.hour if every == "hour" else 0), []).append(each)
    return [
        Moment(sorted(those, key=lambda each: preference(each, rules, zone))[:_CANDIDATES])
        for _, those in sorted(moments.items())
    ]

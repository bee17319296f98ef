"""Days of cameras as lines: where the time of each went, and what of it rates are made of.

What is available without a contract is defined in docs/availability.md.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from pantau_collector.contracts.days import midnight_ms
from pantau_collector.ledger import Bucket, Interval, Totals
from pantau_collector.ledger.bucket import INTACT, LEFT_OUT, ONLINE
from pantau_collector.ledger.interval import clip, total
from pantau_collector.ledger.spans import Span, near
from pantau_collector.sinks.line_protocol import NO_TAG
from pantau_collector.sinks.schema import CAMERA_DAY


class Belonging(NamedTuple):
    """To whom a camera belongs, by name: its owner, its maintainer, its project. Empty if it has none."""

    owner: str = ""
    maintainer: str = ""
    project: str = ""


def days(zone: ZoneInfo, from_ms: int, to_ms: int) -> Iterator[Span]:
    """Yield the calendar days of a zone that have a moment in common with a period (UTC ms), each as a whole."""
    date = datetime.fromtimestamp(from_ms / 1000, zone).date()
    start_ms = midnight_ms(date, zone.key)
    while start_ms < to_ms:
        date += timedelta(days=1)
        end_ms = midnight_ms(date, zone.key)
        yield Span(start_ms, end_ms)
        start_ms = end_ms


def day_lines(
    site: str,
    lives: Mapping[str, Sequence[Interval]],
    day: Span,
    until_ms: int,
    belongs: Callable[[str, str], Belonging],
) -> list[str]:
    """Return the lines of a site's cameras for a day, or for the part of it that lies before `until_ms`.

    `lives` holds each camera's intervals without gaps, from the day's beginning at the latest. `belongs` returns
    to whom the camera of a site belongs.
    """
    passed = Span(day.from_ms, min(day.to_ms, until_ms))
    found = (
        _line(site, camera, total(clip(near(intervals, passed), *passed)), day.from_ms, belongs(site, camera))
        for camera, intervals in sorted(lives.items())
    )
    return [line for line in found if line is not None]


def was_in_service(lives: Mapping[str, Sequence[Interval]], day: Span) -> bool:
    """Return True if any camera was in service at a moment of the day."""
    return any(each.bucket is not Bucket.OUT_OF_SERVICE for its in lives.values() for each in near(its, day))


def empty_lines(site: str, cameras: Sequence[str], day_ms: int) -> list[str]:
    """Return lines that take back what was written for a day, by zeros: they count for nothing in any sum."""
    found = (_line(site, camera, Totals(), day_ms, Belonging()) for camera in cameras)
    return [line for line in found if line is not None]


def _line(site: str, camera: str, totals: Totals, time_ms: int, to: Belonging) -> str | None:
    by_bucket = totals.by_bucket
    judged_ms = totals.total_ms - sum(by_bucket[bucket] for bucket in LEFT_OUT)
    online_ms, intact_ms = (sum(by_bucket[bucket] for bucket in buckets) for buckets in (ONLINE, INTACT))
    rates = (totals.service_ms, judged_ms, online_ms, intact_ms, totals.measured_ms)
    whose = (each or NO_TAG for each in to)  # as the tags of `listing`, so that one choice in Grafana is for both
    return CAMERA_DAY.line((camera, site), (*(by_bucket[bucket] for bucket in Bucket), *rates, *whose), time_ms)

"""Outages: runs of lost time in a camera's life, with the incidents that people dealt with them by."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from msgspec import structs

from pantau_collector.ledger import Bucket, Interval
from pantau_collector.ledger.bucket import NOT_LOST
from pantau_collector.reports.document import Milliseconds, OutageKind, OutageRow, Period, Repairs, Told

REPEAT_MS = 7 * 86_400_000
"""An outage that begins within this time after one of the same camera and bucket had ended repeats it."""

_KIND = {
    Bucket.BELOW_STANDARD: OutageKind.BELOW_STANDARD,
    Bucket.PICTURE: OutageKind.PICTURE,
}
"""The kind of each bucket's time; of all other lost time it is `offline`."""


class IncidentFacts(NamedTuple):
    """What became of an incident: when it was (`to_ms` is None while it is), who was told, who took it first."""

    number: int
    from_ms: int
    to_ms: int | None
    told: tuple[Told, ...] = ()
    taken_by: str = ""
    taken_ms: int | None = None


def outages_of(
    site: str,
    camera: str,
    intervals: Sequence[Interval],
    period: Period,
    incidents: Sequence[IncidentFacts] = (),
) -> list[OutageRow]:
    """Return the outages of a camera that lie in a period, or partly, in order of time.

    `intervals` are contiguous, and reach as far back before the period as outages and repeats are looked for.
    `incidents` are those that the camera was part of, in order of their numbers.
    """
    found: list[OutageRow] = []
    last_end: dict[Bucket, int] = {}
    begins_ms = intervals[0].from_ms if intervals else 0
    for kind, run in _runs(intervals):
        from_ms, to_ms = run[0].from_ms, run[-1].to_ms
        whole = _by_bucket(run, from_ms, to_ms)
        bucket = _most(whole)
        before_ms = last_end.get(bucket)
        last_end[bucket] = to_ms
        if to_ms <= period.from_ms or from_ms >= period.to_ms:
            continue
        longest = max((each for each in run if each.bucket is bucket), key=lambda each: (each.ms, -each.from_ms))
        incident = _incident_of(incidents, from_ms, to_ms)
        within = whole if from_ms >= period.from_ms else _by_bucket(run, period.from_ms, to_ms)
        found.append(
            OutageRow(
                site=site,
                camera=camera,
                kind=kind,
                from_ms=from_ms,
                to_ms=to_ms,
                ms=within,
                bucket=bucket,
                evidence=longest.evidence,
                cause=longest.cause,
                device=longest.device,
                begins_before=from_ms == begins_ms and begins_ms < period.from_ms,
                goes_on=to_ms == period.to_ms,
                well_at_site_ms=sum(_ms_within(each, period) for each in run if is_well_at_site(each)),
                incident=incident.number if incident else None,
                told=incident.told if incident else (),
                taken_by=incident.taken_by if incident else "",
                taken_ms=incident.taken_ms if incident else None,
                repeat_of_ms=before_ms if before_ms is not None and from_ms - before_ms <= REPEAT_MS else None,
                decisions=tuple(sorted({each.decision for each in run if each.decision is not None})),
            )
        )
    return found


def is_lost(interval: Interval) -> bool:
    """Return True if the camera was in service, and did not work as expected, or was not seen to."""
    return interval.bucket not in NOT_LOST


def is_well_at_site(interval: Interval) -> bool:
    """Return True if the control room did not see the camera, and it worked."""
    return interval.at_site is Bucket.WORKING and interval.bucket is not Bucket.WORKING


def repairs_of(outages: Iterable[OutageRow]) -> Repairs:
    """Sum up how the outages were dealt with in which nothing was seen of the camera.

    An outage counts as repaired in the period in which it ended, and as taken if somebody took it at all.
    """
    count = taken = taken_after_ms = repaired = repaired_after_ms = repeats = 0
    for each in outages:
        if each.kind is not OutageKind.OFFLINE:
            continue
        count += 1
        repeats += each.repeat_of_ms is not None
        if each.taken_ms is not None:
            taken += 1
            taken_after_ms += max(0, each.taken_ms - each.from_ms)
        if not each.goes_on:
            repaired += 1
            repaired_after_ms += each.lasted_ms
    return Repairs(count, taken, taken_after_ms, repaired, repaired_after_ms, repeats)


def summed(repairs: Iterable[Repairs]) -> Repairs:
    """Add up what became of the outages of several cameras."""
    rows = [structs.astuple(each) for each in repairs]
    return Repairs(*map(sum, zip(*rows, strict=True)))


def _runs(intervals: Iterable[Interval]) -> Iterator[tuple[OutageKind, list[Interval]]]:
    """Yield the runs of lost time of one kind."""
    kind: OutageKind | None = None
    run: list[Interval] = []
    for each in intervals:
        its = _KIND.get(each.bucket, OutageKind.OFFLINE) if each.bucket not in NOT_LOST else None
        if its is not kind:
            if kind is not None:
                yield kind, run
            kind, run = its, []
        if its is not None:
            run.append(each)
    if kind is not None:
        yield kind, run


def _by_bucket(run: Iterable[Interval], from_ms: int, to_ms: int) -> Milliseconds:
    found: Milliseconds = {}
    for each in run:
        ms = min(each.to_ms, to_ms) - max(each.from_ms, from_ms)
        if ms > 0:
            found[each.bucket] = found.get(each.bucket, 0) + ms
    return found


def _most(ms: Milliseconds) -> Bucket:
    """Return the bucket that has the most; of equals the first in the order of buckets."""
    return next(iter(ms)) if len(ms) == 1 else max(Bucket, key=lambda bucket: ms.get(bucket, 0))


def _ms_within(interval: Interval, period: Period) -> int:
    return max(0, min(interval.to_ms, period.to_ms) - max(interval.from_ms, period.from_ms))


def _incident_of(incidents: Sequence[IncidentFacts], from_ms: int, to_ms: int) -> IncidentFacts | None:
    """Return the incident that has the most time in common with an outage; of equals the first."""
    best, best_ms = None, 0
    for each in incidents:
        common_ms = min(to_ms, to_ms if each.to_ms is None else each.to_ms) - max(from_ms, each.from_ms)
        if common_ms > best_ms:
            best, best_ms = each, common_ms
    return best

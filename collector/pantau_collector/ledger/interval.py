"""An interval of a camera's life, and the sum of intervals by bucket."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from msgspec import Struct

from pantau_collector.ledger.bucket import Bucket, Evidence
from pantau_contract.states import State


class Interval(Struct, frozen=True):
    """A stretch of a camera's life in which nothing of what stands here changed; UTC ms, `to_ms` is not included.

    `bucket` is to whom it belongs. Contracts with an allowance of maintenance, or about cameras rather than lines,
    need two more views of the same time: `unplanned` is the bucket as if no maintenance had been planned, and
    `at_site` the bucket by what was measured at the site, whether or not the control room saw it. So the time of a
    camera that worked while the line was cut is `link` and, at the site, `working`.

    `state` and `cause` are the measured ones, or `unknown` and None. `cause` is a `Cause` of the contract.
    `device` is the id of the device that `evidence` is about, or empty.

    `decision` is the id of the decision by which people moved the time to `bucket`, and `moved_from` the bucket
    that the evidence had given it; None if nobody moved it. The other fields stay as measured.
    """

    from_ms: int
    to_ms: int
    bucket: Bucket
    unplanned: Bucket
    at_site: Bucket
    state: State
    cause: str | None
    evidence: Evidence
    device: str = ""
    decision: int | None = None
    moved_from: Bucket | None = None

    @property
    def evidenced(self) -> Bucket:
        """The bucket by the evidence, whatever people decided."""
        return self.bucket if self.moved_from is None else self.moved_from

    @property
    def ms(self) -> int:
        """The length in milliseconds."""
        return self.to_ms - self.from_ms

    @property
    def is_measured(self) -> bool:
        """True if an agent measured the camera's state."""
        return self.state is not State.UNKNOWN


@dataclass(frozen=True, slots=True)
class Totals:
    """Milliseconds of a period by bucket, in the three views of `Interval`; each view sums to the period exactly.

    Every bucket is a key. `measured_ms` is the time in service (not `out_of_service`) in which an agent measured
    the camera.
    """

    by_bucket: dict[Bucket, int] = field(default_factory=lambda: dict.fromkeys(Bucket, 0))
    unplanned: dict[Bucket, int] = field(default_factory=lambda: dict.fromkeys(Bucket, 0))
    at_site: dict[Bucket, int] = field(default_factory=lambda: dict.fromkeys(Bucket, 0))
    measured_ms: int = 0

    @property
    def total_ms(self) -> int:
        """The whole period."""
        return sum(self.by_bucket.values())

    @property
    def service_ms(self) -> int:
        """The time in which the camera was to be watched."""
        return self.total_ms - self.by_bucket[Bucket.OUT_OF_SERVICE]

    @property
    def measured_share(self) -> float | None:
        """The part of the time in service that was measured, 0 to 1, or None if there was no time in service."""
        return self.measured_ms / self.service_ms if self.service_ms else None


def total(intervals: Iterable[Interval]) -> Totals:
    """Sum intervals by bucket."""
    by_bucket, unplanned, at_site = (dict.fromkeys(Bucket, 0) for _ in range(3))
    measured_ms = 0
    for each in intervals:
        by_bucket[each.bucket] += each.ms
        unplanned[each.unplanned] += each.ms
        at_site[each.at_site] += each.ms
        if each.is_measured and each.bucket is not Bucket.OUT_OF_SERVICE:
            measured_ms += each.ms
    return Totals(by_bucket, unplanned, at_site, measured_ms)


def clip(intervals: Iterable[Interval], from_ms: int, to_ms: int) -> list[Interval]:
    """Return the parts of intervals that lie within a period."""
    return [
        retimed(each, max(each.from_ms, from_ms), min(each.to_ms, to_ms))
        for each in intervals
        if each.from_ms < to_ms and each.to_ms > from_ms
    ]


def joined(intervals: Iterable[Interval]) -> list[Interval]:
    """Return intervals that follow each other with neighbours joined that differ in nothing but their time."""
    found: list[Interval] = []
    for each in intervals:
        if found and _same(found[-1], each):
            found[-1] = retimed(found[-1], found[-1].from_ms, each.to_ms)
        else:
            found.append(each)
    return found


def retimed(interval: Interval, from_ms: int, to_ms: int) -> Interval:
    """Return an interval with other times."""
    return Interval(
        from_ms,
        to_ms,
        interval.bucket,
        interval.unplanned,
        interval.at_site,
        interval.state,
        interval.cause,
        interval.evidence,
        interval.device,
        interval.decision,
        interval.moved_from,
    )


def _same(one: Interval, other: Interval) -> bool:
    return (
        one.bucket is other.bucket
        and one.unplanned is other.unplanned
        and one.at_site is other.at_site
        and one.state is other.state
        and one.cause == other.cause
        and one.evidence is other.evidence
        and one.device == other.device
        and one.decision == other.decision
        and one.moved_from is other.moved_from
    )

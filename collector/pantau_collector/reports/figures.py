"""Adds up the time of cameras: by bucket, as rates, and by day.

The rates are those without a contract, as docs/availability.md defines them. A contract has its own.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from pantau_collector.contracts.days import midnight_ms
from pantau_collector.ledger import Bucket, Interval
from pantau_collector.ledger.bucket import INTACT, LEFT_OUT, ONLINE
from pantau_collector.reports.document import Day, Figures, Milliseconds, Period, Rate
from pantau_collector.reports.outages import is_well_at_site


class Sum:
    """Time that is added up: milliseconds by bucket, and what of it was measured, or well while nobody saw it."""

    __slots__ = ("measured_ms", "ms", "well_at_site_ms")

    def __init__(self) -> None:
        self.ms: Milliseconds = {}
        self.measured_ms = 0
        self.well_at_site_ms = 0

    @classmethod
    def of(cls, sums: "Iterable[Sum]") -> "Sum":
        """Return the sum of several."""
        total = cls()
        for each in sums:
            total.add_sum(each)
        return total

    def add(self, interval: Interval, ms: int) -> None:
        """Add some milliseconds of an interval."""
        bucket = interval.bucket
        self.ms[bucket] = self.ms.get(bucket, 0) + ms
        if bucket is not Bucket.OUT_OF_SERVICE and interval.is_measured:
            self.measured_ms += ms
        if is_well_at_site(interval):
            self.well_at_site_ms += ms

    def add_sum(self, other: "Sum") -> None:
        """Add another sum."""
        for bucket, ms in other.ms.items():
            self.ms[bucket] = self.ms.get(bucket, 0) + ms
        self.measured_ms += other.measured_ms
        self.well_at_site_ms += other.well_at_site_ms

    @property
    def is_in_service(self) -> bool:
        """True if there is any time in which a camera was to be watched."""
        return any(bucket is not Bucket.OUT_OF_SERVICE and ms for bucket, ms in self.ms.items())

    @property
    def online(self) -> Rate:
        """The rate `online`."""
        return rates(self.ms)[0]

    def figures(self) -> Figures:
        """Return what it comes to; the buckets are in their order."""
        ms = {bucket: self.ms[bucket] for bucket in Bucket if self.ms.get(bucket)}
        service_ms = sum(ms.values()) - ms.get(Bucket.OUT_OF_SERVICE, 0)
        online, intact = rates(ms)
        return Figures(ms, online, intact, Rate(self.measured_ms, service_ms), self.well_at_site_ms)


def rates(ms: Mapping[Bucket, int]) -> tuple[Rate, Rate]:
    """Return the rates `online` and `intact` of milliseconds by bucket."""
    judged_ms = sum(ms.values()) - sum(ms.get(bucket, 0) for bucket in LEFT_OUT)
    online_ms, intact_ms = (sum(ms.get(bucket, 0) for bucket in good) for good in (ONLINE, INTACT))
    return Rate(online_ms, judged_ms), Rate(intact_ms, judged_ms)


class Days:
    """The days of a period in its time zone, as the moments at which they begin and end."""

    def __init__(self, period: Period) -> None:
        zone = ZoneInfo(period.timezone)
        first, last = (datetime.fromtimestamp(ms / 1000, zone).date() for ms in (period.from_ms, period.to_ms - 1))
        self.dates = [first + timedelta(days=i) for i in range((last - first).days + 1)]
        midnights = [midnight_ms(day, period.timezone) for day in self.dates[1:]]
        self.edges = [period.from_ms, *midnights, period.to_ms]

    def of_camera(self, intervals: Sequence[Interval]) -> list[Sum]:
        """Return the sum of each day of a camera; the intervals cover the period without gaps."""
        sums = [Sum() for _ in self.dates]
        edges, i, last = self.edges, 0, len(self.dates) - 1
        for each in intervals:
            at_ms, to_ms = max(each.from_ms, edges[0]), min(each.to_ms, edges[-1])
            while at_ms < to_ms:
                while i < last and edges[i + 1] <= at_ms:
                    i += 1
                end_ms = min(to_ms, edges[i + 1])
                sums[i].add(each, end_ms - at_ms)
                at_ms = end_ms
        return sums

    def rows(self, sums: Iterable[Sum]) -> tuple[Day, ...]:
        """Return the figures of each day."""
        return tuple(Day(day.isoformat(), each.figures()) for day, each in zip(self.dates, sums, strict=True))

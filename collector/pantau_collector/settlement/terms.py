"""What a contract says about time: what is available, lost and excluded."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from pantau_collector.contracts import Contract
from pantau_collector.contracts.model import Doubt
from pantau_collector.ledger import Bucket, Interval
from pantau_collector.ledger.bucket import LEFT_OUT, ONLINE
from pantau_collector.settlement.place import Place

_DOUBT: dict[Doubt, Place] = {
    "for_party": Place.AVAILABLE,
    "against_party": Place.LOST,
    "left_out": Place.EXCLUDED,
}
_HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Terms:
    """The part of a contract by which a moment gets its place. `works` is available by evidence."""

    works: frozenset[Bucket]
    counts: frozenset[Bucket]
    doubt: Place
    at_site: bool
    maintenance_ms: int | None
    hours: tuple[str, ...] = ()
    holidays: tuple[date, ...] = ()

    def place(self, bucket: Bucket) -> Place:
        """Return the place of a covered moment within service hours that has this bucket."""
        if bucket is Bucket.OUT_OF_SERVICE:
            return Place.OUT_OF_SERVICE
        if bucket in self.works:
            return Place.AVAILABLE
        if bucket is Bucket.NOT_KNOWN:
            return self.doubt
        return Place.LOST if bucket in self.counts else Place.EXCLUDED

    def bucket(self, interval: Interval) -> Bucket:
        """Return the bucket that counts, as long as maintenance is within its allowance."""
        if self.at_site and interval.unplanned is Bucket.LINK:
            is_moved = interval.bucket is not Bucket.LINK or interval.decision is not None
            if interval.at_site in ONLINE or not is_moved:
                return interval.at_site
        return interval.bucket

    def bucket_without_plan(self, interval: Interval) -> Bucket:
        """Return the bucket that counts as if no maintenance had been planned."""
        return interval.at_site if self.at_site and interval.unplanned is Bucket.LINK else interval.unplanned


def terms_of(contract: Contract) -> Terms:
    """Return the terms of a contract."""
    allowed = contract.maintenance_hours
    return Terms(
        works=frozenset({Bucket.WORKING, *contract.available}),
        counts=frozenset(contract.counts),
        doubt=_DOUBT[contract.doubt],
        at_site=contract.link == "at_site",
        maintenance_ms=None if allowed is None else whole_ms(allowed),
        hours=tuple(contract.hours),
        holidays=tuple(contract.holidays),
    )


def whole_ms(hours: Decimal) -> int:
    """Return a length in hours as whole milliseconds, the rest cut off."""
    return int(hours * _HOUR_MS)


WITHOUT_CONTRACT = Terms(
    works=ONLINE,
    counts=frozenset(Bucket) - ONLINE - LEFT_OUT,
    doubt=Place.EXCLUDED,
    at_site=False,
    maintenance_ms=None,
)
"""How rates are computed where no contract is asked about."""

"""What a settlement says. `docs/availability.md` defines each of its terms."""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Literal

from pantau_collector.inventory.model import Criticality
from pantau_collector.ledger import Bucket


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds of a period by place; they sum to `period_ms` exactly, and so do those of several cameras.

    `by_bucket` has the bucket that counts of each moment of the service time, `lost_by` and `excluded_by` of the
    lost and of the excluded; buckets without time are absent. The last four are parts of the service or judged
    time.
    """

    period_ms: int = 0
    not_covered_ms: int = 0
    outside_hours_ms: int = 0
    out_of_service_ms: int = 0
    available_ms: int = 0
    lost_ms: int = 0
    excluded_ms: int = 0
    by_bucket: dict[Bucket, int] = field(default_factory=dict)
    lost_by: dict[Bucket, int] = field(default_factory=dict)
    excluded_by: dict[Bucket, int] = field(default_factory=dict)
    measured_ms: int = 0
    known_ms: int = 0
    online_ms: int = 0
    intact_ms: int = 0

    @property
    def service_ms(self) -> int:
        """Available, lost and excluded."""
        return self.available_ms + self.lost_ms + self.excluded_ms

    @property
    def judged_ms(self) -> int:
        """Available and lost."""
        return self.available_ms + self.lost_ms

    @property
    def is_judged(self) -> bool:
        """False if there is nothing by which anybody could be judged: then there are no rates."""
        return self.judged_ms > 0 and self.known_ms > 0

    @property
    def availability(self) -> Fraction | None:
        """By the contract, 0 to 1; None if nothing is judged."""
        return self._rate(self.available_ms)

    @property
    def online(self) -> Fraction | None:
        """The part of the judged time in which the camera streamed; None if nothing is judged."""
        return self._rate(self.online_ms)

    @property
    def intact(self) -> Fraction | None:
        """The part of the judged time in which it streamed a true picture; None if nothing is judged."""
        return self._rate(self.intact_ms)

    @property
    def measured_share(self) -> Fraction | None:
        """The part of the service time in which an agent measured the camera; None without service time."""
        return Fraction(self.measured_ms, self.service_ms) if self.service_ms else None

    def _rate(self, ms: int) -> Fraction | None:
        return Fraction(ms, self.judged_ms) if self.is_judged else None


def total_times(times: Iterable[Times]) -> Times:
    """Return the sum of several."""
    every = list(times)
    return Times(
        **{name: sum(getattr(each, name) for each in every) for name in _LENGTHS},
        by_bucket=_sums(each.by_bucket for each in every),
        lost_by=_sums(each.lost_by for each in every),
        excluded_by=_sums(each.excluded_by for each in every),
    )


_LENGTHS = [each.name for each in fields(Times) if each.name.endswith("_ms")]


def _sums(counts: Iterable[dict[Bucket, int]]) -> dict[Bucket, int]:
    sums: dict[Bucket, int] = {}
    for each in counts:
        for bucket, ms in each.items():
            sums[bucket] = sums.get(bucket, 0) + ms
    return sums


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of a camera's service time that was lost or excluded; `bucket` is whose it was, the reason.

    `decision` is the id of the decision of people that moved it, or None.
    """

    from_ms: int
    to_ms: int
    bucket: Bucket
    decision: int | None = None

    @property
    def ms(self) -> int:
        """The length in milliseconds."""
        return self.to_ms - self.from_ms


@dataclass(frozen=True, slots=True)
class CameraSettlement:
    """A camera's part. `lost` and `excluded` are its stretches in order; `lost` counts against the party."""

    site: str
    camera: str
    times: Times
    lost: tuple[Stretch, ...]
    excluded: tuple[Stretch, ...]


@dataclass(frozen=True, slots=True)
class Overtime:
    """What an outage's clock counts beyond an agreed time: before the month, and to the end of the period; ms."""

    before_ms: int
    total_ms: int

    @property
    def ms(self) -> int:
        """In the period."""
        return self.total_ms - self.before_ms

    @property
    def begins(self) -> bool:
        """True if it begins in the period."""
        return self.total_ms > 0 and self.before_ms == 0

    def begun(self, unit_ms: int) -> int:
        """Return how many units of time it begins in the period."""
        return -(-self.total_ms // unit_ms) - -(-self.before_ms // unit_ms)


@dataclass(frozen=True, slots=True)
class Outage:
    """An outage of a unit that has lost time in the period. Times are UTC ms; lengths are ms of lost time.

    `from_ms` may lie before the month. `to_ms` is the end of its last lost stretch; it may go on if it is not
    over.
    """

    unit: str
    from_ms: int
    to_ms: int
    is_over: bool
    criticality: Criticality
    lost_ms: int
    """In the period."""
    lost_before_ms: int
    """Before the month."""
    taken_ms: int | None
    """Since when it is acknowledged, or None."""
    response_ms: int
    """Until the acknowledgement, in the period."""
    response_before_ms: int
    """Until the acknowledgement, before the month."""
    allowed_response_ms: int | None
    allowed_repair_ms: int | None
    """What the contract's class gives, or None."""

    def overtime(self, after: Literal["repair", "response", "start"]) -> Overtime | None:
        """Return the time beyond what was agreed; None if nothing was."""
        before_ms, ms = self.lost_before_ms, self.lost_ms
        allowed_ms: int | None = 0
        if after == "response":
            before_ms, ms, allowed_ms = self.response_before_ms, self.response_ms, self.allowed_response_ms
        elif after == "repair":
            allowed_ms = self.allowed_repair_ms
        if allowed_ms is None:
            return None
        return Overtime(max(0, before_ms - allowed_ms), max(0, before_ms + ms - allowed_ms))


@dataclass(frozen=True, slots=True)
class UnitSettlement:
    """A unit's part: a camera's (`site/camera`) or a site's, as the contract says. `fee` is its share."""

    name: str
    times: Times
    covered_ms: int
    """Of the whole month."""
    hours_ms: int
    """Of the whole month, covered and within service hours."""
    fee: Decimal
    outages: tuple[Outage, ...]


@dataclass(frozen=True, slots=True)
class PenaltyLine:
    """One deduction before the cap: `amount` is the product of `quantity`, `rate` and, if it has one, `basis`.

    | kind | basis | quantity | rate | unit |
    | --- | --- | --- | --- | --- |
    | availability | fee | the availability | the tier's percent / 100 (the quantity only chooses it) | |
    | restitution | fee | lost ms / (service-hour ms x target) | 1 | |
    | delay | fee, or None | hours, begun units, occasions of overtime | percent / 100, or rupiah | `each` |
    """

    number: int
    """Of the contract's penalty, from 0."""
    kind: Literal["availability", "restitution", "delay"]
    unit: str
    """Whose, or empty for the contract's."""
    basis: Decimal | None
    quantity: Fraction
    rate: Decimal
    amount: Decimal
    outage: Outage | None = None


class Verdict(StrEnum):
    """Whether the target was met."""

    MET = "met"
    MISSED = "missed"
    NOT_JUDGED = "not_judged"


@dataclass(frozen=True, slots=True)
class Settlement:
    """A contract's month. `cameras` and `units` are in the order of their names.

    `times` is about the contract's units, `camera_times` about its cameras: online and intact are always of these.
    """

    contract: str
    month: str
    """As `2026-10`."""
    from_ms: int
    to_ms: int
    """Of the whole month, UTC ms."""
    until_ms: int
    """Until when it is settled: `to_ms`, or earlier while the month is running."""
    times: Times
    camera_times: Times
    cameras: tuple[CameraSettlement, ...]
    units: tuple[UnitSettlement, ...]
    target: Fraction
    verdict: Verdict
    fee: Decimal
    lines: tuple[PenaltyLine, ...]
    penalties: Decimal
    """The sum of the lines."""
    cap: Decimal
    deduction: Decimal
    """The penalties, at most the cap."""
    payable: Decimal

    @property
    def is_provisional(self) -> bool:
        """True while the month is running."""
        return self.until_ms < self.to_ms

    @property
    def is_capped(self) -> bool:
        """True if the cap holds back some of the penalties."""
        return self.penalties > self.cap

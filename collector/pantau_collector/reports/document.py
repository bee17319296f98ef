"""What a report says, as data: made by `assemble`, kept by `closing`, shown by the renderers.

Times are UTC epoch milliseconds, lengths milliseconds, money `Decimal`. `ms` maps buckets to milliseconds; a
bucket without any is left out. Nothing here knows the time of day at which it was made: the same facts give the
same report.
"""

from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Literal

from msgspec import Struct

from pantau_collector.ledger import Bucket

VERSION = 1
"""The version of this shape, in JSON and in closed months. A field that is added does not change it."""

Key = Literal["owner", "maintainer", "project", "uplink", "site", "camera"]
"""By what a report of the city is divided."""
Milliseconds = dict[Bucket, int]


class Rate(Struct, frozen=True):
    """A part of a whole, exactly: `good_ms` out of `of_ms`."""

    good_ms: int
    of_ms: int

    def percent(self, places: int = 2) -> Decimal | None:
        """Return it in percent, rounded down so that nothing is shown as reached that was not; None of nothing."""
        if not self.of_ms:
            return None
        return Decimal(self.good_ms * 100 * 10**places // self.of_ms).scaleb(-places)

    @property
    def permille(self) -> int:
        """It in permille, rounded down; -1 of nothing."""
        return self.good_ms * 1000 // self.of_ms if self.of_ms else -1


class Period(Struct, frozen=True):
    """A month, `2026-10`, in a time zone. `to_ms` is its end, or while it is running the moment it is reported to.

    `closed_ms` and `closed_by` say when and by whom it was closed, if it was.
    """

    month: str
    timezone: str
    from_ms: int
    to_ms: int
    is_running: bool = False
    closed_ms: int | None = None
    closed_by: str = ""


class Figures(Struct, frozen=True):
    """What the time of cameras came to. The milliseconds of several cameras are added up.

    `ms` sums to the whole period, with `out_of_service`: it is the ledger's time after people's decisions.
    `online` and `intact` are the two rates as docs/availability.md defines them; `measured` is the measured share.
    `well_at_site_ms` is the part of the time that the control room did not see in which the camera was well.
    """

    ms: Milliseconds
    online: Rate
    intact: Rate
    measured: Rate
    well_at_site_ms: int = 0


class Repairs(Struct, frozen=True):
    """How outages were dealt with; see `outages`. The sums are of those `taken`, and of those `repaired`.

    `repeats` are outages that began within 7 days after one of the same camera and bucket had ended.
    """

    outages: int = 0
    taken: int = 0
    taken_after_ms: int = 0
    repaired: int = 0
    repaired_after_ms: int = 0
    repeats: int = 0

    @property
    def mtta_ms(self) -> int | None:
        """The mean time from the beginning of an outage until somebody took it."""
        return self.taken_after_ms // self.taken if self.taken else None

    @property
    def mttr_ms(self) -> int | None:
        """The mean time from the beginning of an outage to its end."""
        return self.repaired_after_ms // self.repaired if self.repaired else None


class Day(Struct, frozen=True):
    """A day of the period, `2026-10-31`, and the figures of all cameras in it."""

    date: str
    figures: Figures


class GroupRow(Struct, frozen=True):
    """An owner, a site, or whatever the report is divided by. `key` is empty for cameras that belong to none."""

    key: str
    name: str
    cameras: int
    figures: Figures
    repairs: Repairs


class CameraRow(Struct, frozen=True):
    """A camera. Who it belongs to is as it was at the end of the period; `is_listed` if the inventory has it.

    `days` is the online rate of each day of the period in permille, rounded down, or -1 without time in service.
    """

    site: str
    camera: str
    site_name: str
    name: str
    owner: str
    maintainer: str
    project: str
    criticality: str
    figures: Figures
    repairs: Repairs
    days: tuple[int, ...]
    is_listed: bool = True


class OutageKind(StrEnum):
    """What was lost while an outage lasted."""

    OFFLINE = "offline"
    """Nothing was seen of the camera."""
    PICTURE = "picture"
    """It streamed, and its picture was not true."""
    BELOW_STANDARD = "below_standard"
    """It worked, and worse than expected."""


class Told(Struct, frozen=True):
    """Who was told of an outage's beginning, by which channel, and when."""

    recipient: str
    channel: str
    at_ms: int


class OutageRow(Struct, frozen=True):
    """A run of lost time of one camera, from its true beginning to its end, in the month or outside.

    `begins_before`: it was under way a week before the month already, and `from_ms` is that moment. `goes_on`: it
    had not ended at the end of the period, and `to_ms` is that moment. `ms` is what of it lies in the period.

    `bucket` has the most of it; `evidence`, `cause` and `device` are of the longest interval in that bucket.
    `counted_ms` is what of it counts against the party of the contract that the report is about: of each camera,
    so where the contract's unit is a site they sum to more than `Account.lost`.
    `repeat_of_ms` is the end of the outage that it repeats. `decisions` are the numbers of those that moved some
    of it.
    """

    site: str
    camera: str
    kind: OutageKind
    from_ms: int
    to_ms: int
    ms: Milliseconds
    bucket: Bucket
    evidence: str
    cause: str | None = None
    device: str = ""
    begins_before: bool = False
    goes_on: bool = False
    well_at_site_ms: int = 0
    counted_ms: int | None = None
    incident: int | None = None
    told: tuple[Told, ...] = ()
    taken_by: str = ""
    taken_ms: int | None = None
    repeat_of_ms: int | None = None
    decisions: tuple[int, ...] = ()

    @property
    def lasted_ms(self) -> int:
        """How long it lasted in all, in the period or not."""
        return self.to_ms - self.from_ms

    @property
    def ms_in_period(self) -> int:
        """How much of it lies in the period."""
        return sum(self.ms.values())


class ExclusionRow(Struct, frozen=True):
    """A stretch of a camera's time that a contract leaves out, and whose it was, which is the reason.

    `decision` is the number of the decision of people that moved it there, or None.
    """

    site: str
    camera: str
    from_ms: int
    to_ms: int
    bucket: Bucket
    decision: int | None = None


class PenaltyRow(Struct, frozen=True):
    """A line of the deduction; `settlement.PenaltyLine` says how its kinds are computed.

    `quantity` is rounded to six places here, and `amount` was computed from the exact one. `each` is the unit of a
    delay, and `after` what it is beyond: the time to respond or to repair, or the beginning of an outage; a month
    that was closed before this was told has none. `from_ms` and `to_ms` are of the outage that a delay is about.
    """

    kind: Literal["availability", "restitution", "delay"]
    unit: str
    basis: Decimal | None
    quantity: Decimal
    rate: Decimal
    amount: Decimal
    each: str = ""
    from_ms: int | None = None
    to_ms: int | None = None
    after: Literal["", "repair", "response", "start"] = ""

    @property
    def what(self) -> str:
        """The key of its name: a late response is not a late repair."""
        return f"{self.kind}_{self.after}" if self.after else self.kind


class Account(Struct, frozen=True):
    """What a contract comes to in its month, in rupiah, by the definitions of docs/availability.md.

    `availability` is the rate that `target` (percent) is about; `is_met` is None if nothing could be judged.
    `ms` is the time of its cameras by the bucket that counts; `lost` and `excluded` are of the contract's units.
    `penalties_sum` is before the cap, `deduction` after it.
    `penalties` and `exclusions` are given in the report of one contract alone.
    """

    contract: str
    name: str
    number: str
    party: str
    party_name: str
    budget_line: str
    cameras: int
    online: Rate
    intact: Rate
    availability: Rate
    measured: Rate
    target: Decimal
    is_met: bool | None
    ms: Milliseconds
    lost: Milliseconds
    excluded: Milliseconds
    fee: Decimal
    penalties_sum: Decimal
    deduction: Decimal
    payable: Decimal
    is_provisional: bool
    penalties: tuple[PenaltyRow, ...] = ()
    exclusions: tuple[ExclusionRow, ...] = ()


class DecisionRow(Struct, frozen=True):
    """A person's decision on whose lost time was. `before` is what it was by evidence."""

    id: int
    incident: int | None
    cameras: tuple[str, ...]
    from_ms: int
    to_ms: int | None
    to: Bucket | None
    party: str
    reason: str
    by: str
    created_ms: int
    before: Milliseconds


class Correction(Struct, frozen=True):
    """What is known otherwise of a closed month since it was closed: of one contract, or of the city.

    `ms` is the difference by bucket, now less then; it sums to zero unless cameras came or went. The deductions
    are by the contract as it was when the month was closed; None for the city, whose `contract` is empty.
    `contract_changed`: the contract reads otherwise now, which changes nothing about the closed month.
    """

    contract: str
    name: str
    ms: Milliseconds
    deduction_then: Decimal | None = None
    deduction_now: Decimal | None = None
    contract_changed: bool = False

    @property
    def amount(self) -> Decimal | None:
        """What is deducted more than the closed month says, or less if it is negative."""
        if self.deduction_now is None or self.deduction_then is None:
            return None
        return self.deduction_now - self.deduction_then


class Scope(Struct, frozen=True):
    """What the report is about: a contract, or the city divided by a key. `name` is for people."""

    contract: str = ""
    name: str = ""
    by: Key | None = None


class Report(Struct, frozen=True):
    """A report of a month. With a contract, `accounts` has that one; without, one for each contract in force.

    `groups` is empty in the report of a contract. `outages` are in order of site, camera and time. `has_data` is
    False if no camera was measured at all: then the report is a page that says so.

    `is_final`: the month was closed so long ago that it is not compared any more with what is known now.
    """

    scope: Scope
    period: Period
    has_data: bool
    total: Figures
    repairs: Repairs
    accounts: tuple[Account, ...] = ()
    groups: tuple[GroupRow, ...] = ()
    cameras: tuple[CameraRow, ...] = ()
    outages: tuple[OutageRow, ...] = ()
    days: tuple[Day, ...] = ()
    decisions: tuple[DecisionRow, ...] = ()
    corrections: tuple[Correction, ...] = ()
    is_final: bool = False
    version: int = VERSION

    def worst(self, count: int = 5) -> "tuple[CameraRow | GroupRow, ...]":
        """Return the groups, or without them the cameras, with the lowest intact rate, the lowest first.

        A camera whose picture is not true is of no more use than one that is offline. Between equal ones the
        online rate decides.
        """
        rows: tuple[CameraRow | GroupRow, ...] = self.groups or self.cameras
        below = (row for row in rows if row.figures.intact.good_ms < row.figures.intact.of_ms)
        return tuple(sorted(below, key=worst_first)[:count])


def worst_first(row: CameraRow | GroupRow) -> tuple[bool, Fraction, Fraction, tuple[str, ...]]:
    """Return what sorts the lowest intact rate first, and rows without any time last."""
    figures = row.figures
    key = (row.site, row.camera) if isinstance(row, CameraRow) else (row.key,)
    return not figures.intact.of_ms, _fraction(figures.intact), _fraction(figures.online), key


def _fraction(rate: Rate) -> Fraction:
    return Fraction(rate.good_ms, rate.of_ms) if rate.of_ms else Fraction(1)

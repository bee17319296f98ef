"""A contract as data. `docs/availability.md` defines what follows from it."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from pantau_collector.contracts.numbers import HoursOfTime, Percent, Rupiah, written
from pantau_collector.inventory.model import Criticality, Name, Tag
from pantau_collector.ledger.bucket import Bucket
from pantau_collector.names import Slug, ZoneName
from pantau_collector.notices import hours
from pantau_service.settings import error_at

_STRICT = ConfigDict(frozen=True, extra="forbid")
MAX_ENTRIES = 10_000
"""Entries of any list in a contract."""
_MAX_TIERS = 100
_FIRST_YEAR, _LAST_YEAR = 2000, 2200

CRITICALITIES: tuple[Criticality, ...] = ("high", "normal", "low")
"""From the gravest to the least."""
NOT_LISTED = {Bucket.WORKING, Bucket.WATCHER, Bucket.MAINTENANCE, Bucket.OUT_OF_SERVICE, Bucket.NOT_KNOWN}
"""Buckets that no contract lists: fixed ones (`watcher`, our own fault, is excluded), or with a key of theirs."""

Doubt = Literal["for_party", "against_party", "left_out"]
Link = Literal["at_site", "unseen"]
Unit = Literal["camera", "site"]
Basis = Literal["contract", "unit"]


def _day(value: Any) -> date:
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value)
        except ValueError:
            value = None
    if type(value) is not date:
        raise ValueError("expected a date such as 2026-01-31")
    if not _FIRST_YEAR <= value.year <= _LAST_YEAR:
        raise ValueError(f"expected a year from {_FIRST_YEAR} to {_LAST_YEAR}")
    return value


def _hours(text: str) -> str:
    hours.parse(text)
    return text


def _countable(bucket: Bucket) -> Bucket:
    if bucket in NOT_LISTED:
        listed = ", ".join(each for each in Bucket if each not in NOT_LISTED)
        raise ValueError(f"expected one of {listed}")
    return bucket


Day = Annotated[date, BeforeValidator(_day)]
HoursText = Annotated[str, Field(max_length=100), AfterValidator(_hours)]
"""Hours of the week such as `Mon-Fri 07:30-16:00`."""
Countable = Annotated[Bucket, AfterValidator(_countable)]


class Covers(BaseModel):
    """Which cameras a contract covers: those to which every key that is given applies.

    Projects and tags are given by their names, all else by ids. A tag is the camera's or its site's; an
    uplink has all sites that are connected by it, directly or not. `maintained` are the cameras whose
    maintainer is the contract's party.
    """

    model_config = _STRICT

    cameras: list[str] = Field([], max_length=MAX_ENTRIES)
    """As `site/camera`."""
    sites: list[str] = Field([], max_length=MAX_ENTRIES)
    owners: list[str] = Field([], max_length=MAX_ENTRIES)
    projects: list[Name] = Field([], max_length=MAX_ENTRIES)
    tags: list[Tag] = Field([], max_length=MAX_ENTRIES)
    uplinks: list[str] = Field([], max_length=MAX_ENTRIES)
    maintained: bool = False

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_dump(exclude_defaults=True):
            raise ValueError(
                "expected at least one of cameras, sites, owners, projects, tags, uplinks, maintained = true"
            )
        return self


class ServiceClass(BaseModel):
    """Within which time the party responds and repairs, in service hours; None: no time is agreed."""

    model_config = _STRICT

    criticality: list[Criticality] = Field(min_length=1, max_length=3)
    response_hours: HoursOfTime | None = None
    repair_hours: HoursOfTime | None = None


class Tier(BaseModel):
    """The percent of the fee that is deducted for an availability of `at_least` to `below`, in percent.

    The tier that ends at 100 has an availability of 100 too.
    """

    model_config = _STRICT

    at_least: Percent
    below: Percent
    percent: Percent


class Availability(BaseModel):
    """A percentage of the fee by tiers of availability, which cover 0 to 100."""

    model_config = _STRICT

    kind: Literal["availability"]
    per: Basis = "contract"
    tiers: list[Tier] = Field(min_length=1, max_length=_MAX_TIERS)

    @model_validator(mode="after")
    def _without_holes(self) -> Self:
        end = Decimal(0)
        for tier in sorted(self.tiers, key=lambda tier: tier.at_least):
            begin, below = written(tier.at_least), written(tier.below)
            if tier.below <= tier.at_least:
                raise error_at("tiers", f"expected `below` above `at_least`, got at_least {begin}, below {below}")
            if tier.at_least > end:
                raise error_at(
                    "tiers", f"expected no hole, and there is one: no tier has {written(end)} to {begin}"
                )
            if tier.at_least < end:
                raise error_at(
                    "tiers", f"expected no overlap, and two tiers have {begin} to {written(min(end, tier.below))}"
                )
            end = tier.below
        if end != 100:
            raise error_at(
                "tiers", f"expected tiers up to 100, and none has {written(end)} to 100; percent may be 0"
            )
        return self


class Restitution(BaseModel):
    """The fee for the lost time, if the target is missed: fee x hours lost / (hours of the month x target)."""

    model_config = _STRICT

    kind: Literal["restitution"]
    per: Basis = "contract"


class Delay(BaseModel):
    """An amount, or a percentage of the fee, for time beyond what was agreed for an outage."""

    model_config = _STRICT

    kind: Literal["delay"]
    per: Basis = "contract"
    after: Literal["repair", "response", "start"]
    each: Literal["hour", "begun_hour", "begun_day", "occasion"]
    amount: Rupiah | None = None
    percent: Percent | None = None

    @model_validator(mode="after")
    def _one_rate(self) -> Self:
        if (self.amount is None) == (self.percent is None):
            raise ValueError("expected `amount` (rupiah) or `percent` (of the fee), and not both")
        return self


Penalty = Annotated[Availability | Restitution | Delay, Field(discriminator="kind")]


class Contract(BaseModel):
    """One contract, checked by itself."""

    model_config = _STRICT

    id: Slug
    name: Name = ""
    kind: Slug
    """By what right it covers cameras, as `maintenance`, `line`, `rental`: no two of one kind at a time."""
    party: str
    """A maintainer of the inventory."""
    number: Name = ""
    """The number by which the contract is filed."""
    budget_line: Name = ""
    """`kode rekening` of the budget."""
    valid_from: Day
    valid_to: Day
    zone: ZoneName = "Asia/Jakarta"
    zone_by_tag: dict[Tag, ZoneName] = Field({}, max_length=100)
    hours: list[HoursText] = Field([], max_length=100)
    holidays: list[Day] = Field([], max_length=MAX_ENTRIES)
    covers: list[Covers] = Field(min_length=1, max_length=1000)
    """What any of them covers."""
    unit: Unit = "camera"
    available: list[Countable] = [Bucket.BELOW_STANDARD]
    counts: list[Countable] = Field(min_length=1)
    link: Link
    doubt: Doubt = "left_out"
    maintenance_hours: HoursOfTime | None = None
    """Of each camera and month; None: without limit."""
    target: Percent
    classes: list[ServiceClass] = Field([], max_length=3)
    fee: Rupiah
    fee_per: Literal["month", "unit"]
    round_to: Rupiah = Decimal(1)
    rounding: Literal["half_up", "down", "up"] = "half_up"
    penalties: list[Penalty] = Field([], max_length=100)
    cap_percent: Percent | None = None
    cap: Rupiah | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.valid_to < self.valid_from:
            raise error_at("valid_to", f"expected {self.valid_from} (valid_from) or later, got {self.valid_to}")
        if self.round_to == 0:
            raise error_at("round_to", 'expected an amount above 0, such as 1, 100 or "0.01"')
        if both := [each for each in self.available if each in self.counts]:
            raise error_at("counts", f"expected what is not in `available` too, got {', '.join(both)}")
        if self.link == "at_site" and Bucket.LINK in [*self.available, *self.counts]:
            where = "counts" if Bucket.LINK in self.counts else "available"
            raise error_at(
                where, 'expected no `link` with link = "at_site": that time counts as it was at the site'
            )
        if self.target == 0 and any(each.kind == "restitution" for each in self.penalties):
            raise error_at("target", "expected a target above 0, by which a restitution is divided")
        self._check_classes()
        return self

    def _check_classes(self) -> None:
        named = [each for found in self.classes for each in found.criticality]
        if twice := [each for each in CRITICALITIES if named.count(each) > 1]:
            raise error_at("classes", f"expected each criticality in one class, and {twice[0]} is in two")
        for penalty in self.penalties:
            if penalty.kind != "delay" or penalty.after == "start":
                continue
            key = f"{penalty.after}_hours"
            for criticality in CRITICALITIES:
                found = self.service_class(criticality)
                if found is None or getattr(found, key) is None:
                    raise error_at(
                        "classes", f"expected `{key}` of {criticality} cameras too: a penalty depends on it"
                    )

    def service_class(self, criticality: Criticality) -> ServiceClass | None:
        """Return the class of cameras of this criticality, or None if there is none."""
        return next((each for each in self.classes if criticality in each.criticality), None)


class ContractsFile(BaseModel):
    """The tables of `contracts.toml`."""

    model_config = _STRICT

    contract: list[Contract] = Field([], max_length=1000)

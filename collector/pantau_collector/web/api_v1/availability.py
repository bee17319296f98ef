"""Availability: which part of the time cameras worked, by camera, site, owner or whatever else they belong to.

The figures are those of the reports; docs/availability.md defines them.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from fractions import Fraction
from http import HTTPStatus
from typing import Annotated, Literal

from msgspec import Meta, Struct

from pantau_collector.contracts import load_contracts
from pantau_collector.contracts.coverage import coverage
from pantau_collector.ledger import Bucket
from pantau_collector.ledger.ledger import never_measured
from pantau_collector.ledger.spans import Span
from pantau_collector.reports.document import GroupRow, Key, Period, Rate
from pantau_collector.reports.figures import Sum
from pantau_collector.reports.groups import Groups
from pantau_collector.settlement import CameraLife, Month, settle
from pantau_collector.web.api_v1.asked import Asked
from pantau_collector.web.api_v1.cameras import CameraFilter, matching
from pantau_collector.web.api_v1.moments import Moment, known_moment, period
from pantau_collector.web.api_v1.problem import RefusedError
from pantau_service.settings import ConfigError

LONGEST_DAYS = 31
MOST_CAMERA_DAYS = 160_000
"""Cameras times days of one question; their lives are read for it."""
_WAIT_S = 20.0
_DAY_MS = 86_400_000
_reading = threading.Semaphore(1)

Share = Annotated[float, Meta(ge=0, le=1)]


class Availability(Struct, frozen=True):
    """What became of the time of some cameras.

    `key` and `name` are what they belong to; both are empty for cameras that belong to none. `online` is the part
    of the judged time in which they streamed, `intact` in which the picture was true as well, `measured` the part
    of the time in service in which an agent measured them: 0 to 1, or null if there was no such time. `ms` is the
    time by bucket, in milliseconds.
    """

    key: str
    name: str
    cameras: int
    online: Share | None
    intact: Share | None
    measured: Share | None
    ms: dict[Bucket, int]


class AvailabilityAnswer(Struct, frozen=True):
    """The availability in a period."""

    by: Key
    since: datetime
    until: datetime
    items: tuple[Availability, ...]


class AvailabilityQuery(CameraFilter, frozen=True):
    """By what, of which cameras, and in which period; otherwise the last day."""

    by: Key = "site"
    since: Moment | None = None
    until: Moment | None = None


class ContractAvailability(Struct, frozen=True):
    """A month by a contract. `until` is up to when a running month is told.

    `availability` is the part of the judged time that counts as available, 0 to 1, or null if nothing is judged;
    `verdict` whether that meets `target`.
    """

    contract: str
    month: str
    until: datetime
    unit: Literal["camera", "site"]
    units: int
    availability: Share | None
    target: Share
    verdict: Literal["met", "missed", "not_judged"]
    available_ms: int
    lost_ms: int
    excluded_ms: int
    lost_by_ms: dict[Bucket, int]


class ContractQuery(Struct, frozen=True):
    """Which month; otherwise the present one."""

    month: Annotated[str, Meta(pattern="^[0-9]{4}-(0[1-9]|1[0-2])$", description="As `2026-10`.")] | None = None


def get_availability(asked: Asked, query: AvailabilityQuery) -> AvailabilityAnswer:
    """Return the availability of cameras in a period of up to 31 days.

    The filter is by what the cameras are and belong to now; the time is divided by what they belonged to then.
    """
    span = period(query.since, query.until, now_ms=asked.now_ms, otherwise_days=1, longest_days=LONGEST_DAYS)
    cameras: dict[str, set[str]] = {}
    for where, each in matching(asked, query):
        cameras.setdefault(where.id, set()).add(each.id)
    _check_work(sum(map(len, cameras.values())), span)
    groups = Groups(query.by, Period("", asked.sources.zone.key, *span))
    with _alone():
        for site, of_site in cameras.items():
            lives = asked.site_lives(site, span)
            spans = asked.shared.lives.history.spans(site, *span)
            for camera in sorted(of_site):
                life = lives.get(camera) or never_measured(*span)
                whole = Sum()
                for interval in life:
                    whole.add(interval, interval.ms)
                groups.add(site, camera, spans, life, whole, ())
    items = tuple(map(_describe, groups.rows(asked.inventory)))
    return AvailabilityAnswer(query.by, known_moment(span.from_ms), known_moment(span.to_ms), items)


def get_contract_availability(asked: Asked, contract: str, query: ContractQuery) -> ContractAvailability:
    """Return the availability in a month as a contract defines it.

    A contract is found by whoever may see all of its cameras.
    """
    now = datetime.fromtimestamp(asked.now_ms / 1000, UTC)
    try:
        contracts = load_contracts(asked.sources.config.contracts, asked.inventory, today=now.date())
    except ConfigError:
        raise RefusedError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "the contracts are wrong: `pantau-collector contracts check` says where",
        ) from None
    found = contracts.by_id.get(contract)
    if found is None:
        raise _no_contract(contract)
    month = Month.parse(query.month or f"{now.astimezone(asked.sources.zone):%Y-%m}")
    whole = month.span(found.zone)
    if whole.from_ms >= asked.now_ms:
        raise RefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, "expected a month that has begun", "month")
    span = Span(whole.from_ms, min(whole.to_ms, asked.now_ms))
    with _alone():
        lives = asked.shared.lives
        lives.open()
        covered = coverage(found, lives.history, lives.cameras(), span)
        if not covered or len(asked.reach.only(covered)) < len(covered):
            raise _no_contract(contract)
        _check_work(len(covered), span)
        of_site = {site: lives.of_site(site, *span) for site in {site for site, _ in covered}}
        settled = settle(
            found,
            month,
            [
                CameraLife(site, camera, its, of_site[site].get(camera, ()))
                for (site, camera), its in covered.items()
            ],
            until_ms=span.to_ms,
        )
    times = settled.times
    return ContractAvailability(
        contract=found.id,
        month=str(month),
        until=known_moment(span.to_ms),
        unit=found.unit,
        units=len(settled.units),
        availability=None if times.availability is None else float(times.availability),
        target=float(Fraction(settled.target)),
        verdict=settled.verdict.value,
        available_ms=times.available_ms,
        lost_ms=times.lost_ms,
        excluded_ms=times.excluded_ms,
        lost_by_ms=times.lost_by,
    )


def _no_contract(contract: str) -> RefusedError:
    return RefusedError(HTTPStatus.NOT_FOUND, f"there is no contract `{contract}` that covers cameras then")


def _check_work(cameras: int, span: Span) -> None:
    days = (span.to_ms - span.from_ms) / _DAY_MS
    if cameras * days > MOST_CAMERA_DAYS:
        raise RefusedError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            f"expected at most {MOST_CAMERA_DAYS:,} days of cameras at once, and these are {cameras:,} cameras for"
            f" {days:.0f} days: ask for fewer cameras or days",
            "since",
        )


@contextmanager
def _alone() -> Iterator[None]:
    """Wait for the turn: one such question is worked on at a time, so that the collector keeps its processor."""
    if not _reading.acquire(timeout=_WAIT_S):
        raise RefusedError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "others are asking for availability: try again",
            headers={"Retry-After": "10"},
        )
    try:
        yield
    finally:
        _reading.release()


def _describe(row: GroupRow) -> Availability:
    figures = row.figures
    return Availability(
        key=row.key,
        name=row.name,
        cameras=row.cameras,
        online=_share(figures.online),
        intact=_share(figures.intact),
        measured=_share(figures.measured),
        ms=figures.ms,
    )


def _share(rate: Rate) -> float | None:
    return rate.good_ms / rate.of_ms if rate.of_ms else None

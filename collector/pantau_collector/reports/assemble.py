"""Assembles the report of a month out of facts, one site after another."""

from collections.abc import Callable, Iterator, Sequence

from msgspec.structs import replace

from pantau_collector.contracts import Contract
from pantau_collector.inventory import Inventory
from pantau_collector.ledger import Interval
from pantau_collector.ledger.interval import clip
from pantau_collector.ledger.spans import Span
from pantau_collector.reports.accounts import account_of, figures_of
from pantau_collector.reports.contract_days import times_by_day
from pantau_collector.reports.document import (
    CameraRow,
    Day,
    Figures,
    OutageRow,
    Period,
    Repairs,
    Report,
    Scope,
)
from pantau_collector.reports.facts import CameraKey, Facts
from pantau_collector.reports.figures import Days, Sum
from pantau_collector.reports.groups import Groups
from pantau_collector.reports.outages import is_well_at_site, outages_of, repairs_of, summed
from pantau_collector.reports.settling import Settling
from pantau_collector.settlement import Stretch, Times
from pantau_collector.settlement.result import total_times

Progress = Callable[[str], None]
"""Is called with what was done: a site that was read, a contract that was settled."""


def assemble_city(facts: Facts, scope: Scope, period: Period, settling: Settling, progress: Progress) -> Report:
    """Return the report of all cameras, divided by `scope.by`, with an account of each contract.

    Cameras that were out of service all the while are left out.

    Raises:
        StoreError: the store cannot be read.
    """
    days, total = Days(period), Sum()
    day_sums = [Sum() for _ in days.dates]
    groups = Groups(scope.by, period) if scope.by is not None else None
    inventory = facts.history.at(period.to_ms - 1)
    cameras: list[CameraRow] = []
    outages: list[OutageRow] = []
    for (site, camera), intervals in _lives(facts, facts.sites(), settling, progress):
        its_days = days.of_camera(intervals)
        its_sum = Sum.of(its_days)
        if not its_sum.is_in_service:
            continue
        its_outages = _outages(facts, (site, camera), intervals, period)
        repairs = repairs_of(its_outages)
        total.add_sum(its_sum)
        for day, each in zip(day_sums, its_days, strict=True):
            day.add_sum(each)
        of_days = [each.online for each in its_days]
        row = _camera_row(inventory, site, camera, its_sum.figures(), repairs)
        cameras.append(replace(row, days=tuple(rate.permille for rate in of_days)))
        outages += its_outages
        if groups is not None:
            spans = facts.history.spans(site, period.from_ms, period.to_ms)
            groups.add(site, camera, spans, intervals, its_sum, its_outages)
    figures = total.figures()
    accounts = []
    for contract in settling.contracts:
        _, settlement = settling.settle(contract)
        accounts.append(account_of(contract, settlement, inventory, detailed=False))
        progress(contract.id)
    return Report(
        scope=scope,
        period=period,
        has_data=figures.measured.good_ms > 0,
        total=figures,
        repairs=summed(row.repairs for row in cameras),
        accounts=tuple(accounts),
        groups=groups.rows(inventory) if groups is not None else (),
        cameras=tuple(cameras),
        outages=tuple(outages),
        days=days.rows(day_sums),
    )


def assemble_contract(
    facts: Facts, contract: Contract, period: Period, settling: Settling, progress: Progress
) -> Report:
    """Return the report of one contract: the time that it covers, as it counts it.

    Raises:
        StoreError: the store cannot be read.
    """
    for _ in _lives(facts, settling.sites, settling, progress):
        pass
    lives, settlement = settling.settle(contract)
    inventory = facts.history.at(period.to_ms - 1)
    days = Days(period)
    day_times: list[list[Times]] = [[] for _ in days.dates]
    cameras: list[CameraRow] = []
    outages: list[OutageRow] = []
    for settled in settlement.cameras:
        key = (settled.site, settled.camera)
        life = lives[key]
        covered = [
            Span(max(each.from_ms, period.from_ms), min(each.to_ms, period.to_ms))
            for each in settling.covered(contract, key)
        ]
        its_outages = [
            replace(each, counted_ms=_common_ms(settled.lost, each))
            for span in covered
            if span.from_ms < span.to_ms
            for each in _outages(
                facts, key, life.intervals, replace(period, from_ms=span.from_ms, to_ms=span.to_ms)
            )
        ]
        its_days = times_by_day(contract, life, days.edges)
        for of_day, each in zip(day_times, its_days, strict=True):
            of_day.append(each)
        well_ms = sum(each.ms for span in covered for each in clip(life.intervals, *span) if is_well_at_site(each))
        row = _camera_row(inventory, *key, figures_of(settled.times, well_ms), repairs_of(its_outages))
        cameras.append(replace(row, days=tuple(figures_of(each).online.permille for each in its_days)))
        outages += its_outages
    figures = figures_of(settlement.camera_times, sum(row.figures.well_at_site_ms for row in cameras))
    return Report(
        scope=Scope(contract=contract.id, name=contract.name or contract.id),
        period=period,
        has_data=figures.measured.good_ms > 0,
        total=figures,
        repairs=summed(row.repairs for row in cameras),
        accounts=(account_of(contract, settlement, inventory, detailed=True),),
        cameras=tuple(cameras),
        outages=tuple(outages),
        days=tuple(
            Day(day.isoformat(), figures_of(total_times(times)))
            for day, times in zip(days.dates, day_times, strict=True)
        ),
    )


def _lives(
    facts: Facts, sites: Sequence[str], settling: Settling, progress: Progress
) -> Iterator[tuple[CameraKey, list[Interval]]]:
    """Yield the life of each camera of some sites; those that contracts cover are kept."""
    for site in sites:
        for camera, intervals in facts.lives(site).items():
            settling.keep(site, camera, intervals)
            yield (site, camera), intervals
        progress(site)


def _outages(facts: Facts, key: CameraKey, intervals: Sequence[Interval], period: Period) -> list[OutageRow]:
    """Return the outages of a camera in a period; what comes after it is not looked at."""
    if intervals and intervals[-1].to_ms > period.to_ms:
        intervals = clip(intervals, intervals[0].from_ms, period.to_ms)
    return outages_of(*key, intervals, period, facts.incidents(*key).incidents)


def _common_ms(stretches: Sequence[Stretch], outage: OutageRow) -> int:
    return sum(max(0, min(each.to_ms, outage.to_ms) - max(each.from_ms, outage.from_ms)) for each in stretches)


def _camera_row(inventory: Inventory, site: str, camera: str, figures: Figures, repairs: Repairs) -> CameraRow:
    known = inventory.camera(site, camera)
    return CameraRow(
        site=site,
        camera=camera,
        site_name=inventory.site(site).name or site,
        name=known.name or camera,
        owner=known.owner,
        maintainer=known.maintainer,
        project=known.project,
        criticality=known.criticality,
        figures=figures,
        repairs=repairs,
        days=(),
        is_listed=(site, camera) in inventory.cameras,
    )

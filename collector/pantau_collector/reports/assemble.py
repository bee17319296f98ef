"""Assembles the report of a month out of facts, one site after another."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from pantau_collector.contracts import Contract
from pantau_collector.inventory import Inventory
from pantau_collector.ledger import Interval
from pantau_collector.ledger.interval import clip
from pantau_collector.reports.accounts import account_of, figures_of
from pantau_collector.reports.contract_days import times_by_day
from pantau_collector.reports.document import (
    Account,
    CameraRow,
    Day,
    Figures,
    GroupRow,
    Key,
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


class City(NamedTuple):
    """The report of the city without groups, and the groups by each key that was asked for."""

    report: Report
    groups: dict[Key, tuple[GroupRow, ...]]

    def by(self, key: Key) -> Report:
        """Return the report divided by a key."""
        return replace(self.report, scope=Scope(by=key), groups=self.groups[key])


def assemble_city(
    facts: Facts, keys: Sequence[Key], period: Period, settling: Settling, progress: Progress
) -> City:
    """Return the report of all cameras, with an account of each contract; their lives are kept in `settling`.

    Cameras that were out of service all the while are left out.

    Raises:
        StoreError: the store cannot be read.
    """
    days, total = Days(period), Sum()
    day_sums = [Sum() for _ in days.dates]
    groups = {key: Groups(key, period) for key in keys}
    inventory = facts.history.at(period.to_ms - 1)
    cameras: list[CameraRow] = []
    outages: list[OutageRow] = []
    for (site, camera), intervals in gather(facts, facts.sites(), settling, progress):
        its_days = days.of_camera(intervals)
        its_sum = Sum.of(its_days)
        if not its_sum.is_in_service:
            continue
        its_outages = _outages(facts, (site, camera), intervals, period)
        total.add_sum(its_sum)
        for day, each in zip(day_sums, its_days, strict=True):
            day.add_sum(each)
        row = _camera_row(inventory, site, camera, its_sum.figures(), repairs_of(its_outages))
        cameras.append(replace(row, days=tuple(each.online.permille for each in its_days)))
        outages += its_outages
        spans = facts.history.spans(site, period.from_ms, period.to_ms)
        for group in groups.values():
            group.add(site, camera, spans, intervals, its_sum, its_outages)
    figures = total.figures()
    report = Report(
        scope=Scope(),
        period=period,
        has_data=figures.measured.good_ms > 0,
        total=figures,
        repairs=summed(row.repairs for row in cameras),
        accounts=tuple(_accounts(settling, inventory, progress)),
        cameras=tuple(cameras),
        outages=tuple(outages),
        days=days.rows(day_sums),
    )
    return City(report, {key: group.rows(inventory) for key, group in groups.items()})


def gather(
    facts: Facts, sites: Sequence[str], settling: Settling, progress: Progress
) -> Iterator[tuple[CameraKey, list[Interval]]]:
    """Yield the life of each camera of some sites; those that contracts cover are kept in `settling`.

    Raises:
        StoreError: the store cannot be read.
    """
    for site in sites:
        for camera, intervals in facts.lives(site).items():
            settling.keep(site, camera, intervals)
            yield (site, camera), intervals
        progress(site)


def assemble_contract(facts: Facts, contract: Contract, period: Period, settling: Settling) -> Report:
    """Return the report of one contract: the time that it covers, as it counts it.

    The lives of its cameras must have been gathered.

    Raises:
        StoreError: the store cannot be read.
    """
    lives, settlement = settling.settle(contract)
    inventory = facts.history.at(period.to_ms - 1)
    days = Days(period)
    day_times: list[list[Times]] = [[] for _ in days.dates]
    cameras: list[CameraRow] = []
    outages: list[OutageRow] = []
    for settled in settlement.cameras:
        key = (settled.site, settled.camera)
        life, covered = lives[key], settling.covered(contract, key, period)
        its_outages = [
            replace(each, counted_ms=_common_ms(settled.lost, each))
            for span in covered
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


def _accounts(settling: Settling, inventory: Inventory, progress: Progress) -> Iterator[Account]:
    for contract in settling.contracts:
        _, settlement = settling.settle(contract)
        yield account_of(contract, settlement, inventory, detailed=False)
        progress(contract.id)


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

"""Assembles the report of a month out of facts, one site after another."""

from collections.abc import Callable, Sequence

from pantau_collector.inventory import Inventory
from pantau_collector.ledger import Interval
from pantau_collector.ledger.interval import clip
from pantau_collector.reports.document import (
    CameraRow,
    DecisionRow,
    OutageRow,
    Repairs,
    Report,
    Scope,
)
from pantau_collector.reports.facts import Facts
from pantau_collector.reports.figures import Days, Sum, permille
from pantau_collector.reports.groups import Groups
from pantau_collector.reports.outages import outages_of, repairs_of, summed

Progress = Callable[[str], None]
"""Is called with each site once it is in the report."""


def assemble_city(
    facts: Facts,
    scope: Scope,
    *,
    decisions: Sequence[DecisionRow] = (),
    progress: Progress | None = None,
) -> Report:
    """Return the report of all cameras, divided by `scope.by`.

    Cameras that were out of service all the while are left out.

    Raises:
        StoreError: the store cannot be read.
    """
    city = _City(facts, scope)
    for site in facts.sites():
        for camera, intervals in facts.lives(site).items():
            city.add(site, camera, intervals)
        if progress is not None:
            progress(site)
    return city.report(tuple(decisions))


class _City:
    """The rows of a report, added up camera by camera."""

    def __init__(self, facts: Facts, scope: Scope) -> None:
        self._facts = facts
        self._scope = scope
        self._period = facts.period
        self._days = Days(facts.period)
        self._groups = Groups(scope.by, facts.period) if scope.by is not None else None
        self._inventory = facts.history.at(facts.period.to_ms - 1)
        self._total = Sum()
        self._day_sums = [Sum() for _ in self._days.dates]
        self._cameras: list[CameraRow] = []
        self._outages: list[OutageRow] = []
        self._repairs: list[Repairs] = []

    def add(self, site: str, camera: str, intervals: Sequence[Interval]) -> None:
        """Add a camera, whose intervals may begin before the period."""
        period, total = self._period, Sum()
        days = self._days.of_camera(intervals)
        for each in days:
            total.add_sum(each)
        if not total.is_in_service:
            return
        outages = outages_of(site, camera, intervals, period, self._facts.incidents(site, camera).incidents)
        repairs = repairs_of(outages)
        self._total.add_sum(total)
        for day, each in zip(self._day_sums, days, strict=True):
            day.add_sum(each)
        self._cameras.append(_camera_row(self._inventory, site, camera, total, repairs, days))
        self._outages += outages
        self._repairs.append(repairs)
        if self._groups is not None:
            spans = self._facts.history.spans(site, period.from_ms, period.to_ms)
            within = clip(intervals, period.from_ms, period.to_ms) if len(spans) > 1 else intervals
            self._groups.add(site, camera, spans, within, total, outages)

    def report(self, decisions: tuple[DecisionRow, ...]) -> Report:
        """Return the report."""
        total = self._total.figures()
        return Report(
            scope=self._scope,
            period=self._period,
            has_data=total.measured.good_ms > 0,
            total=total,
            repairs=summed(self._repairs),
            groups=self._groups.rows(self._inventory) if self._groups is not None else (),
            cameras=tuple(self._cameras),
            outages=tuple(self._outages),
            days=self._days.rows(self._day_sums),
            decisions=decisions,
        )


def _camera_row(
    inventory: Inventory, site: str, camera: str, total: Sum, repairs: Repairs, days: Sequence[Sum]
) -> CameraRow:
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
        figures=total.figures(),
        repairs=repairs,
        days=tuple(map(permille, days)),
        is_listed=(site, camera) in inventory.cameras,
    )

"""A report as tables of plain values, which CSV and XLSX share."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeVar

from pantau_collector.ledger import Bucket
from pantau_collector.reports.cells import Cell, Cells, figures, minutes, percent, repairs
from pantau_collector.reports.document import (
    Account,
    CameraRow,
    Correction,
    Day,
    DecisionRow,
    ExclusionRow,
    GroupRow,
    OutageRow,
    PenaltyRow,
    Report,
)
from pantau_contract.words import Words

_Row = TypeVar("_Row")

_REPAIRS = ("outages", "repeats", "mtta", "mttr")


class Table(NamedTuple):
    """A table: its name, the headings of its columns, and its rows, which are made anew whenever they are read."""

    name: str
    headings: tuple[str, ...]
    rows: "Rows"


class Rows(Iterable[tuple[Cell, ...]]):
    """Rows that are made one by one, so that they are never all in memory."""

    def __init__(self, items: "tuple[_Row, ...]", make: Callable[[_Row], tuple[Cell, ...]]) -> None:
        self._length = len(items)
        self._make: Callable[[], Iterator[tuple[Cell, ...]]] = lambda: map(make, items)

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[tuple[Cell, ...]]:
        return self._make()


NAMES = (
    "accounts",
    "groups",
    "cameras",
    "outages",
    "days",
    "penalties",
    "exclusions",
    "decisions",
    "corrections",
)
"""The names of all tables."""


def table(report: Report, name: str, words: Words) -> Table:
    """Return a table of a report; it has no rows if the report has none of that."""
    tables = _Tables(report, Cells(words, report.period.timezone))
    columns, rows = getattr(tables, name)()
    return Table(name, tuple(columns), rows)


_Content = tuple[list[str], Rows]


class _Tables:
    """One method for each table, which returns its headings and rows."""

    def __init__(self, report: Report, cells: Cells) -> None:
        self._report = report
        self._cells = cells
        self._buckets = [bucket for bucket in Bucket if report.total.ms.get(bucket)]

    def accounts(self) -> _Content:
        return account_table(self._report, self._cells)

    def groups(self) -> _Content:
        def row(each: GroupRow) -> tuple[Cell, ...]:
            name = each.name or self._cells.value("nobody")
            head = (each.key, name, each.cameras)
            return (*head, *figures(each.figures, self._buckets), *repairs(each.repairs))

        headings = [*self._headings("key", "name", "cameras"), *self._figures(), *self._headings(*_REPAIRS)]
        return headings, Rows(self._report.groups, row)

    def cameras(self) -> _Content:
        def row(each: CameraRow) -> tuple[Cell, ...]:
            return (
                *(each.site, each.site_name, each.camera, each.name, each.owner, each.maintainer, each.project),
                self._cells.value(each.criticality),
                self._cells.yes_no(each.is_listed),
                *figures(each.figures, self._buckets),
                *repairs(each.repairs),
            )

        names = ("site", "site_name", "camera", "camera_name", "owner", "maintainer", "project", "criticality")
        headings = [*self._headings(*names, "listed"), *self._figures(), *self._headings(*_REPAIRS)]
        return headings, Rows(self._report.cameras, row)

    def outages(self) -> _Content:
        cells = self._cells

        def row(each: OutageRow) -> tuple[Cell, ...]:
            return (
                *(
                    each.site,
                    each.camera,
                    cells.value(each.kind),
                    cells.time(each.from_ms),
                    cells.time(each.to_ms),
                ),
                *map(minutes, (each.ms_in_period, each.lasted_ms, each.counted_ms, each.well_at_site_ms)),
                cells.bucket(each.bucket),
                cells.by_bucket(each.ms) if len(each.ms) > 1 else "",
                cells.evidence(each.evidence, each.device),
                cells.cause(each.cause),
                each.device,
                cells.yes_no(each.begins_before) if each.begins_before else "",
                cells.yes_no(each.goes_on) if each.goes_on else "",
                each.incident,
                cells.told(each.told),
                each.taken_by,
                cells.time(each.taken_ms),
                cells.time(each.repeat_of_ms),
                ", ".join(map(str, each.decisions)),
            )

        names = (
            *("site", "camera", "kind", "from", "to", "minutes_in_month", "minutes_lasted", "minutes_counted"),
            *("minutes_well", "bucket", "minutes", "evidence", "cause", "device", "begins_before", "goes_on"),
            *("incident", "told", "taken_by", "taken", "repeat_of", "decisions"),
        )
        return self._headings(*names), Rows(self._report.outages, row)

    def days(self) -> _Content:
        def row(each: Day) -> tuple[Cell, ...]:
            return (each.date, *figures(each.figures, self._buckets))

        return [*self._headings("date"), *self._figures()], Rows(self._report.days, row)

    def penalties(self) -> _Content:
        cells = self._cells

        def row(each: PenaltyRow) -> tuple[Cell, ...]:
            times = (cells.time(each.from_ms), cells.time(each.to_ms))
            kind, unit = cells.value(each.what), cells.value(each.each)
            return (kind, each.unit, *times, each.basis, each.quantity, unit, each.rate, each.amount)

        names = ("kind", "unit", "from", "to", "basis", "quantity", "each", "rate", "amount")
        items = tuple(each for account in self._report.accounts for each in account.penalties)
        return self._headings(*names), Rows(items, row)

    def exclusions(self) -> _Content:
        cells = self._cells

        def row(each: ExclusionRow) -> tuple[Cell, ...]:
            times = (cells.time(each.from_ms), cells.time(each.to_ms), minutes(each.to_ms - each.from_ms))
            return (each.site, each.camera, *times, cells.bucket(each.bucket), each.decision)

        names = ("site", "camera", "from", "to", "minutes", "reason", "decision")
        items = tuple(each for account in self._report.accounts for each in account.exclusions)
        return self._headings(*names), Rows(items, row)

    def decisions(self) -> _Content:
        cells = self._cells

        def row(each: DecisionRow) -> tuple[Cell, ...]:
            to = cells.value("evidence_again") if each.to is None else cells.bucket(each.to)
            times = (cells.time(each.from_ms), cells.time(each.to_ms))
            head = (each.id, each.incident, ", ".join(each.cameras), *times, cells.by_bucket(each.before), to)
            return (*head, each.party, each.reason, each.by, cells.time(each.created_ms))

        names = ("id", "incident", "camera", "from", "to", "before", "bucket", "party", "reason", "by", "made")
        return self._headings(*names), Rows(self._report.decisions, row)

    def corrections(self) -> _Content:
        buckets = [bucket for bucket in Bucket if any(each.ms.get(bucket) for each in self._report.corrections)]

        def row(each: Correction) -> tuple[Cell, ...]:
            changed = self._cells.yes_no(each.contract_changed)
            money = (each.deduction_then, each.deduction_now, each.amount, changed)
            return (each.contract, each.name, *money, *(minutes(each.ms.get(bucket, 0)) for bucket in buckets))

        names = ("contract", "name", "deduction_then", "deduction_now", "amount", "contract_changed")
        return [*self._headings(*names), *self._minutes(buckets)], Rows(self._report.corrections, row)

    def _headings(self, *names: str) -> list[str]:
        return list(map(self._cells.column, names))

    def _figures(self) -> list[str]:
        rates, last = self._headings("online", "intact", "measured"), self._headings("minutes_well")
        return [*rates, *self._minutes(self._buckets), *last]

    def _minutes(self, buckets: Iterable[Bucket]) -> list[str]:
        words = self._cells.words
        return [words("report.column.minutes_of", bucket=self._cells.bucket(bucket)) for bucket in buckets]


def account_table(report: Report, cells: Cells) -> _Content:
    """Return a row for each contract."""

    def row(each: Account) -> tuple[Cell, ...]:
        return (
            *(each.contract, each.name, each.number, each.party, each.party_name, each.budget_line, each.cameras),
            percent(each.availability),
            each.target,
            cells.yes_no(each.is_met),
            *map(percent, (each.online, each.intact, each.measured)),
            minutes(sum(each.lost.values())),
            minutes(sum(each.excluded.values())),
            *(each.fee, each.penalties_sum, each.deduction, each.payable),
            cells.yes_no(each.is_provisional),
        )

    names = (
        *("contract", "name", "number", "party", "party_name", "budget_line", "cameras", "availability", "target"),
        *("met", "online", "intact", "measured", "minutes_lost", "minutes_left_out", "fee", "penalties"),
        *("deduction", "payable", "provisional"),
    )
    return list(map(cells.column, names)), Rows(report.accounts, row)

"""The figures of a report's first page as a table of two columns."""

from collections.abc import Iterator

from pantau_collector.reports.cells import Cell, Cells, minutes, percent
from pantau_collector.reports.document import CameraRow, Report
from pantau_collector.reports.tables import Rows, Table
from pantau_contract.words import Words


def summary(report: Report, words: Words) -> Table:
    """Return the figures of the first page: the month, the two rates, and what a contract comes to."""
    cells = Cells(words, report.period.timezone)
    lines = [(cells.column(name) if name else "", value) for name, value in _lines(report, cells)]
    return Table("summary", ("", ""), Rows(tuple(lines), lambda line: line))


def _lines(report: Report, cells: Cells) -> Iterator[tuple[str, Cell]]:
    period, total = report.period, report.total
    if report.scope.contract:
        yield "contract", report.scope.contract
        yield "name", report.scope.name
    yield "month", period.month
    yield "from", cells.time(period.from_ms)
    yield "to", cells.time(period.to_ms)
    yield "timezone", period.timezone
    if period.is_running:
        yield "provisional", cells.yes_no(value=True)
    if period.closed_ms is not None:
        yield "closed", cells.time(period.closed_ms)
        yield "closed_by", period.closed_by
    yield "cameras", len(report.cameras)
    for name, rate in (("online", total.online), ("intact", total.intact), ("measured", total.measured)):
        yield name, percent(rate)
    yield "outages", report.repairs.outages
    yield "repeats", report.repairs.repeats
    yield "mtta", minutes(report.repairs.mtta_ms)
    yield "mttr", minutes(report.repairs.mttr_ms)
    if report.scope.contract:
        for account in report.accounts:
            yield "availability", percent(account.availability)
            yield "target", account.target
            yield "met", cells.yes_no(account.is_met)
            yield "fee", account.fee
            yield "deduction", account.deduction
            yield "payable", account.payable
    for worst in report.worst():
        name = f"{worst.site}/{worst.camera}" if isinstance(worst, CameraRow) else worst.name or worst.key
        yield "worst", f"{name}: {percent(worst.figures.intact)} %"

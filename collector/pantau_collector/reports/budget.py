"""The rows that a department enters into e-budgeting: one for each contract and month."""

from pantau_collector.reports.cells import Cell, Cells, percent
from pantau_collector.reports.document import Account, Report
from pantau_collector.reports.tables import Rows, Table
from pantau_contract.words import Words


def budget_table(report: Report, words: Words) -> Table:
    """Return a row for each contract of the city's report.

    `correction` is what a closed month deducts more, or less, by what is known since: it is not in `payable`.
    """
    cells = Cells(words, report.period.timezone)
    amounts = {each.contract: each.amount for each in report.corrections}

    def row(each: Account) -> tuple[Cell, ...]:
        return (
            *(report.period.month, each.budget_line, each.contract, each.number, each.name, each.party_name),
            *(each.fee, percent(each.availability), each.target, cells.yes_no(each.is_met)),
            *(each.deduction, each.payable, amounts.get(each.contract), cells.yes_no(each.is_provisional)),
        )

    names = (
        *("month", "budget_line", "contract", "number", "name", "party_name", "fee", "availability", "target"),
        *("met", "deduction", "payable", "correction", "provisional"),
    )
    return Table("budget", tuple(map(cells.column, names)), Rows(report.accounts, row))

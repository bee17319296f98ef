"""The first page: what a head of department wants to know, and nothing else."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from pantau_collector.ledger import Bucket
from pantau_collector.paper.blocks import Block, Chart, Column, KeyFigure, KeyFigures, Paragraph, Table
from pantau_collector.reports.charts import DayRates, availability_by_day
from pantau_collector.reports.document import Account, CameraRow, Day, Figures, GroupRow, Report
from pantau_collector.reports.number_text import NOTHING, NumberText
from pantau_contract.words import Words

WORST = 5
"""Rows of the table of the worst."""
ACCOUNTS = 8
"""Contracts that the first page lists: those whose target was not met first."""
_WELL = {Bucket.WORKING, Bucket.OUT_OF_SERVICE}


def first_page(report: Report, words: Words, text: NumberText) -> Iterator[Block]:
    """Yield the rates, the target and the amount, the days, and the five worst."""
    account = report.accounts[0] if report.scope.contract and report.accounts else None
    yield KeyFigures(_contract_figures(account, words, text) if account else _city_figures(report, words, text))
    if report.accounts and account is None:
        most = sorted(report.accounts, key=lambda each: (each.is_met is not False, -each.deduction, each.contract))
        yield accounts_table(most[:ACCOUNTS], words, text)
        if len(most) > ACCOUNTS:
            count = text.number(len(most))
            yield Paragraph(words("report.page.more_contracts", shown=ACCOUNTS, count=count), note=True)
    yield Chart(availability_by_day(_rates(report.days), account.target if account else None, words, text))
    yield from _worst(report, words, text)
    unseen = sum(not row.figures.measured.good_ms and row.figures.measured.of_ms > 0 for row in report.cameras)
    if unseen:
        yield Paragraph(words("report.page.never_measured", count=text.number(unseen)))
    yield Paragraph(words("report.page.rates_what"), note=True)


def accounts_table(accounts: Sequence[Account], words: Words, text: NumberText) -> Table:
    """Return the contracts with target, verdict and amount."""
    columns = (
        Column(words("report.column.contract"), 3),
        Column(words("report.page.cameras"), 1.3, number=True),
        Column(words("report.page.availability"), 1.8, number=True),
        Column(words("report.chart.target").capitalize(), 2.4),
        Column(words("report.page.measured"), 1.4, number=True),
        Column(words("report.page.deduction"), 2, number=True),
        Column(words("report.page.payable"), 2, number=True),
    )
    rows = tuple(
        (
            f"{each.name or each.contract} · {each.party_name or each.party}",
            text.number(each.cameras),
            text.percent(each.availability.percent()),
            verdict(each, words, text),
            text.percent(each.measured.percent()),
            text.rupiah(each.deduction),
            text.rupiah(each.payable),
        )
        for each in accounts
    )
    return Table(words("report.page.contracts"), columns, rows)


def verdict(account: Account, words: Words, text: NumberText) -> str:
    """Return whether the target was met, in words."""
    key = {True: "target_met", False: "target_missed", None: "target_not_judged"}[account.is_met]
    return words(f"report.page.{key}", target=text.percent(account.target))


def mostly(figures: Figures, words: Words, text: NumberText) -> str:
    """Return whose most of the lost time was, with its minutes."""
    lost = {bucket: ms for bucket, ms in figures.ms.items() if bucket not in _WELL and ms}
    if not lost:
        return NOTHING
    bucket = max(lost, key=lambda each: (lost[each], each))
    return f"{words(f'ledger.bucket.{bucket}')} ({text.minutes(lost[bucket])})"


def lost_ms(figures: Figures) -> int:
    """Return the time in service that was not working, whoever it belongs to."""
    return sum(ms for bucket, ms in figures.ms.items() if bucket not in _WELL)


def _contract_figures(account: Account, words: Words, text: NumberText) -> tuple[KeyFigure, ...]:
    tone = {True: "good", False: "bad", None: "doubt"}[account.is_met]
    provisional = words("report.page.provisional") if account.is_provisional else ""
    deduction = words("report.page.deduction_of", fee=text.rupiah(account.fee))
    return (
        KeyFigure(
            words("report.page.online"), text.percent(account.online.percent()), words("report.page.online_what")
        ),
        KeyFigure(
            words("report.page.intact"), text.percent(account.intact.percent()), words("report.page.intact_what")
        ),
        KeyFigure(
            words("report.page.availability"),
            text.percent(account.availability.percent()),
            verdict(account, words, text),
            tone,  # type: ignore[arg-type]
        ),
        KeyFigure(
            words("report.page.deduction"),
            text.rupiah(account.deduction),
            deduction,
            "bad" if account.deduction else "good",
        ),
        KeyFigure(words("report.page.payable"), text.rupiah(account.payable), provisional),
        _measured(account.measured.percent(), words, text),
    )


def _city_figures(report: Report, words: Words, text: NumberText) -> tuple[KeyFigure, ...]:
    total, repairs = report.total, report.repairs
    return (
        KeyFigure(
            words("report.page.online"), text.percent(total.online.percent()), words("report.page.online_what")
        ),
        KeyFigure(
            words("report.page.intact"), text.percent(total.intact.percent()), words("report.page.intact_what")
        ),
        _measured(total.measured.percent(), words, text),
        KeyFigure(words("report.page.cameras"), text.number(len(report.cameras))),
        KeyFigure(
            words("report.page.outages"),
            text.number(repairs.outages),
            words("report.page.outages_what", count=text.number(repairs.repeats)),
        ),
        KeyFigure(
            words("report.page.mttr"),
            text.length(repairs.mttr_ms),
            words("report.page.mttr_what", count=text.number(repairs.repaired)),
        ),
    )


def _measured(percent: Decimal | None, words: Words, text: NumberText) -> KeyFigure:
    return KeyFigure(
        words("report.page.measured"),
        text.percent(percent),
        words("report.page.measured_what"),
        "doubt" if percent is None or percent < 95 else "plain",
    )


def _rates(days: tuple[Day, ...]) -> list[DayRates]:
    return [
        DayRates(int(day.date[-2:]), day.figures.online.percent(), day.figures.intact.percent()) for day in days
    ]


def _worst(report: Report, words: Words, text: NumberText) -> Iterator[Block]:
    worst = report.worst(WORST)
    if not worst:
        yield Paragraph(words("report.page.none_worst"))
        return
    columns = (
        Column(words("report.column.name"), 4),
        Column(words("report.page.online"), 1.3, number=True),
        Column(words("report.page.intact"), 1.3, number=True),
        Column(words("report.page.measured"), 1.4, number=True),
        Column(words("report.page.lost"), 1.5, number=True),
        Column(words("report.page.mostly"), 3),
    )
    rows = tuple(
        (
            name_of(row, words),
            text.percent(row.figures.online.percent()),
            text.percent(row.figures.intact.percent()),
            text.percent(row.figures.measured.percent()),
            text.minutes(lost_ms(row.figures)),
            mostly(row.figures, words, text),
        )
        for row in worst
    )
    yield Table(words("report.page.worst"), columns, rows)


def name_of(row: CameraRow | GroupRow, words: Words) -> str:
    """Return what people call a camera, with its site, or a group."""
    if isinstance(row, GroupRow):
        return row.name or row.key or words("report.value.nobody")
    name = f"{row.site_name or row.site} / {row.name or row.camera}"
    return name if row.is_listed else words("report.page.not_listed", name=name)

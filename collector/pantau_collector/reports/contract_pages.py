"""The pages about one contract: what was agreed, how the deduction is made up, and what does not count."""

from collections.abc import Iterator

from pantau_collector.paper.blocks import Block, Column, Facts, Heading, Paragraph, Table
from pantau_collector.reports.document import Account, Milliseconds, PenaltyRow, Report
from pantau_collector.reports.first_page import name_of, verdict
from pantau_collector.reports.number_text import NOTHING, NumberText
from pantau_contract.words import Words

MAX_PENALTIES, MAX_EXCLUSIONS = 200, 200
"""Rows of each table at most."""


def contract_pages(account: Account, report: Report, words: Words, text: NumberText) -> Iterator[Block]:
    """Yield the terms, the penalties and the exclusions."""
    yield Heading(words("report.page.contract"), 1)
    yield Facts(
        (
            (words("report.page.contract"), f"{account.name or account.contract} ({account.contract})"),
            (words("report.page.number_of"), account.number or NOTHING),
            (words("report.page.party"), account.party_name or account.party),
            (words("report.page.budget_line"), account.budget_line or NOTHING),
            (words("report.page.cameras"), text.number(account.cameras)),
            (words("report.page.availability"), text.percent(account.availability.percent())),
            (words("report.chart.target").capitalize(), verdict(account, words, text)),
            (words("report.page.fee"), text.rupiah(account.fee)),
            (words("report.page.before_cap"), text.rupiah(account.penalties_sum)),
            (words("report.page.deduction"), text.rupiah(account.deduction)),
            (words("report.page.payable"), text.rupiah(account.payable)),
        )
    )
    yield _minutes(words("report.page.counted"), account.lost, words, text)
    yield Heading(words("report.page.penalties"))
    if account.penalties:
        yield _penalties(account, words, text)
        yield from _cut(len(account.penalties), MAX_PENALTIES, words, text)
    else:
        yield Paragraph(words("report.page.no_penalties"))
    yield Heading(words("report.page.excluded"))
    if account.excluded:
        yield _minutes(words("report.page.excluded"), account.excluded, words, text)
        yield from _exclusions(account, report, words, text)
    else:
        yield Paragraph(words("report.page.no_exclusions"))


def _minutes(caption: str, ms: Milliseconds, words: Words, text: NumberText) -> Table:
    columns = (
        Column(words("report.column.bucket"), 3),
        Column(words("report.column.minutes"), 1, number=True),
    )
    rows = [(words(f"ledger.bucket.{bucket}"), text.minutes(its)) for bucket, its in ms.items() if its]
    rows.append(("Σ", text.minutes(sum(ms.values()))))
    return Table(caption, columns, tuple(rows), frozenset({len(rows) - 1}))


def _penalties(account: Account, words: Words, text: NumberText) -> Table:
    columns = (
        Column(words("report.column.kind"), 1.8),
        Column(words("report.column.unit"), 2.4),
        Column(words("report.column.from"), 1.8),
        Column(words("report.column.basis"), 2, number=True),
        Column(words("report.column.quantity"), 1.8, number=True),
        Column(words("report.column.rate"), 1.6, number=True),
        Column(words("report.column.amount"), 2, number=True),
    )
    largest = sorted(account.penalties, key=lambda each: -each.amount)[:MAX_PENALTIES]
    rows = [_penalty(each, words, text) for each in largest]
    rows.append(("Σ", "", "", "", "", "", text.rupiah(account.penalties_sum)))
    return Table(words("report.page.penalties"), columns, tuple(rows), frozenset({len(rows) - 1}))


def _penalty(each: PenaltyRow, words: Words, text: NumberText) -> tuple[str, ...]:
    unit = f" {words(f'report.value.{each.each}')}" if each.each else ""
    quantity = each.quantity.normalize()
    places = min(6, max(0, -int(quantity.as_tuple().exponent)))
    rate = each.rate.normalize()
    rate_places = max(0, -int(rate.as_tuple().exponent))
    return (
        words(f"report.value.{each.what}"),
        each.unit or NOTHING,
        text.time(each.from_ms),
        text.rupiah(each.basis),
        text.number(quantity, places) + unit,
        text.number(rate, rate_places) if each.basis is not None else text.rupiah(each.rate),
        text.rupiah(each.amount),
    )


def _exclusions(account: Account, report: Report, words: Words, text: NumberText) -> Iterator[Block]:
    if not account.exclusions:
        return
    names = {(row.site, row.camera): name_of(row, words) for row in report.cameras}
    longest = sorted(account.exclusions, key=lambda each: (each.from_ms - each.to_ms, each.from_ms))
    columns = (
        Column(words("report.column.camera"), 3),
        Column(words("report.column.from"), 1.8),
        Column(words("report.column.to"), 1.8),
        Column(words("report.column.minutes"), 1.3, number=True),
        Column(words("report.column.reason"), 2.5),
    )
    rows = []
    for each in sorted(longest[:MAX_EXCLUSIONS], key=lambda each: (each.from_ms, each.site, each.camera)):
        reason = words(f"ledger.bucket.{each.bucket}")
        if each.decision is not None:
            reason = f"{reason} ({words('report.page.decided', number=each.decision)})"
        name = names.get((each.site, each.camera), f"{each.site} / {each.camera}")
        times = (text.time(each.from_ms), text.time(each.to_ms), text.minutes(each.to_ms - each.from_ms))
        rows.append((name, *times, reason))
    yield Table(words("report.page.excluded_list"), columns, tuple(rows))
    yield from _cut(len(account.exclusions), MAX_EXCLUSIONS, words, text)


def _cut(count: int, most: int, words: Words, text: NumberText) -> Iterator[Block]:
    if count > most:
        yield Paragraph(words("report.page.cut", shown=text.number(most), count=text.number(count)))

"""A report as a document for people: the first page for a head of department, then the details."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from pantau_collector.paper.blocks import Block, Document, Heading, Paragraph
from pantau_collector.reports.contract_pages import contract_pages
from pantau_collector.reports.detail_pages import camera_pages, decision_pages, group_page, outage_page, time_page
from pantau_collector.reports.document import Period, Report, Scope
from pantau_collector.reports.first_page import ACCOUNTS, accounts_table, first_page
from pantau_collector.reports.number_text import NumberText
from pantau_collector.reports.outage_views import PictureSource, picture_pages
from pantau_contract.words import Words


def pages(report: Report, words: Words, pictures: PictureSource) -> Document:
    """Return the document: the same for HTML and PDF."""
    text = NumberText(words, ZoneInfo(report.period.timezone))
    title = words("report.page.title", month=text.month(report.period.month))
    scope = _scope(report.scope, words)
    if report.scope.contract and report.accounts:
        scope = f"{scope} · {report.accounts[0].party_name or report.accounts[0].party}"
    blocks = _all(report, words, text, pictures) if report.has_data else _without_data(report, words, text)
    return Document(
        title=title,
        subtitle=f"{scope} · {_period(report.period, words, text)}",
        language=words.language,
        footer=words("report.page.footer", title=title, scope=scope),
        page_of=words("report.page.number", page="{page}", pages="{pages}"),
        blocks=tuple(blocks),
    )


def _all(report: Report, words: Words, text: NumberText, pictures: PictureSource) -> Iterator[Block]:
    yield from _status(report, words, text)
    yield from first_page(report, words, text)
    if report.scope.contract:
        for account in report.accounts:
            yield from contract_pages(account, report, words, text)
    elif len(report.accounts) > ACCOUNTS:
        yield Heading(words("report.page.contracts"), 1)
        yield accounts_table(report.accounts, words, text)
    yield from time_page(report, words, text)
    yield from group_page(report, words, text)
    yield from camera_pages(report, words, text)
    yield from outage_page(report, words, text)
    yield from picture_pages(report, words, text, pictures)
    yield from decision_pages(report, words, text)


def _without_data(report: Report, words: Words, text: NumberText) -> Iterator[Block]:
    yield from _status(report, words, text)
    yield Heading(words("report.page.no_data"))
    yield Paragraph(words("report.page.no_data_text"))
    yield from decision_pages(report, words, text)


def _status(report: Report, words: Words, text: NumberText) -> Iterator[Block]:
    period = report.period
    if period.closed_ms is not None:
        closed = words("report.page.closed", time=text.second(period.closed_ms), by=period.closed_by)
        if report.is_final:
            closed = f"{closed} {words('report.page.final')}"
        yield Paragraph(closed, note=True)
    elif period.is_running:
        yield Paragraph(words("report.page.running", time=text.second(period.to_ms)))
    if report.corrections:
        yield Paragraph(words("report.page.corrected"))


def _scope(scope: Scope, words: Words) -> str:
    if scope.contract:
        return scope.name or scope.contract
    if scope.by:
        return words("report.page.by", what=words(f"report.key.{scope.by}"))
    return words("report.page.city")


def _period(period: Period, words: Words, text: NumberText) -> str:
    return words(
        "report.page.period",
        from_=text.time(period.from_ms),
        to=text.time(period.to_ms),
        zone=period.timezone,
    )

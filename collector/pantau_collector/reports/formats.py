"""The formats of a report, each with its renderer."""

from collections.abc import Callable
from typing import Literal

from pantau_collector.reports import as_csv, as_json, as_xlsx, tables
from pantau_collector.reports.document import Report
from pantau_collector.reports.html import render_html
from pantau_collector.reports.outage_views import NO_PICTURES, PictureSource
from pantau_contract.words import Words

Format = Literal["html", "pdf", "xlsx", "csv", "json"]
Renderer = Callable[[Report, Words, PictureSource], bytes]


def _render_pdf(report: Report, words: Words, pictures: PictureSource) -> bytes:
    from pantau_collector.reports.pdf import render_pdf  # noqa: PLC0415 # takes long to load

    return render_pdf(report, words, pictures)


RENDERERS: dict[Format, Renderer] = {
    "pdf": _render_pdf,
    "html": render_html,
    "xlsx": lambda report, words, _pictures: as_xlsx.render(report, words),
    "json": lambda report, _words, _pictures: as_json.render(report),
}
"""What renders a whole report; CSV has one table at a time."""

FORMATS: tuple[Format, ...] = (*RENDERERS, "csv")


def render(
    report: Report,
    form: Format,
    words: Words,
    table: str | None = None,
    *,
    pictures: PictureSource = NO_PICTURES,
) -> bytes:
    """Return a report in a format; the same report gives the same bytes.

    `table` is the one that CSV has: otherwise the groups, or in the report of a contract its cameras.
    `pictures` are those of outages, which PDF and HTML show.
    """
    if form == "csv":
        name = table or ("cameras" if report.scope.contract else "groups")
        return as_csv.render(tables.table(report, name, words), words.language)
    return RENDERERS[form](report, words, pictures)

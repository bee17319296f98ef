"""The formats of a report, each with its renderer."""

from collections.abc import Callable
from typing import Literal

from pantau_collector.reports import as_csv, as_json, as_xlsx, tables
from pantau_collector.reports.document import Report
from pantau_contract.words import Words

Format = Literal["html", "pdf", "xlsx", "csv", "json"]
Renderer = Callable[[Report, Words], bytes]

RENDERERS: dict[Format, Renderer] = {
    "xlsx": as_xlsx.render,
    "json": lambda report, _words: as_json.render(report),
}
"""What renders a whole report; CSV has one table at a time."""

FORMATS: tuple[Format, ...] = (*RENDERERS, "csv")


def render(report: Report, form: Format, words: Words, table: str | None = None) -> bytes:
    """Return a report in a format; the same report gives the same bytes.

    `table` is the one that CSV has: otherwise the groups, or in the report of a contract its cameras.
    """
    if form == "csv":
        name = table or ("cameras" if report.scope.contract else "groups")
        return as_csv.render(tables.table(report, name, words), words.language)
    return RENDERERS[form](report, words)

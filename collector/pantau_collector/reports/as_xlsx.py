"""A report as a workbook: a sheet for each table that has rows, with a summary before them.

Text is always written as text, never as a formula or a link. No time of day is in the file: the same report gives
the same bytes.
"""

import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from heapq import nlargest
from typing import Any

from msgspec.structs import replace

from pantau_collector.reports.cells import Cell
from pantau_collector.reports.document import Report
from pantau_collector.reports.summary import summary
from pantau_collector.reports.tables import NAMES, Table, table
from pantau_contract.words import Words

MAX_OUTAGES = 20_000
"""Outages in a workbook at most. A spreadsheet holds more, and nobody can open it any more; CSV has all."""
_MAX_TEXT = 32_767
"""Characters that a cell holds at most."""
_MADE = datetime(2000, 1, 1, tzinfo=UTC)
"""What the file says of when it was made: always the same."""
_WIDTHS = (8, 60)
"""Narrowest and widest column, in characters."""
_ROWS_MEASURED = 100
"""Rows of a table by which the width of its columns is chosen."""


def render(report: Report, words: Words) -> bytes:
    """Return the report as XLSX. Of more outages it has the `MAX_OUTAGES` longest, and says how many it lacks."""
    shown, cut = _longest(report)
    tables = [summary(report, words), *(table(shown, name, words) for name in NAMES)]
    notes = {"outages": words("report.table.cut", count=cut)} if cut else {}
    return workbook([each for each in tables if len(each.rows)], words, notes)


def workbook(tables: Iterable[Table], words: Words, notes: dict[str, str] | None = None) -> bytes:
    """Return tables as the sheets of a workbook; a note stands below the rows of its table."""
    from xlsxwriter import Workbook  # noqa: PLC0415 # takes long to load

    out = io.BytesIO()
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    book = Workbook(out, options)
    book.set_properties({"created": _MADE})
    sheets = _Sheets(book)
    for each in tables:
        sheets.add(words(f"report.table.{each.name}"), each, (notes or {}).get(each.name))
    book.close()
    return out.getvalue()


class _Sheets:
    def __init__(self, book: Any) -> None:
        self._book = book
        self._bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        self._time = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._decimals = [
            book.add_format({"num_format": "#,##0" + ("." + "0" * n if n else "")}) for n in range(7)
        ]

    def add(self, title: str, content: Table, note: str | None) -> None:
        """Write a sheet; rows are written one after another and forgotten."""
        sheet = self._book.add_worksheet(title)
        first = [row for row, _ in zip(content.rows, range(_ROWS_MEASURED), strict=False)]
        for column, width in enumerate(_widths(content.headings, first)):
            sheet.set_column(column, column, width)
        sheet.freeze_panes(1, 0)
        for column, heading in enumerate(content.headings):
            sheet.write_string(0, column, heading, self._bold)
        row = 0
        for row, cells in enumerate(content.rows, 1):
            for column, cell in enumerate(cells):
                self._write(sheet, row, column, cell)
        if content.headings and row:
            sheet.autofilter(0, 0, row, len(content.headings) - 1)
        if note is not None:
            sheet.write_string(row + 2, 0, note)

    def _write(self, sheet: Any, row: int, column: int, cell: Cell) -> None:
        match cell:
            case None | "":
                pass
            case str():
                sheet.write_string(row, column, cell[:_MAX_TEXT])
            case datetime():
                sheet.write_datetime(row, column, cell, self._time)
            case Decimal():
                exponent = cell.as_tuple().exponent
                digits = min(-exponent, 6) if isinstance(exponent, int) and exponent < 0 else 0
                sheet.write_number(row, column, float(cell), self._decimals[digits])
            case _:
                sheet.write_number(row, column, cell, self._decimals[0])


def _longest(report: Report) -> tuple[Report, int]:
    """Return the report with its longest outages in their order, and how many are not among them."""
    cut = len(report.outages) - MAX_OUTAGES
    if cut <= 0:
        return report, 0
    numbers = range(len(report.outages))
    kept = sorted(nlargest(MAX_OUTAGES, numbers, key=lambda i: (report.outages[i].ms_in_period, -i)))
    return replace(report, outages=tuple(report.outages[i] for i in kept)), cut


def _widths(headings: Sequence[str], rows: Sequence[tuple[Cell, ...]]) -> list[int]:
    low, high = _WIDTHS
    widths = [len(heading) // 2 + 2 for heading in headings]
    for row in rows:
        for column, cell in enumerate(row):
            length = 19 if isinstance(cell, datetime) else len(str(cell)) if cell is not None else 0
            widths[column] = max(widths[column], length + 1)
    return [min(max(width, low), high) for width in widths]

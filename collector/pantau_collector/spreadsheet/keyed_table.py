"""Reads and writes sheets whose columns are named by keys of the configuration, as contracts are exchanged."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pantau_collector.spreadsheet.delimited import SUFFIXES as TEXT_SUFFIXES
from pantau_collector.spreadsheet.delimited import read_rows
from pantau_collector.spreadsheet.limits import MAX_BYTES
from pantau_collector.spreadsheet.workbook import SUFFIXES, Row, open_workbook
from pantau_collector.spreadsheet.writing import write_sheet
from pantau_service.settings import ConfigError

if TYPE_CHECKING:
    from openpyxl import Workbook

_HEADER_WITHIN = 20
"""Rows among which the header is looked for."""


class KeyedTable(NamedTuple):
    """The header of a sheet, and the rows below it that are not empty, each with its number."""

    path: Path
    header: list[str]
    rows: list[Row]

    def values(self, row: Row) -> dict[str, str]:
        """Return the cells of a row that are not empty, by key."""
        return {key: cell for key, cell in zip(self.header, row[1], strict=False) if key and cell}


def read_keyed_table(path: Path, required: Sequence[str]) -> KeyedTable:
    """Read a .csv (comma, semicolon or tab), or the first visible sheet of a workbook with the required columns.

    Raises:
        ConfigError: the file cannot be read, is too large, or has no such header.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigError([f"{path}: expected at most {MAX_BYTES // 1_000_000} MB"])
        if path.suffix.lower() in SUFFIXES:
            tables = _workbook(path, required)
        elif path.suffix.lower() in TEXT_SUFFIXES:
            tables = read_rows(
                path, lambda rows: max((len(set(required) & set(cells)) for _, cells in rows), default=0)
            ).rows
        else:
            raise ConfigError([f"{path}: expected a .csv, .xlsx, .xls or .ods file: save it as one of them"])
    except OSError as error:
        raise ConfigError([f"{path}: expected a file that can be read ({error.strerror})"]) from None
    for at, (_, cells) in enumerate(tables[:_HEADER_WITHIN]):
        header = [cell.strip() for cell in cells]
        if set(required) <= set(header):
            twice = sorted({key for key in header if key and header.count(key) > 1})
            if twice:
                raise ConfigError([f"{path}: expected each column once, and there are two of {', '.join(twice)}"])
            rows = [(number, [cell.strip() for cell in its]) for number, its in tables[at + 1 :]]
            return KeyedTable(path, header, [row for row in rows if any(row[1])])
    raise ConfigError([f"{path}: expected a row with the columns {', '.join(required)}, and there is none"])


def write_keyed_table(path: Path, title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write an .xlsx or a .csv.

    Raises:
        ConfigError: the file exists already, cannot be written, or is of another kind.
    """
    write_sheet(path, [header, *rows], lambda: _book(title, header, rows))


def _workbook(path: Path, required: Sequence[str]) -> list[Row]:
    with open_workbook(path) as workbook:
        for index, each in enumerate(workbook.sheets):
            heads = [{cell.strip() for cell in cells} for _, cells in each.head]
            if each.visible and any(set(required) <= head for head in heads):
                content = workbook.read(index)
                wrong = [f"{path}: row {row}: {text}" for (row, _), text in sorted(content.unreadable.items())]
                if wrong:
                    raise ConfigError(wrong)
                return content.rows
    return []


def _book(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> "Workbook":
    from openpyxl import Workbook  # noqa: PLC0415 # takes long to load, and few commands need it
    from openpyxl.styles import Font  # noqa: PLC0415

    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = title
    for number, cells in enumerate([header, *rows], 1):
        for at, text in enumerate(cells, 1):
            if text:
                cell = sheet.cell(number, at, text)
                cell.data_type = "s"  # text, also if it looks like a formula
                cell.number_format = "@"
                if number == 1:
                    cell.font = Font(bold=True)
    sheet.freeze_panes = "B2"
    return book

"""Reads and writes sheets whose columns are named by keys of the configuration, as contracts are exchanged."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pantau_collector.spreadsheet.limits import MAX_BYTES, MAX_COLUMNS, MAX_ROWS
from pantau_collector.spreadsheet.workbook import SUFFIXES, Row, open_workbook
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
        elif path.suffix.lower() == ".csv":
            tables = _delimited(path)
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
    """Write an .xlsx or a .csv (semicolons, UTF-8 with a byte order mark, as Excel in Indonesia expects).

    Raises:
        ConfigError: the file exists already, cannot be written, or is of another kind.
    """
    try:
        if path.suffix.lower() == ".xlsx":
            with path.open("xb") as file:
                _book(title, header, rows).save(file)
        elif path.suffix.lower() == ".csv":
            text = io.StringIO(newline="")
            csv.writer(text, delimiter=";").writerows([header, *rows])
            with path.open("xb") as file:
                file.write(text.getvalue().encode("utf-8-sig"))
        else:
            raise ConfigError([f"{path}: expected a name that ends in .xlsx or .csv"])
    except FileExistsError:
        raise ConfigError([f"{path}: there is such a file already; choose another name"]) from None
    except OSError as error:
        raise ConfigError([f"{path}: expected a file that can be written ({error.strerror})"]) from None


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


def _delimited(path: Path) -> list[Row]:
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError([f"{path}: expected text in UTF-8: save it as CSV UTF-8"]) from None
    first = text.partition("\n")[0]
    separator = max(";,\t", key=first.count)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        raise ConfigError([f"{path}: expected CSV ({error})"]) from None
    if len(rows) > MAX_ROWS or any(len(cells) > MAX_COLUMNS for cells in rows):
        raise ConfigError([f"{path}: expected at most {MAX_ROWS:,} rows of {MAX_COLUMNS:,} columns"])
    return list(enumerate(rows, 1))


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

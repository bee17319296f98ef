"""From a file to rows of text. What a spreadsheet program makes of CSV differs by country; all of it is taken."""

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from openpyxl import load_workbook
from openpyxl.utils import get_column_letter

from pantau_collector.spreadsheet.columns import column_named
from pantau_service.settings import ConfigError

MAX_BYTES = 50_000_000
MAX_UNPACKED_BYTES = 500_000_000
MAX_ROWS = 200_000
MAX_CELL = 10_000
"""Characters; what is longer belongs into no inventory."""
_HEADER_WITHIN = 20
_FEWEST_KNOWN = 2
_SEPARATORS = ",;\t|"

Row = tuple[int, list[str]]
"""A row's number, as the spreadsheet program shows it, and its cells."""


class Sheet(NamedTuple):
    """A header and the rows below it that are not empty; cells are stripped, and empty where there is nothing."""

    path: Path
    header: list[str]
    rows: list[Row]

    def place(self, row: int, column: int) -> str:
        """Where a cell stands: `cctv.xlsx: row 77, column E`. Columns are counted from 0."""
        return f"{self.path}: row {row}, column {get_column_letter(column + 1)}"


def read_sheet(path: Path, *, name: str | None = None) -> Sheet:
    """Reads a CSV file (comma, semicolon or tab; UTF-8, UTF-16 or Windows-1252) or an XLSX workbook.

    The header is the first row that names two known columns: titles above it are passed over.

    Args:
        path: the file; its name says which kind it is.
        name: of the workbook's sheet; without it the first one that has such a header.

    Raises:
        ConfigError: it cannot be read, or has no such header.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigError([f"{path}: expected at most {MAX_BYTES // 1_000_000} MB"])
        if path.suffix.lower() in (".xlsx", ".xlsm"):
            return _workbook(path, name)
        if path.suffix.lower() not in (".csv", ".tsv", ".txt"):
            raise ConfigError([f"{path}: expected a .csv or .xlsx file: save it as one of them"])
        if name is not None:
            raise ConfigError([f"{path}: a CSV file has no sheets to choose from"])
        sheet = _with_header(path, _csv_rows(path))
    except OSError as error:
        raise ConfigError([f"{path}: expected a file that can be read ({error.strerror})"]) from None
    if sheet is None:
        raise ConfigError([_no_header(path)])
    return sheet


def _workbook(path: Path, name: str | None) -> Sheet:
    try:
        sheet = _unpacked(path, name)
    except (ConfigError, OSError):
        raise
    except Exception as error:  # noqa: BLE001 - a damaged file makes zipfile, zlib and the XML parser raise anything
        raise ConfigError([f"{path}: expected an XLSX workbook: {type(error).__name__}: {error}"]) from None
    if sheet is None:
        raise ConfigError([_no_header(path)])
    return sheet


def _unpacked(path: Path, name: str | None) -> Sheet | None:
    with zipfile.ZipFile(path) as packed:
        if sum(part.file_size for part in packed.infolist()) > MAX_UNPACKED_BYTES:
            raise ConfigError([f"{path}: expected at most {MAX_UNPACKED_BYTES // 1_000_000} MB, unpacked"])
    with closing(load_workbook(path, read_only=True, data_only=True)) as book:
        names = [sheet.title for sheet in book.worksheets]
        if name is not None and name not in names:
            raise ConfigError([f"{path}: there is no sheet `{name}`; expected one of {', '.join(names)}"])
        for found in [name] if name is not None else names:
            rows = book[found].iter_rows(values_only=True)
            sheet = _with_header(path, _workbook_rows(path, rows))
            if sheet is not None:
                return sheet
    return None


def _workbook_rows(path: Path, rows: Iterable[tuple[object, ...]]) -> Iterator[Row]:
    for number, cells in enumerate(rows, 1):
        _limit(path, number)
        yield number, [_text(cell) for cell in cells]


def _csv_rows(path: Path) -> Iterator[Row]:
    text = _decoded(path)
    # Excel's own first line, which names the separator.
    told = text[4] if text[:4].lower() == "sep=" and text[4:5] else ""
    skipped = 1 if told else 0
    separator = told or _separator(text)
    lines = io.StringIO(text, newline="")
    try:
        for number, cells in enumerate(csv.reader(lines, delimiter=separator), 1):
            _limit(path, number)
            if number > skipped:
                yield number, [cell.strip() for cell in cells]
    except csv.Error as error:
        raise ConfigError([f"{path}: expected CSV: {error}"]) from None


def _decoded(path: Path) -> str:
    content = path.read_bytes()
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if wide else ("utf-8-sig", "cp1252"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise ConfigError([f"{path}: expected text in UTF-8 or Windows-1252: save it as CSV UTF-8"])


def _separator(text: str) -> str:
    """What parts the line with the most parts among the first ones; between quotes nothing counts."""
    lines = io.StringIO(text[:20_000], newline="")
    bare = ["".join(line.split('"')[::2]) for line in lines.readlines()[:_HEADER_WITHIN]]
    return max(_SEPARATORS, key=lambda separator: max((line.count(separator) for line in bare), default=0))


def _with_header(path: Path, rows: Iterator[Row]) -> Sheet | None:
    for number, cells in rows:
        if len({known for cell in cells if (known := column_named(cell))}) >= _FEWEST_KNOWN:
            return Sheet(path, cells, [row for row in rows if any(row[1])])
        if number >= _HEADER_WITHIN:
            break
    return None


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, float):
        # A whole number that somebody typed comes as 7.0; a float's own digits are what was typed.
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    return str(cell)[:MAX_CELL].strip()


def _limit(path: Path, number: int) -> None:
    if number > MAX_ROWS:
        raise ConfigError([f"{path}: expected at most {MAX_ROWS:,} rows"])


def _no_header(path: Path) -> str:
    return (
        f"{path}: expected a row with column names such as site, camera, name, owner, latitude, longitude"
        f" (or lokasi, kamera, nama, pemilik, lintang, bujur) among the first {_HEADER_WITHIN};"
        " `pantau-collector inventory template FILE` makes an example"
    )

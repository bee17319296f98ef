"""Reads a spreadsheet file into rows of text. CSV differs by program and country; all its variants are read."""

import csv
import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from pantau_collector.spreadsheet.columns import column_named
from pantau_collector.spreadsheet.limits import MAX_BYTES, MAX_COLUMNS, MAX_ROWS
from pantau_collector.spreadsheet.workbook import SUFFIXES, open_workbook
from pantau_service.settings import ConfigError

_TEXT_SUFFIXES = (".csv", ".tsv", ".txt")

_HEADER_WITHIN = 20
"""Rows from the top among which the header must be."""

_FEWEST_KNOWN = 2
"""Known column names that make a row the header."""

_SEPARATORS = ",;\t|"

Row = tuple[int, list[str]]
"""A row's number, counted from 1 as spreadsheet programs do, and its cells."""


class Sheet(NamedTuple):
    """A header and the rows below it that are not empty. Cells are stripped text; rows differ in length."""

    path: Path
    header: list[str]
    rows: list[Row]

    def place(self, row: int, column: int) -> str:
        """Return where a cell is, as `cctv.xlsx: row 77, column E`. Columns are counted from 0."""
        return f"{self.path}: row {row}, column {column_letters(column)}"


def column_letters(column: int) -> str:
    """Return a column's name in spreadsheet programs, counted from 0: A, B, ..., Z, AA."""
    letters = ""
    column += 1
    while column:
        column, letter = divmod(column - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return letters


def read_sheet(path: Path, *, name: str | None = None) -> Sheet:
    """Read a CSV file (comma, semicolon or tab; UTF-8, UTF-16 or Windows-1252) or a workbook (.xlsx, .xls, .ods).

    The header is the first row that names two known columns; rows above it, such as titles, are skipped.

    Args:
        path: the file; its name decides whether it is text or a workbook.
        name: the name of the workbook's sheet; None for the first one that has such a header.

    Raises:
        ConfigError: the file cannot be read, is too large, or has no such header.
    """
    suffix = path.suffix.lower()
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigError([f"{path}: expected at most {MAX_BYTES // 1_000_000} MB"])
        if suffix in SUFFIXES:
            sheet = _workbook(path, name)
        elif suffix not in _TEXT_SUFFIXES:
            raise ConfigError([f"{path}: expected a .csv, .xlsx, .xls or .ods file: save it as one of them"])
        elif name is not None:
            raise ConfigError([f"{path}: a CSV file has no sheets to choose from"])
        else:
            sheet = _with_header(path, _csv_rows(path))
    except OSError as error:
        raise ConfigError([f"{path}: expected a file that can be read ({error.strerror})"]) from None
    if sheet is None:
        raise ConfigError([_no_header(path)])
    return sheet


def _workbook(path: Path, name: str | None) -> Sheet | None:
    with open_workbook(path) as workbook:
        if name is not None and name not in workbook.names:
            raise ConfigError([f"{path}: there is no sheet `{name}`; expected one of {', '.join(workbook.names)}"])
        for found in workbook.sheets():
            if name in (None, found):
                sheet = _with_header(path, _numbered(path, workbook.rows()))
                if sheet is not None:
                    return sheet
    return None


def _csv_rows(path: Path) -> Iterator[Row]:
    text = _decoded(path)
    # Excel may write a first line such as `sep=;` that names the separator.
    named = text[4] if text[:4].lower() == "sep=" and text[4:5] else ""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=named or _separator(text))
    try:
        for number, cells in _numbered(path, rows):
            if not (named and number == 1):
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
    """Return the separator that occurs most often in a line among the first ones, not counting quoted text."""
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


def _numbered(path: Path, rows: Iterable[list[str]]) -> Iterator[Row]:
    """Number the rows from 1, within the limits of rows and columns."""
    for number, cells in enumerate(rows, 1):
        if number > MAX_ROWS:
            raise ConfigError([f"{path}: expected at most {MAX_ROWS:,} rows"])
        if len(cells) > MAX_COLUMNS and any(cells[MAX_COLUMNS:]):
            raise ConfigError([f"{path}: expected at most {MAX_COLUMNS:,} columns, and row {number} has more"])
        yield number, cells


def _no_header(path: Path) -> str:
    return (
        f"{path}: expected a row with column names such as site, camera, name, owner, latitude, longitude"
        f" (or lokasi, kamera, nama, pemilik, lintang, bujur) among the first {_HEADER_WITHIN};"
        " `pantau-collector inventory template FILE` makes an example"
    )

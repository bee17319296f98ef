"""Reads a spreadsheet file into rows of text as people see it in their program."""

from pathlib import Path
from typing import NamedTuple

from pantau_collector.spreadsheet import delimited
from pantau_collector.spreadsheet.header import Row, best_rank, find_header
from pantau_collector.spreadsheet.limits import HEADER_WITHIN, MAX_BYTES
from pantau_collector.spreadsheet.workbook import SUFFIXES, WorkbookRows, open_workbook
from pantau_service.settings import ConfigError

_WORKBOOK_STARTS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


class Sheet(NamedTuple):
    """A header and the rows below it that are not empty. Cells are stripped text; rows differ in length.

    `unreadable` says of cells, by row and column, why their text must not be used. `hidden_columns` holds the
    names of columns that people do not see; in `header` they are empty. `remarks` and `unread` are lines about
    what is passed over, `unread` about rows that may belong to the list.
    """

    path: Path
    header: list[str]
    rows: list[Row]
    unreadable: dict[tuple[int, int], str]
    hidden_columns: dict[int, str]
    remarks: list[str]
    unread: list[str]

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

    The header is the row among the first ones that names the required columns and the most known ones; rows above
    it, such as titles, are skipped. Of a workbook, hidden sheets, rows and columns are passed over.

    Args:
        path: the file.
        name: the name of the workbook's sheet; None for the first visible one that has such a header.

    Raises:
        ConfigError: the file cannot be read, is too large, or has no such header.
    """
    suffix = path.suffix.lower()
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigError([f"{path}: expected at most {MAX_BYTES // 1_000_000} MB"])
        if suffix not in (*SUFFIXES, *delimited.SUFFIXES):
            raise ConfigError([f"{path}: expected a .csv, .xlsx, .xls or .ods file: save it as one of them"])
        if suffix in SUFFIXES or _starts_as_workbook(path):
            sheet = _workbook(path, name)
        elif name is not None:
            raise ConfigError([f"{path}: a CSV file has no sheets to choose from"])
        else:
            sheet = _delimited(path)
    except OSError as error:
        raise ConfigError([f"{path}: expected a file that can be read ({error.strerror})"]) from None
    if sheet is None:
        raise ConfigError([_no_header(path)])
    return sheet


def _starts_as_workbook(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) in _WORKBOOK_STARTS


def _delimited(path: Path) -> Sheet | None:
    found = delimited.read_delimited(path)
    return Sheet(path, found.cells, found.rows, {}, {}, [], []) if found else None


def _workbook(path: Path, name: str | None) -> Sheet | None:
    with open_workbook(path) as workbook:
        chosen = _choose(path, workbook, name)
        if chosen is None:
            return None
        content = workbook.read(chosen)
        others = [
            each.name
            for index, each in enumerate(workbook.sheets)
            if name is None and index != chosen and each.visible and best_rank(each.head)[0]
        ]
        hidden = [each.name for each in workbook.sheets if not each.visible and best_rank(each.head)[0]]
    found = find_header(content.rows)
    if found is None:
        return None
    hidden_columns = {at: cell for at, cell in enumerate(found.cells) if cell and content.is_hidden(at)}
    header = ["" if at in hidden_columns else cell for at, cell in enumerate(found.cells)]
    unread = [f"{path}: sheet `{each}` is passed over: choose it by --sheet, or put all in one" for each in others]
    hidden_rows = [row for row in content.hidden_rows if row > found.number]
    if hidden_rows:
        unread.append(f"{path}: {row_numbers(hidden_rows)} hidden and passed over: show them, or delete them")
    remarks = [
        f"{path}: column {column_letters(at)} ({cell}) is hidden and is passed over"
        for at, cell in hidden_columns.items()
    ]
    if name is None:
        remarks += [f"{path}: sheet `{each}` is hidden and is passed over" for each in hidden]
    rows = [row for row in found.rows if any(cell and not content.is_hidden(at) for at, cell in enumerate(row[1]))]
    return Sheet(path, header, rows, content.unreadable, hidden_columns, remarks, unread)


def _choose(path: Path, workbook: WorkbookRows, name: str | None) -> int | None:
    """Return the index of the sheet to read: the one of that name, or the first visible one with a header."""
    names = [each.name for each in workbook.sheets]
    if name is not None:
        if name not in names:
            raise ConfigError([f"{path}: there is no sheet `{name}`; expected one of {', '.join(names)}"])
        return names.index(name)
    for complete in (True, False):
        for index, each in enumerate(workbook.sheets):
            required, known = best_rank(each.head)
            if each.visible and known and (required or not complete):
                return index
    return None


def row_numbers(rows: list[int]) -> str:
    """Return row numbers as `rows 4-6, 9 are`."""
    ranges: list[list[int]] = []
    for row in rows:
        if ranges and ranges[-1][1] == row - 1:
            ranges[-1][1] = row
        else:
            ranges.append([row, row])
    shown = ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges[:10])
    more = ", ..." if len(ranges) > 10 else ""
    return f"row {shown} is" if len(rows) == 1 else f"rows {shown}{more} are"


def _no_header(path: Path) -> str:
    return (
        f"{path}: expected a row with column names such as site, camera, name, owner, latitude, longitude"
        f" (or lokasi, kamera, nama, pemilik, lintang, bujur) among the first {HEADER_WITHIN} that are not hidden;"
        " `pantau-collector inventory template FILE` makes an example"
    )

"""Reads ODS (OpenDocument 1.2, part 1), where a cell's text as people see it is stored beside its value."""

import re
from collections.abc import Iterator
from zipfile import ZipFile

from pantau_collector.spreadsheet.grid import (
    FORMULA,
    FORMULA_TEXT,
    GridRow,
    MergedRange,
    NotReadableError,
    SheetInfo,
    TooLargeError,
    check_column,
)
from pantau_collector.spreadsheet.limits import MAX_ROWS
from pantau_collector.spreadsheet.number_format import plain
from pantau_collector.spreadsheet.values import date_problem, unusable
from pantau_collector.spreadsheet.xml_parts import local_name, parse_part

_GROUPED = re.compile(r"\d[.,'\s]\d")
_HIDDEN = ("collapse", "filter")


class OdsFile:
    """An ODS workbook, read whole: its sheets are one document.

    Raises:
        NotReadableError: the file is protected by a password.
    """

    def __init__(self, archive: ZipFile) -> None:
        names = {info.filename: info for info in archive.infolist()}
        if "META-INF/manifest.xml" in names and b"encryption-data" in archive.read("META-INF/manifest.xml"):
            raise NotReadableError("it is protected by a password: save it without one")
        self._reader = _ContentReader()
        parse_part(archive, names["content.xml"], self._reader.start, self._reader.end, self._reader.text)
        self.sheets = [SheetInfo(each.name, each.visible) for each in self._reader.tables]

    def rows(self, index: int) -> Iterator[GridRow]:
        """Yield the rows of a sheet from the top, blank rows left out."""
        table = self._reader.tables[index]
        for row in table.rows:
            yield GridRow(row.number, row.hidden, dict(row.cells), dict(row.problems))
        if table.too_large:
            raise TooLargeError(table.too_large)

    def merged(self, index: int) -> list[MergedRange]:
        """Return a sheet's merged cells."""
        return self._reader.tables[index].merged

    def hidden_columns(self, index: int) -> list[tuple[int, int]]:
        """Return a sheet's hidden columns as ranges, both ends included."""
        return self._reader.tables[index].hidden_columns


class _Table:
    """A sheet while it is read."""

    def __init__(self, name: str, *, visible: bool) -> None:
        self.name = name
        self.visible = visible
        self.rows: list[GridRow] = []
        self.merged: list[MergedRange] = []
        self.hidden_columns: list[tuple[int, int]] = []
        self.too_large = ""
        self.next_row = 1
        self.next_column = 0


class _ContentReader:
    """Turns the elements of `content.xml` into tables."""

    def __init__(self) -> None:
        self.tables: list[_Table] = []
        self._depth = 0
        self._hidden_styles: set[str] = set()
        self._style = ""
        self._table_depth = 0
        self._cell_depth = 0
        self._table = _Table("", visible=False)
        self._row = GridRow(0, False, {}, {})
        self._row_repeated = 1
        self._column = 0
        self._cell: dict[str, str] = {}
        self._paragraphs: list[list[str]] = []
        self._in_paragraph = False

    def start(self, tag: str, values: dict[str, str]) -> None:
        self._depth += 1
        name = local_name(tag)
        if self._cell_depth:
            self._start_in_cell(name, values)
        elif name == "table" and not self._table_depth:
            self._table_depth = self._depth
            self._table = _Table(
                values.get("table:name", ""),
                visible=values.get("table:style-name") not in self._hidden_styles
                and values.get("table:display") != "false",
            )
            self.tables.append(self._table)
        elif self._table_depth:
            self._start_in_table(name, values)
        elif name == "style":
            self._style = values.get("style:name", "")
        elif name == "table-properties" and values.get("table:display") == "false":
            self._hidden_styles.add(self._style)

    def end(self, tag: str) -> None:
        if self._depth == self._cell_depth:
            self._end_cell()
            self._cell_depth = 0
        elif self._cell_depth and self._depth == self._cell_depth + 1:
            self._in_paragraph = False
        elif self._depth == self._table_depth:
            self._table_depth = 0
        elif self._table_depth and local_name(tag) == "table-row":
            self._end_row()
        self._depth -= 1

    def text(self, data: str) -> None:
        if self._in_paragraph:
            self._paragraphs[-1].append(data)

    def _start_in_table(self, name: str, values: dict[str, str]) -> None:
        match name:
            case "table-column":
                repeated = int(values.get("table:number-columns-repeated", 1))
                first = self._table.next_column
                if values.get("table:visibility") in _HIDDEN:
                    self._table.hidden_columns.append((first, first + repeated - 1))
                self._table.next_column += repeated
            case "table-row":
                self._row_repeated = int(values.get("table:number-rows-repeated", 1))
                hidden = values.get("table:visibility") in _HIDDEN
                self._row = GridRow(self._table.next_row, hidden, {}, {})
                self._column = 0
            case "table-cell":
                self._cell, self._cell_depth = values, self._depth
                self._paragraphs = []
            case "covered-table-cell":  # what stands under a merged cell, which nobody sees
                self._column += int(values.get("table:number-columns-repeated", 1))

    def _start_in_cell(self, name: str, values: dict[str, str]) -> None:
        if name == "p" and self._depth == self._cell_depth + 1:  # not that of a comment or a drawing
            self._paragraphs.append([])
            self._in_paragraph = True
        elif self._in_paragraph:
            match name:
                case "s":
                    self._paragraphs[-1].append(" " * min(int(values.get("text:c", 1)), 100))
                case "tab" | "line-break":
                    self._paragraphs[-1].append("\n" if name == "line-break" else "\t")

    def _end_cell(self) -> None:
        first, repeated = self._column, int(self._cell.get("table:number-columns-repeated", 1))
        self._column += repeated
        down = int(self._cell.get("table:number-rows-spanned", 1))
        right = int(self._cell.get("table:number-columns-spanned", 1))
        if down > 1 or right > 1:
            top = self._row.number
            self._table.merged.append(MergedRange(top, first, top + down - 1, first + right - 1))
        text, problem = self._shown()
        if not text.strip() and not problem:
            return
        try:
            check_column(self._column - 1, self._row.number)
        except TooLargeError as error:
            self._table.too_large = self._table.too_large or str(error)
            return
        for column in range(first, self._column):
            self._row.cells[column] = text
            if problem:
                self._row.problems[column] = problem

    def _shown(self) -> tuple[str, str]:
        """Return the cell's text as people see it, and why it must not be used."""
        shown = "\n".join("".join(parts) for parts in self._paragraphs)
        kind = self._cell.get("office:value-type", "")
        if kind in ("date", "time"):
            date = self._cell.get(f"office:{kind}-value", shown)
            return date, date_problem(date)
        if unusable(shown):  # some versions write an error as the number 0
            return shown, ""
        value = self._cell.get("office:value")
        if kind in ("float", "currency") and value is not None:
            return _number(float(value), shown), ""
        if "table:formula" in self._cell and kind in ("", "float") and not shown:
            return FORMULA_TEXT, FORMULA
        return shown or self._stored_text(kind), ""

    def _stored_text(self, kind: str) -> str:
        """Return a value for which no text is stored."""
        if kind == "percentage":
            return f"{plain(float(self._cell.get('office:value', '0')) * 100)}%"
        if self._cell.get("calcext:value-type") == "error":
            return "#N/A"
        return self._cell.get("office:boolean-value", "").upper() or self._cell.get("office:string-value", "")

    def _end_row(self) -> None:
        table, number = self._table, self._row.number
        table.next_row = number + self._row_repeated
        if not self._row.cells or table.too_large:
            return
        if table.next_row - 1 > MAX_ROWS:
            table.too_large = f"expected at most {MAX_ROWS:,} rows"
            return
        table.rows.extend(self._row._replace(number=at) for at in range(number, table.next_row))


def _number(number: float, shown: str) -> str:
    """Return a whole number as it is shown, such as `007`, and any other with all its digits."""
    digits = re.sub(r"\D", "", shown)
    if number == int(number) and digits.lstrip("0") == str(abs(int(number))).lstrip("0") and digits:
        return plain(number) if _GROUPED.search(shown) else shown
    return plain(number)

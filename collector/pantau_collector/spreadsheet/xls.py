"""Reads XLS (BIFF, Excel 97 to 2003) by xlrd, with what people see: formats, errors, hidden rows and columns."""

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import xlrd

from pantau_collector.spreadsheet.grid import (
    FORMULA,
    FORMULA_TEXT,
    GridRow,
    MergedRange,
    NotReadableError,
    SheetInfo,
)
from pantau_collector.spreadsheet.number_format import GENERAL, date_text, is_date, shown_number, shown_text
from pantau_collector.spreadsheet.values import date_problem

_FORMULA_RECORD = 0x0006
_BIFF8 = 80


class XlsFile:
    """An open XLS workbook.

    Raises:
        NotReadableError: the file is protected by a password, or damaged.
    """

    def __init__(self, path: Path) -> None:
        try:
            with Path(os.devnull).open("w", encoding="utf-8") as log:
                self._book: Any = xlrd.open_workbook(
                    str(path), logfile=log, formatting_info=True, ragged_rows=True, on_demand=True
                )
                self._sheets = [self._book.sheet_by_index(index) for index in range(self._book.nsheets)]
        except xlrd.XLRDError as error:
            if "encrypted" in str(error):
                raise NotReadableError("it is protected by a password: save it without one") from None
            raise NotReadableError(str(error)) from None
        self._formats = [self._book.format_map[xf.format_key].format_str for xf in self._book.xf_list]
        self.sheets = [SheetInfo(sheet.name, sheet.visibility == 0) for sheet in self._sheets]

    def rows(self, index: int) -> Iterator[GridRow]:
        """Yield the rows of a sheet from the top, blank rows left out."""
        sheet = self._sheets[index]
        without_value = self._formulas_without_value(index)
        for at in range(sheet.nrows):
            info = sheet.rowinfo_map.get(at)
            row = GridRow(at + 1, bool(info and info.hidden), {}, {})
            for column, cell in enumerate(sheet.row(at)):
                text, problem = (FORMULA_TEXT, FORMULA) if (at, column) in without_value else self._shown(cell)
                if text.strip() or problem:
                    row.cells[column] = text
                if problem:
                    row.problems[column] = problem
            if row.cells:
                yield row

    def merged(self, index: int) -> list[MergedRange]:
        """Return a sheet's merged cells."""
        return [
            MergedRange(top + 1, left, bottom, right - 1)
            for top, bottom, left, right in self._sheets[index].merged_cells
        ]

    def hidden_columns(self, index: int) -> list[tuple[int, int]]:
        """Return a sheet's hidden columns as ranges, both ends included."""
        infos = self._sheets[index].colinfo_map.items()
        return [(at, at) for at, info in sorted(infos) if info.hidden or info.width == 0]

    def _shown(self, cell: Any) -> tuple[str, str]:
        """Return a cell's text as people see it, and why it must not be used."""
        code = self._formats[cell.xf_index] if cell.xf_index is not None else GENERAL
        match cell.ctype:
            case xlrd.XL_CELL_TEXT:
                return shown_text(cell.value, code), ""
            case xlrd.XL_CELL_NUMBER | xlrd.XL_CELL_DATE:
                if not is_date(code):
                    return shown_number(cell.value, code), ""
                date = date_text(cell.value, since_1904=self._book.datemode == 1)
                return date, date_problem(date)
            case xlrd.XL_CELL_BOOLEAN:
                return ("TRUE" if cell.value else "FALSE"), ""
            case xlrd.XL_CELL_ERROR:
                return xlrd.error_text_from_code.get(cell.value, "#N/A"), ""
        return "", ""

    def _formulas_without_value(self, index: int) -> set[tuple[int, int]]:
        """Return the cells whose formula has an empty text for its value ([MS-XLS] 2.4.127, FormulaValue).

        Libraries write that for a value that nothing has calculated. It cannot be told from an empty result, which
        .xlsx can: such a cell is refused, because taking it as empty could erase a value.
        """
        if self._book.biff_version != _BIFF8:
            return set()
        data, at = self._book.mem, self._book._sh_abs_posn[index]  # noqa: SLF001 - xlrd has no other way
        found = set()
        depth = 0
        while at + 4 <= len(data):
            code, length = struct.unpack_from("<HH", data, at)
            if code == 0x0809:  # the beginning of the sheet, or of a chart in it
                depth += 1
            elif code == 0x000A:
                depth -= 1
                if depth <= 0:
                    break
            elif code == _FORMULA_RECORD and length >= 14:
                row, column = struct.unpack_from("<HH", data, at + 4)
                value = bytes(data[at + 10 : at + 18])
                if value[0] == 3 and value[6:] == b"\xff\xff":
                    found.add((row, column))
            at += 4 + length
        return found

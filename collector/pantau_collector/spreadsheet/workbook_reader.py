"""The process that reads one workbook for `workbook.py`: `python -m ... FILE`, lines of JSON on standard output.

The first line is `{"names": [...]}`, all worksheets in their order. Then comes for each `{"sheet": NAME}` and a
line for each of its rows, an array of text. The last line is `{}`, or `{"error": TEXT}`.
"""

import io
import json
import os
import resource
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any, TextIO

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum

from pantau_collector.spreadsheet.limits import EXIT_OUT_OF_MEMORY, MAX_CELL, MAX_CPU_S, MAX_MEMORY_BYTES


def main(path: str, output: TextIO) -> None:
    """Write a workbook's sheets to `output`, within the limits on memory and computing time."""
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_CPU_S, MAX_CPU_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        _write_workbook(path, output)
    except (KeyboardInterrupt, BrokenPipeError, MemoryError):
        raise
    except BaseException as error:  # noqa: BLE001 - a panic of the native reader is no Exception
        _write(output, {"error": f"{type(error).__name__}: {error}"})


def _write_workbook(path: str, output: TextIO) -> None:
    with _open(path) as book:
        names = [sheet.name for sheet in book.sheets_metadata if sheet.typ is SheetTypeEnum.WorkSheet]
        _write(output, {"names": names})
        for name in names:
            _write(output, {"sheet": name})
            for cells in book.get_sheet_by_name(name).iter_rows():
                _write(output, _row(cells))
    _write(output, {})


def _open(path: str) -> CalamineWorkbook:
    """Open a workbook by its name, or else by its content: many an .xls is an .xlsx in truth."""
    try:
        return CalamineWorkbook.from_path(path)
    except CalamineError as error:
        try:
            return CalamineWorkbook.from_filelike(io.BytesIO(Path(path).read_bytes()))
        except CalamineError:
            raise error from None  # the second one never says more than that the format is unknown


def _row(cells: list[Any]) -> list[str]:
    row = [_text(cell) for cell in cells]
    while row and not row[-1]:
        row.pop()
    return row


def _text(cell: object) -> str:
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, float):
        # A whole number that somebody typed comes as 7.0; a float's own digits are what was typed.
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell)[:MAX_CELL].strip()


def _write(output: TextIO, message: object) -> None:
    output.write(json.dumps(message) + "\n")


if __name__ == "__main__":
    try:
        main(sys.argv[1], sys.stdout)
    except MemoryError:
        os._exit(EXIT_OUT_OF_MEMORY)

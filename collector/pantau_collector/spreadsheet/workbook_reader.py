"""The process that reads one workbook for `workbook.py`: `python -m ... FILE`, lines of JSON on standard output.

The first line is `{"sheets": [{"name": ..., "visible": ..., "head": [ROW, ...]}, ...]}`, with the first rows of
each sheet. Then it reads the index of a sheet from standard input, and writes `{"hidden_columns": [[FIRST, LAST],
...]}` and a line for each row that is not blank: `[NUMBER, [TEXT, ...], {COLUMN: PROBLEM}]`, or `[NUMBER]` if the
row is hidden. The last line is `{}`, or `{"error": TEXT}`, or
`{"limit": TEXT}` if the sheet is too large.
"""

import contextlib
import json
import os
import resource
import sys
from pathlib import Path
from typing import TextIO
from xml.parsers.expat import ExpatError
from zipfile import BadZipFile, ZipFile

from pantau_collector.spreadsheet.grid import (
    Budget,
    GridRow,
    NotReadableError,
    TooLargeError,
    WorkbookFile,
    check_column,
    fill_merged,
)
from pantau_collector.spreadsheet.limits import (
    EXIT_OUT_OF_MEMORY,
    HEADER_WITHIN,
    MAX_CELL,
    MAX_CPU_S,
    MAX_MEMORY_BYTES,
    MAX_ROWS,
    MAX_SHEETS,
)
from pantau_collector.spreadsheet.ods import OdsFile
from pantau_collector.spreadsheet.values import cleaned
from pantau_collector.spreadsheet.xls import XlsFile
from pantau_collector.spreadsheet.xlsx import XlsxFile

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BIFF_STARTS = (b"\x09\x08", b"\x09\x04", b"\x09\x02", b"\x09\x00")


def main(path: str, choice: TextIO, output: TextIO) -> None:
    """Write a workbook's sheets to `output`, within the limits on memory and computing time."""
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_CPU_S, MAX_CPU_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        _write_workbook(path, choice, output)
    except (BrokenPipeError, MemoryError):
        raise
    except TooLargeError as error:
        _write(output, {"limit": str(error)})
    except NotReadableError as error:
        _write(output, {"error": str(error)})
    except (ExpatError, BadZipFile) as error:
        _write(output, {"error": f"it is damaged: {error}"})
    except Exception as error:  # noqa: BLE001 - a damaged file may break any assumption of a reader
        _write(output, {"error": f"it is damaged: {type(error).__name__}: {error}"})


def _write_workbook(path: str, choice: TextIO, output: TextIO) -> None:
    book = _open(Path(path))
    if len(book.sheets) > MAX_SHEETS:
        raise TooLargeError(f"expected at most {MAX_SHEETS:,} sheets")
    heads = Budget()
    sheets = [
        {"name": sheet.name[:MAX_CELL], "visible": sheet.visible, "head": _head(book, index, heads)}
        for index, sheet in enumerate(book.sheets)
    ]
    _write(output, {"sheets": sheets})
    output.flush()
    index = int(choice.readline())
    _write(output, {"hidden_columns": book.hidden_columns(index)})
    budget = Budget()
    for row in fill_merged(book.rows(index), book.merged(index)):
        _write(output, [row.number] if row.hidden else [row.number, *_texts(row, budget)])
    _write(output, {})


def _head(book: WorkbookFile, index: int, budget: Budget) -> list[tuple[int, list[str]]]:
    """Return the first rows that people see. Limits that are passed further down do not matter here."""
    head = []
    with contextlib.suppress(TooLargeError):
        for row in book.rows(index):
            if row.number > HEADER_WITHIN:
                break
            if not row.hidden:
                head.append((row.number, _texts(row, budget)[0]))
    return head


def _open(path: Path) -> WorkbookFile:
    """Open a workbook by its content, because many an .xls is an .xlsx in truth."""
    with path.open("rb") as file:
        start = file.read(2_000)
    if start.startswith(b"PK"):
        archive = ZipFile(path)
        return OdsFile(archive) if "content.xml" in archive.namelist() else XlsxFile(archive)
    if start.startswith(_OLE) and "EncryptedPackage".encode("utf-16-le") in path.read_bytes():
        raise NotReadableError("it is protected by a password: save it without one")
    if start.startswith((_OLE, *_BIFF_STARTS)):
        return XlsFile(path)
    if start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise NotReadableError("it is a web page or XML: open it in a spreadsheet program and save it as .xlsx")
    raise NotReadableError("it is of another kind: open it in a spreadsheet program and save it as .xlsx")


def _texts(row: GridRow, budget: Budget) -> tuple[list[str], dict[int, str]]:
    last = max(row.cells, default=-1)
    check_column(last, row.number)
    if row.number > MAX_ROWS:
        raise TooLargeError(f"expected at most {MAX_ROWS:,} rows")
    texts = [cleaned(row.cells.get(column, "")[:MAX_CELL]) for column in range(last + 1)]
    budget.spend(len(row.cells), sum(map(len, texts)))
    return texts, row.problems


def _write(output: TextIO, message: object) -> None:
    output.write(json.dumps(message) + "\n")


if __name__ == "__main__":
    try:
        main(sys.argv[1], sys.stdin, sys.stdout)
    except MemoryError:
        os._exit(EXIT_OUT_OF_MEMORY)

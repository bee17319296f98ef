"""Reads workbooks (.xlsx, .xlsm, .xls, .ods) in a process of its own, with limits on memory and computing time.

A small file can describe billions of cells. So the process that reads is not the command's, and a workbook that is
too much for it ends with a message.
"""

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from pantau_collector.spreadsheet.limits import EXIT_OUT_OF_MEMORY, MAX_CPU_S, MAX_MEMORY_BYTES, MAX_UNPACKED_BYTES
from pantau_service.settings import ConfigError

SUFFIXES = (".xlsx", ".xlsm", ".xls", ".ods")
"""File names that belong to workbooks."""

Row = tuple[int, list[str]]
"""A row's number, counted from 1 as spreadsheet programs do, and its cells."""

_READER = "pantau_collector.spreadsheet.workbook_reader"


class WorkbookSheet(NamedTuple):
    """The rows of a sheet that people see, and what they do not see.

    `unreadable` says of cells, by row and column, why their text must not be used. `hidden_rows` are those that
    are not blank; `hidden_columns` are ranges with both ends included.
    """

    rows: list[Row]
    unreadable: dict[tuple[int, int], str]
    hidden_rows: list[int]
    hidden_columns: list[tuple[int, int]]

    def is_hidden(self, column: int) -> bool:
        """Return whether people do not see a column."""
        return any(first <= column <= last for first, last in self.hidden_columns)


class SheetHead(NamedTuple):
    """A sheet's name, whether people see its tab, and its first rows."""

    name: str
    visible: bool
    head: list[Row]


class WorkbookRows:
    """What the reading process returns: all sheets with their first rows, and then the rows of one of them."""

    def __init__(self, path: Path, process: subprocess.Popen[str]) -> None:
        self._path = path
        self._process = process
        self.sheets = [
            SheetHead(each["name"], each["visible"], [(number, cells) for number, cells in each["head"]])
            for each in self._receive()["sheets"]
        ]

    def read(self, index: int) -> WorkbookSheet:
        """Return the rows of a sheet; only one can be read.

        Raises:
            ConfigError: the file is damaged, or too much for the reader.
        """
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        self._process.stdin.write(f"{index}\n")
        self._process.stdin.flush()
        hidden = self._receive()["hidden_columns"]
        sheet = WorkbookSheet([], {}, [], [(first, last) for first, last in hidden])
        while message := self._receive():
            number, *seen = message
            if not seen:
                sheet.hidden_rows.append(number)
                continue
            cells, problems = seen
            sheet.rows.append((number, cells))
            sheet.unreadable.update({(number, int(column)): text for column, text in problems.items()})
        return sheet

    def _receive(self) -> Any:
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        line = self._process.stdout.readline()
        if not line.endswith("\n"):
            raise ConfigError([f"{self._path}: {_ended(self._process.wait())}"])
        message = json.loads(line)
        if isinstance(message, dict) and "limit" in message:
            raise ConfigError([f"{self._path}: {message['limit']}"])
        if isinstance(message, dict) and "error" in message:
            raise ConfigError([f"{self._path}: expected a workbook (.xlsx, .xls or .ods): {message['error']}"])
        return message


@contextmanager
def open_workbook(path: Path) -> Iterator[WorkbookRows]:
    """Start reading a workbook; the reading process ends with the context.

    Raises:
        ConfigError: the file is no workbook, damaged, or unpacks to too much.
        OSError: the file cannot be read.
    """
    path.open("rb").close()
    _check_unpacked_size(path)
    process = subprocess.Popen(  # noqa: S603 - this interpreter, and a path that is no option
        [sys.executable, "-m", _READER, str(path.absolute())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
    )
    try:
        yield WorkbookRows(path, process)
    finally:
        process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()
        process.wait()


def _check_unpacked_size(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as packed:
            unpacked = sum(part.file_size for part in packed.infolist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return  # an .xls is no archive, and of a damaged one the reader says what is wrong
    if unpacked > MAX_UNPACKED_BYTES:
        raise ConfigError([f"{path}: expected at most {MAX_UNPACKED_BYTES // 1_000_000} MB, unpacked"])


def _ended(status: int) -> str:
    """Return why the reading process ended early: killed by a limit, or unable to run."""
    if status >= 0 and status != EXIT_OUT_OF_MEMORY:
        return f"it cannot be read: the process that reads workbooks ended with status {status}"
    return (
        f"expected a workbook that can be read with {MAX_MEMORY_BYTES // 1_000_000:,} MB of memory within"
        f" {MAX_CPU_S} s; save the sheet with the cameras alone, or as CSV"
    )

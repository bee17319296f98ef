"""Reads workbooks (.xlsx, .xlsm, .xls, .ods) in a process of its own, with limits on memory and computing time.

A small file can describe billions of cells, and the reader's native code then aborts its process. So the process
that reads is not the command's, and a workbook that is too much for it ends with a message.
"""

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from pantau_collector.spreadsheet.limits import EXIT_OUT_OF_MEMORY, MAX_CPU_S, MAX_MEMORY_BYTES, MAX_UNPACKED_BYTES
from pantau_service.settings import ConfigError

SUFFIXES = (".xlsx", ".xlsm", ".xls", ".ods")
"""File names that belong to workbooks."""

_READER = "pantau_collector.spreadsheet.workbook_reader"


class WorkbookRows:
    """What the reading process returns: the names of all sheets, then sheet after sheet its rows of text."""

    def __init__(self, path: Path, process: subprocess.Popen[str], output: IO[str]) -> None:
        self._path = path
        self._process = process
        self._output = output
        self._next_sheet: str | None = None
        self.names: list[str] = self._receive()["names"]

    def sheets(self) -> Iterator[str]:
        """Yield the name of each sheet; what was not read of the one before is skipped.

        Raises:
            ConfigError: the file is damaged, or too much for the reader.
        """
        while (message := self._receive_sheet()) is not None:
            yield message

    def rows(self) -> Iterator[list[str]]:
        """Yield the present sheet's rows from the top, without empty cells at a row's end.

        Raises:
            ConfigError: the file is damaged, or too much for the reader.
        """
        while True:
            message = self._receive()
            if not isinstance(message, list):
                self._next_sheet = message.get("sheet")
                return
            yield message

    def _receive_sheet(self) -> str | None:
        if self._next_sheet is None:
            message = self._receive()
            while isinstance(message, list):
                message = self._receive()
            self._next_sheet = message.get("sheet")
        name, self._next_sheet = self._next_sheet, None
        return name

    def _receive(self) -> Any:
        """Return a row, or a message of the reader's; `{}` at the end of the last sheet."""
        line = self._output.readline()
        if not line.endswith("\n"):
            raise ConfigError([f"{self._path}: {_ended(self._process.wait())}"])
        message = json.loads(line)
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
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
    )
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    try:
        yield WorkbookRows(path, process, process.stdout)
    finally:
        process.kill()
        process.stdout.close()
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

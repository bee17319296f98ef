"""Reads CSV as any program writes it: separator, encoding and quotation marks differ by program and country."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

from pantau_collector.spreadsheet.header import FoundHeader, Row, best_rank, find_header
from pantau_collector.spreadsheet.limits import (
    HEADER_WITHIN,
    LAST_ROW,
    MAX_COLUMNS,
    MAX_LINE,
    MAX_LINES_OF_ROW,
    MAX_ROWS,
)
from pantau_collector.spreadsheet.values import cleaned
from pantau_service.settings import ConfigError

SUFFIXES = (".csv", ".tsv", ".txt")
"""File names that belong to text."""

_SEPARATORS = ";\t,|"
_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_SAMPLE_CHARACTERS = 100_000
"""Characters from the beginning in which the separator is looked for."""


class DelimitedRows(NamedTuple):
    """The rows of a CSV file that are not blank, each with its number; how many cells each has; the separator."""

    rows: list[Row]
    widths: dict[int, int]
    separator: str


def read_delimited(path: Path) -> FoundHeader | None:
    """Read a CSV file; None if it has no header.

    Raises:
        ConfigError: it is no text, a quotation mark is missing, or a row has more cells than the header.
        OSError: the file cannot be read.
    """
    rows, widths, separator = read_rows(path, best_rank)
    found = find_header(rows)
    if found is not None:
        _check_rows(path, found, widths[found.number], separator)
    return found


def read_rows(path: Path, header_rank: Callable[[Sequence[Row]], Any]) -> DelimitedRows:
    """Read a CSV file by the separator with which `header_rank` is highest for its first rows.

    Raises:
        ConfigError: it is no text, too large, or a quotation mark is missing.
        OSError: the file cannot be read.
    """
    text = _decoded(path)
    # Excel may write a first line such as `sep=;` that names the separator.
    named = text[4] if text[:4].lower() == "sep=" and text[4:5] not in ("", "\r", "\n") else ""
    separator = named or _separator(text, header_rank)
    rows, widths = [], {}
    for number, cells in _rows(path, text, separator):
        if not (named and number == 1):
            rows.append((number, [cleaned(cell) for cell in cells]))
            widths[number] = len(cells)
    return DelimitedRows(rows, widths, separator)


def _decoded(path: Path) -> str:
    content = path.read_bytes()
    for encoding in _encodings(content):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text.lstrip("\N{ZERO WIDTH NO-BREAK SPACE}")
    raise ConfigError([f"{path}: expected text in UTF-8 or Windows-1252: save it as CSV UTF-8"])


def _encodings(content: bytes) -> tuple[str, ...]:
    """Return the encodings that a file may have. One that is marked has no other, or its letters become others."""
    if content.startswith(_UTF8_MARK):
        return ("utf-8-sig",)
    if content.startswith(_UTF16_MARKS):
        return ("utf-16",)
    sample = content[:2_000]
    if sample[1::2].count(0) > len(sample) // 4:  # UTF-16 without a mark, of letters that are mostly Latin
        return ("utf-16-le",)
    if sample[::2].count(0) > len(sample) // 4:
        return ("utf-16-be",)
    return ("utf-8", "cp1252")


def _separator(text: str, header_rank: Callable[[Sequence[Row]], Any]) -> str:
    """Return the separator by which the best header is found; then the one that makes rows of the same width."""
    sample = text[:_SAMPLE_CHARACTERS]

    def rank(separator: str) -> tuple[Any, int]:
        rows = []
        try:
            for number, cells in enumerate(csv.reader(io.StringIO(sample, newline=""), delimiter=separator), 1):
                rows.append((number, cells))
                if number == HEADER_WITHIN:
                    break
        except csv.Error:
            pass  # a cell that is too long is reported when the file is read
        widths = [len(cells) for _, cells in rows if len(cells) > 1]
        return header_rank(rows), max((widths.count(width) for width in widths), default=0)

    return max(_SEPARATORS, key=rank)


def _rows(path: Path, text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    number, lines = 0, _Lines(path, text)
    try:
        for number, cells in enumerate(csv.reader(lines, delimiter=separator, strict=True), 1):
            lines.of_row = 0
            if number > LAST_ROW:
                raise ConfigError([f"{path}: expected at most {MAX_ROWS:,} rows"])
            if not any(cell and not cell.isspace() for cell in cells):
                continue  # programs write the separators of blank rows down to the last one
            if number > MAX_ROWS:
                raise ConfigError([f"{path}: expected at most {MAX_ROWS:,} rows"])
            if len(cells) > MAX_COLUMNS and any(cells[MAX_COLUMNS:]):
                raise ConfigError([f"{path}: expected at most {MAX_COLUMNS:,} columns, and row {number} has more"])
            yield number, cells
    except csv.Error as error:
        raise ConfigError(
            [f"{path}: row {number + 1}: expected a second quotation mark where a value ends ({error})"]
        ) from None


class _Lines:
    """The lines of a text, for a reader of CSV that resets `of_row` after each row."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._lines = io.StringIO(text, newline="")
        self._number = 0
        self.of_row = 0

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        """Return the next line. Raises `ConfigError` if it is too long, or belongs to a row of too many."""
        line = self._lines.readline(MAX_LINE + 1)
        if not line:
            raise StopIteration
        self._number += 1
        self.of_row += 1
        if len(line) > MAX_LINE:
            raise ConfigError([f"{self._path}: line {self._number}: expected at most {MAX_LINE:,} characters"])
        if self.of_row > MAX_LINES_OF_ROW:
            first = self._number - self.of_row + 1
            over = f"goes on over more than {MAX_LINES_OF_ROW:,} lines: is a quotation mark missing?"
            raise ConfigError([f"{self._path}: line {first}: a row {over}"])
        return line


def _check_rows(path: Path, found: FoundHeader, width: int, separator: str) -> None:
    """Refuse rows that a missing quotation mark has joined, or has split into too many cells."""
    problems = []
    for number, cells in found.rows:
        if any(cells[width:]):
            problems.append(
                f"{path}: row {number}: expected at most {width} cells, as in row {found.number}, and there are"
                f" {len(cells)}: a value with `{_shown(separator)}` needs quotation marks around it"
            )
        for at, cell in enumerate(cells):
            if "\n" in cell or "\r" in cell:
                lines = cell.splitlines()[1:]
                if any(_separators(line, separator) >= max(1, at) for line in lines):
                    problems.append(
                        f"{path}: row {number}: a value goes on over {len(lines) + 1} lines that look like rows:"
                        " is a quotation mark missing?"
                    )
    if problems:
        raise ConfigError(problems)


def _separators(line: str, separator: str) -> int:
    """Return how many separators a line has. In a sentence a blank follows them, in a list it does not."""
    return line.count(separator) - line.count(f"{separator} ")


def _shown(separator: str) -> str:
    return "tab" if separator == "\t" else separator

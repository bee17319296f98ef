"""What every kind of workbook is read into: rows of text, hidden rows and columns, and merged cells."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol

from pantau_collector.spreadsheet.limits import MAX_CELLS, MAX_CHARACTERS, MAX_COLUMNS

FORMULA = "a formula without its value: open the file in a spreadsheet program and save it there as .xlsx"
"""Why a cell has no value: a program wrote the formula, and nothing has calculated it yet."""

FORMULA_TEXT = "="
"""The text of such a cell, so that it is not taken for a blank one."""


class GridRow(NamedTuple):
    """A row with at least one cell that is not blank.

    Rows count from 1, as in spreadsheet programs, and columns from 0. `problems` says of some cells why their text
    must not be used.
    """

    number: int
    hidden: bool
    cells: dict[int, str]
    problems: dict[int, str]


class MergedRange(NamedTuple):
    """Merged cells: rows counted from 1 and columns from 0, both ends included."""

    top: int
    left: int
    bottom: int
    right: int


class SheetInfo(NamedTuple):
    """A worksheet's name, and whether people see its tab."""

    name: str
    visible: bool


class WorkbookFile(Protocol):
    """A workbook of some format."""

    sheets: list[SheetInfo]

    def rows(self, index: int) -> Iterator[GridRow]:
        """Yield the rows of a sheet from the top as they are stored, blank rows left out."""

    def merged(self, index: int) -> list[MergedRange]:
        """Return a sheet's merged cells."""

    def hidden_columns(self, index: int) -> list[tuple[int, int]]:
        """Return a sheet's hidden columns as ranges, both ends included."""


class NotReadableError(Exception):
    """The file is no workbook that can be read; the text says why."""


class TooLargeError(Exception):
    """A sheet passes a limit; the text says which one."""


def check_column(column: int, row: int) -> None:
    """Raise `TooLargeError` if a cell that is not empty stands in a column too far to the right."""
    if column >= MAX_COLUMNS:
        raise TooLargeError(f"expected at most {MAX_COLUMNS:,} columns, and row {row} has more")


class Budget:
    """What is left of the cells and characters that a sheet, or the texts of a workbook, may have."""

    def __init__(self) -> None:
        self._cells = MAX_CELLS
        self._characters = MAX_CHARACTERS

    def spend(self, cells: int, characters: int) -> None:
        """Take cells and their characters out of it.

        Raises:
            TooLargeError: there is not so much left.
        """
        self._cells -= cells
        self._characters -= characters
        if self._cells < 0:
            raise TooLargeError(f"expected at most {MAX_CELLS:,} cells")
        if self._characters < 0:
            raise TooLargeError(f"expected at most {MAX_CHARACTERS:,} characters")


def fill_merged(rows: Iterable[GridRow], ranges: Iterable[MergedRange]) -> Iterator[GridRow]:
    """Give each row of a merged cell the value that people see beside it.

    The value goes down the first column of the range. It does not go to the right, where a title merged over the
    whole table would become the value of every column. A row with nothing but merged cells is left out as blank.
    """
    waiting = sorted(ranges, reverse=True)
    active: list[tuple[MergedRange, str | None, str | None]] = []
    for row in rows:
        while waiting and waiting[-1].top <= row.number:
            merged = waiting.pop()
            starts = merged.top == row.number
            text, problem = row.cells.get(merged.left), row.problems.get(merged.left)
            active.append((merged, text if starts else None, problem if starts else None))
        active = [each for each in active if each[0].bottom >= row.number]
        if len(active) > MAX_COLUMNS:
            raise TooLargeError(f"expected at most {MAX_COLUMNS:,} merged cells in row {row.number}")
        if active:
            _uncover(row, [merged for merged, _, _ in active])
        if not row.cells:
            continue
        for merged, text, problem in active:
            if text is not None:
                row.cells[merged.left] = text
                if problem is not None:
                    row.problems[merged.left] = problem
        yield row


def _uncover(row: GridRow, ranges: Iterable[MergedRange]) -> None:
    """Take out what stands under merged cells: it is stored in some files, and nobody sees it."""
    for merged in ranges:
        first = merged.left + (merged.top == row.number)
        for column in [column for column in row.cells if first <= column <= merged.right]:
            del row.cells[column]
            row.problems.pop(column, None)

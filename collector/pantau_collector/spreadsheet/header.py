"""Finds the header among titles and letterheads, and rows that repeat or number the columns."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from pantau_collector.spreadsheet.columns import REQUIRED, column_named
from pantau_collector.spreadsheet.limits import HEADER_WITHIN

_FEWEST_KNOWN = 2
"""Known column names that make a row a header."""

_FEWEST_NUMBERED = 3
"""Columns from which bare numbers 1, 2, 3 below the header are its column numbers, and not a camera."""

_BRACKETS = re.compile(r"[()\[\]{}. ]|^-")
_ROMAN = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii", "xiii", "xiv", "xv")

Row = tuple[int, list[str]]


class FoundHeader(NamedTuple):
    """The header's row number, its cells, and the rows below it without those that belong to the header."""

    number: int
    cells: list[str]
    rows: list[Row]


def header_rank(row: Sequence[str]) -> tuple[bool, int]:
    """Return how well a row serves as header: has it all required columns, and how many known ones."""
    known = {key for cell in row if (key := column_named(cell))}
    return known.issuperset(REQUIRED), len(known) if len(known) >= _FEWEST_KNOWN else 0


def best_rank(rows: Sequence[Row]) -> tuple[bool, int]:
    """Return the rank of the best row among the first ones."""
    return max((header_rank(cells) for number, cells in rows if number <= HEADER_WITHIN), default=(False, 0))


def find_header(rows: Sequence[Row]) -> FoundHeader | None:
    """Return the header and what is below it, or None if no row among the first has known column names.

    A letterhead may name columns too, such as `Instansi` and `Program`; the row with the required columns, and the
    most known ones, is the header. A second header row (`koordinat` above `lintang` and `bujur`), a row of column
    numbers, and the header repeated at each page are no rows of the list.
    """
    best = best_rank(rows)
    if not best[1]:
        return None
    at = next(at for at, (_, cells) in enumerate(rows) if header_rank(cells) == best)
    number, cells = rows[at]
    below = rows[at + 1 :]
    while below and _continues(below[0][1], cells):
        cells = _joined(cells, below[0][1])
        below = below[1:]
    if below and _are_numbers(below[0][1]):
        below = below[1:]
    repeated = [cell.casefold() for cell in cells]
    seen = [(row, values) for row, values in below if any(values) and not _is_header(values, repeated)]
    return FoundHeader(number, cells, seen)


def _continues(cells: Sequence[str], header: Sequence[str]) -> bool:
    """Return whether a row is a second row of the header: names of columns, and nothing else."""
    named = [(at, cell) for at, cell in enumerate(cells) if cell]
    fresh = [cell for at, cell in named if at >= len(header) or cell != header[at]]
    return bool(fresh) and all(column_named(cell) for cell in fresh)


def _joined(upper: Sequence[str], lower: Sequence[str]) -> list[str]:
    width = max(len(upper), len(lower))
    padded = [[*row, *[""] * (width - len(row))] for row in (upper, lower)]
    return [below or above for above, below in zip(*padded, strict=True)]


def _are_numbers(cells: Sequence[str]) -> bool:
    """Return whether a row numbers the columns: 1, 2, 3 or a, b, c; Excel reads (1), (2), (3) as -1, -2, -3."""
    texts = [cell for cell in cells if cell]
    bare = [_BRACKETS.sub("", cell).casefold() for cell in texts]
    marked = all(bare_text != text.casefold() for bare_text, text in zip(bare, texts, strict=True))
    if len(bare) < (2 if marked else _FEWEST_NUMBERED):
        return False
    letters = [chr(ord("a") + at) for at in range(26)]
    numbers = [str(at) for at in range(1, len(bare) + 1)]
    # A formula between the numbers, such as (5=3x4), begins with its column's number.
    return bare in (letters[: len(bare)], list(_ROMAN[: len(bare)])) or (
        [re.split("[=:]", text, maxsplit=1)[0] for text in bare] == numbers
    )


def _is_header(cells: Sequence[str], header: Sequence[str]) -> bool:
    """Return whether a row repeats the header, as lists that are printed on several pages do."""
    return [cell.casefold() for cell in cells if cell] == [cell for cell in header if cell]

"""Prints what the commands say: the one place that writes on a terminal.

Names come from spreadsheets, agents and cameras. Here they become one printable line, and none of their
characters is markup: so they cannot make lines of their own, colour, hide or control anything.
"""

import json
import re
from collections.abc import Iterable
from typing import Any

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from pantau_contract.printable import printable_line

_MAX_LINE = 100_000
"""Characters of a line at most."""
_PIPE_WIDTH = 160
"""Columns of a table that is not printed on a terminal."""
_UNPRINTABLE = re.compile(r"[^ -~]")
"""A character that may not be printable."""

_UNPRINTABLE_IN_LINES = re.compile(r"[^ -~\r\n]")
"""The same, where line ends stand between lines."""


def say(*lines: str, bold: bool = False, colour: str | None = None, err: bool = False) -> None:
    """Print lines on standard output, or on standard error."""
    for line in lines:
        typer.secho(_clean(line), bold=bold or None, fg=colour, err=err)


def print_json(value: Any) -> None:
    """Print JSON on standard output. What a terminal might obey is escaped."""
    typer.echo(_UNPRINTABLE.sub(_escape, json.dumps(value, ensure_ascii=False)))


def print_pieces(pieces: Iterable[str]) -> None:
    """Print a text of many lines, in pieces, on standard output. What a terminal might obey is escaped."""
    for piece in pieces:
        typer.echo(_UNPRINTABLE_IN_LINES.sub(_escape, piece), nl=False)


def print_table(table: "TextTable") -> None:
    """Print a table on standard output, wide also where that is a pipe."""
    out = console()
    if not out.is_terminal:
        out.width = _PIPE_WIDTH
    out.print(table)


def console(*, err: bool = False) -> Console:
    """Return a console that takes no text for markup; what is printed on it is cleaned by the caller."""
    return Console(stderr=err, highlight=False, markup=False, emoji=False)


class TextTable(Table):
    """A table whose cells are text, whatever is in them."""

    def __init__(self, *columns: str, **options: Any) -> None:
        super().__init__(*columns, **{"box": SIMPLE_HEAD, **options})

    def add_row(self, *cells: RenderableType | None, **options: Any) -> None:
        """Add a row."""
        texts = (Text(_clean(cell)) if isinstance(cell, str) else cell for cell in cells)
        super().add_row(*texts, **options)


def _clean(text: str) -> str:
    return printable_line(text, _MAX_LINE)


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    return character if character.isprintable() else json.dumps(character)[1:-1]

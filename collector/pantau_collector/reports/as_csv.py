"""A table of a report as CSV, as the Excel of the report's language opens it by a double click.

Indonesian: columns are separated by `;`, and decimals by a comma. English: `,` and a point. Both begin with a byte
order mark, without which Excel takes UTF-8 for the machine's old code page.
"""

import csv
import io
from datetime import datetime
from decimal import Decimal
from typing import Literal

from pantau_collector.reports.cells import Cell
from pantau_collector.reports.tables import Table
from pantau_contract.words import Language

_SEPARATORS: dict[Language, tuple[str, Literal[",", "."]]] = {"id": (";", ","), "en": (",", ".")}
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""With these begins what a spreadsheet would compute, or what hides it."""


def render(table: Table, language: Language) -> bytes:
    """Return a table as CSV: UTF-8 with a byte order mark, lines that end in CR LF."""
    separator, point = _SEPARATORS[language]
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator="\r\n")
    writer.writerow(map(harmless, table.headings))
    for row in table.rows:
        writer.writerow([_text(cell, point) for cell in row])
    return out.getvalue().encode("utf-8-sig")


def harmless(text: str) -> str:
    """Return text that no spreadsheet takes for a formula: an apostrophe is put before what begins like one."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def _text(cell: Cell, point: str) -> str:
    match cell:
        case None:
            return ""
        case str():
            return harmless(cell)
        case datetime():
            return f"{cell:%Y-%m-%d %H:%M:%S}"
        case Decimal():
            return f"{cell:f}".replace(".", point)
        case _:
            return str(cell)

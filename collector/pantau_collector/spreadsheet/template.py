"""Writes a template with the columns and an example row, which a department fills in."""

from pathlib import Path
from typing import TYPE_CHECKING

from pantau_collector.spreadsheet.columns import COLUMNS
from pantau_collector.spreadsheet.writing import write_sheet

if TYPE_CHECKING:
    from openpyxl import Workbook

_TITLES = [column.title for column in COLUMNS if column.key != "coordinates"]
_EXAMPLE = [column.example for column in COLUMNS if column.key != "coordinates"]


def write_template(path: Path) -> None:
    """Write an .xlsx or a .csv (semicolons, UTF-8 with a byte order mark, as Excel in Indonesia expects).

    Raises:
        ConfigError: the file exists already, cannot be written, or is of another kind.
    """
    write_sheet(path, [_TITLES, _EXAMPLE], _workbook)


def _workbook() -> "Workbook":
    from openpyxl import Workbook  # noqa: PLC0415 # takes long to load, and few commands need it
    from openpyxl.styles import Font  # noqa: PLC0415
    from openpyxl.utils import get_column_letter  # noqa: PLC0415

    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "CCTV"
    sheet.append(_TITLES)
    sheet.append([_number(value) for value in _EXAMPLE])
    for at, title in enumerate(_TITLES, 1):
        sheet.cell(1, at).font = Font(bold=True)
        sheet.column_dimensions[get_column_letter(at)].width = max(len(title), len(_EXAMPLE[at - 1])) + 3
    sheet.freeze_panes = "A2"
    return book


def _number(value: str) -> str | float:
    bare = value.replace(",", ".", 1)
    return float(bare) if bare.replace(".", "", 1).isdigit() else value

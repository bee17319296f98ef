"""Reads a department's spreadsheet as it comes (CSV, XLSX, XLS or ODS), and interprets it by its column names."""

from pantau_collector.spreadsheet.columns import COLUMNS, Column
from pantau_collector.spreadsheet.parse import ParsedSheet, SheetRow, parse_sheet
from pantau_collector.spreadsheet.read import Sheet, read_sheet
from pantau_collector.spreadsheet.template import write_template
from pantau_collector.spreadsheet.values import near_slug

__all__ = [
    "COLUMNS",
    "Column",
    "ParsedSheet",
    "Sheet",
    "SheetRow",
    "near_slug",
    "parse_sheet",
    "read_sheet",
    "write_template",
]

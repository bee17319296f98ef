"""Parses rows of text into values: each row describes a camera or a device."""

from collections.abc import Callable
from typing import NamedTuple

from pantau_collector.spreadsheet.columns import REQUIRED, column_named, parse_header
from pantau_collector.spreadsheet.read import Sheet, column_letters, row_numbers
from pantau_collector.spreadsheet.values import (
    CRITICALITIES,
    KINDS,
    degrees,
    one_of,
    pair_of_degrees,
    tags,
    unusable,
)
from pantau_service.settings import ConfigError

Value = str | float | tuple[str, ...] | None


class SheetRow(NamedTuple):
    """A row's number, the kind of device it describes (or `camera`), and its values by key.

    Keys are those of `COLUMNS`. A column that the sheet does not have is absent; an empty cell has an empty value.
    """

    number: int
    kind: str
    values: dict[str, Value]


class ParsedSheet(NamedTuple):
    """The rows of a sheet, the positions of its columns, and lines about what is wrong and what was ignored."""

    sheet: Sheet
    places: dict[str, int]
    rows: list[SheetRow]
    problems: list[str]
    remarks: list[str]

    def place(self, row: int, key: str | None) -> str:
        """Return where a row's value is: `cctv.xlsx: row 77, column E (pemilik)`."""
        if key in ("latitude", "longitude") and key not in self.places:
            key = "coordinates"
        if key is None or key not in self.places:
            return f"{self.sheet.path}: row {row}"
        column = self.places[key]
        return f"{self.sheet.place(row, column)} ({self.sheet.header[column]})"

    def problem(self, row: int, key: str, text: str) -> str:
        """Return a line about a problem with a row's value."""
        named = "" if key in self.places else f"{key}: "
        return f"{self.place(row, key)}: {named}{text}"


def parse_sheet(sheet: Sheet) -> ParsedSheet:
    """Parse all rows. Problems are reported by row and column, and do not stop the rest from being parsed.

    Raises:
        ConfigError: a required column is missing, or a column's name is similar to a known one.
    """
    header = parse_header(sheet.header)
    problems = [f"{sheet.path}: column {column_letters(at)}: {what}" for at, what in header.problems] + [
        f"{sheet.path}: expected a column `{key}`; there are {', '.join(filter(None, sheet.header))}"
        + _hidden(sheet, key)
        for key in REQUIRED
        if key not in header.places
    ]
    if problems:
        raise ConfigError(problems)
    remarks = [
        *sheet.unread,
        *sheet.remarks,
        *(f"{sheet.path}: column {column_letters(at)} ({name}) is passed over" for at, name in header.ignored),
    ]
    parsed = ParsedSheet(sheet, header.places, [], [], remarks)
    empty = []
    for number, cells in sheet.rows:
        if any(at < len(cells) and cells[at] for at in header.places.values()):
            _parse_row(parsed, number, cells)
        else:
            empty.append(number)
    if empty:
        parsed.remarks.append(f"{sheet.path}: {row_numbers(empty)} empty in the columns that are taken")
    return parsed


def _hidden(sheet: Sheet, key: str) -> str:
    """Return a hint if the missing column is there and hidden."""
    for at, name in sheet.hidden_columns.items():
        if column_named(name) == key:
            return f"; column {column_letters(at)} ({name}) is hidden: show it"
    return ""


def _parse_row(parsed: ParsedSheet, number: int, cells: list[str]) -> None:
    values: dict[str, Value] = {}
    texts = {key: cells[at] if at < len(cells) else "" for key, at in parsed.places.items()}

    def wrong(key: str, what: object) -> None:
        parsed.problems.append(parsed.problem(number, key, str(what)))

    for key, text in texts.items():
        if problem := parsed.sheet.unreadable.get((number, parsed.places[key])) or unusable(text):
            wrong(key, problem)
            continue
        try:
            values |= _PARSERS.get(key, _text)(key, text)
        except ValueError as error:
            wrong(key, error)
    for key in REQUIRED:
        if not texts[key]:
            wrong(key, "expected a value, and there is none")
    if (values.get("latitude") is None) != (values.get("longitude") is None):
        missing = "latitude" if values.get("latitude") is None else "longitude"
        if texts.get(missing, "") == "":
            wrong(missing, "expected latitude and longitude, or neither")
    kind = values.pop("kind", None) or "camera"
    parsed.rows.append(SheetRow(number, str(kind), values))


def _text(key: str, text: str) -> dict[str, Value]:
    return {key: text}


def _degrees(key: str, text: str) -> dict[str, Value]:
    return {key: degrees(text) if text else None}


def _pair(_key: str, text: str) -> dict[str, Value]:
    if not text:
        return {}
    latitude, longitude = pair_of_degrees(text)
    return {"latitude": latitude, "longitude": longitude}


def _kind(key: str, text: str) -> dict[str, Value]:
    return {key: one_of(KINDS, text)} if text else {}


_PARSERS: dict[str, Callable[[str, str], dict[str, Value]]] = {
    "latitude": _degrees,
    "longitude": _degrees,
    "coordinates": _pair,
    "kind": _kind,
    "criticality": lambda key, text: {key: one_of(CRITICALITIES, text)},
    "tags": lambda key, text: {key: tags(text)},
}

"""From rows of text to entries: each a camera or a device, with the values that its row gives it."""

from collections.abc import Callable
from typing import NamedTuple

from pantau_collector.spreadsheet.columns import understand_header
from pantau_collector.spreadsheet.read import Sheet, column_letters
from pantau_collector.spreadsheet.values import (
    CRITICALITIES,
    KINDS,
    degrees,
    one_of,
    pair_of_degrees,
    tags,
)
from pantau_service.settings import ConfigError

Value = str | float | tuple[str, ...] | None
_NEEDED = ("site", "id")


class Entry(NamedTuple):
    """A row: its number, whether it is a camera or which device, and its values by key.

    Keys are those of `COLUMNS`; one whose column the sheet does not have is absent, one whose cell is empty has an
    empty value.
    """

    row: int
    kind: str
    values: dict[str, Value]


class Understood(NamedTuple):
    """The entries, everything that is wrong with the sheet, and what was passed over; whole lines."""

    sheet: Sheet
    places: dict[str, int]
    entries: list[Entry]
    problems: list[str]
    remarks: list[str]

    def place(self, row: int, key: str | None) -> str:
        """Where a row's value stands: `cctv.xlsx: row 77, column E (pemilik)`."""
        if key in ("latitude", "longitude") and key not in self.places:
            key = "coordinates"
        if key is None or key not in self.places:
            return f"{self.sheet.path}: row {row}"
        column = self.places[key]
        return f"{self.sheet.place(row, column)} ({self.sheet.header[column]})"

    def problem(self, row: int, key: str, what: str) -> str:
        """A line about a row's value."""
        named = "" if key in self.places else f"{key}: "
        return f"{self.place(row, key)}: {named}{what}"


def understand(sheet: Sheet) -> Understood:
    """Makes entries of the rows; what is wrong is told by row and column, and the rest is read all the same.

    Raises:
        ConfigError: a column that every row needs is missing, or a column is nearly one that is understood.
    """
    header = understand_header(sheet.header)
    problems = [f"{sheet.path}: column {column_letters(at)}: {what}" for at, what in header.problems] + [
        f"{sheet.path}: expected a column `{key}`; there are {', '.join(filter(None, sheet.header))}"
        for key in _NEEDED
        if key not in header.places
    ]
    if problems:
        raise ConfigError(problems)
    remarks = [
        f"{sheet.path}: column {column_letters(at)} ({name}) is passed over" for at, name in header.passed_over
    ]
    understood = Understood(sheet, header.places, [], [], remarks)
    for number, cells in sheet.rows:
        _understand_row(understood, number, cells)
    return understood


def _understand_row(understood: Understood, number: int, cells: list[str]) -> None:
    values: dict[str, Value] = {}
    texts = {key: cells[at] if at < len(cells) else "" for key, at in understood.places.items()}

    def wrong(key: str, what: object) -> None:
        understood.problems.append(understood.problem(number, key, str(what)))

    for key, text in texts.items():
        try:
            values |= _READERS.get(key, _text)(key, text)
        except ValueError as error:
            wrong(key, error)
    for key in _NEEDED:
        if not texts[key]:
            wrong(key, "expected a value, and there is none")
    if (values.get("latitude") is None) != (values.get("longitude") is None):
        missing = "latitude" if values.get("latitude") is None else "longitude"
        if texts.get(missing, "") == "":
            wrong(missing, "expected latitude and longitude, or neither")
    kind = values.pop("kind", None) or "camera"
    understood.entries.append(Entry(number, str(kind), values))


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


_READERS: dict[str, Callable[[str, str], dict[str, Value]]] = {
    "latitude": _degrees,
    "longitude": _degrees,
    "coordinates": _pair,
    "kind": _kind,
    "criticality": lambda key, text: {key: one_of(CRITICALITIES, text)},
    "tags": lambda key, text: {key: tags(text)},
}

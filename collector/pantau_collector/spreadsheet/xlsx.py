"""Reads XLSX (ECMA-376, transitional and strict) as Excel, LibreOffice, WPS, Google and libraries write it.

Writers differ in prefixes, in the case and form of part names, in cells without a reference, and in blank cells
down to the last row. The `dimension` of a sheet is not used, because some programs write a wrong one.
"""

import posixpath
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import IO, NamedTuple
from zipfile import ZipFile, ZipInfo

from pantau_collector.spreadsheet.grid import (
    FORMULA,
    FORMULA_TEXT,
    Budget,
    GridRow,
    MergedRange,
    NotReadableError,
    SheetInfo,
    TooLargeError,
    check_column,
)
from pantau_collector.spreadsheet.limits import MAX_CELL
from pantau_collector.spreadsheet.number_format import (
    BUILTIN,
    GENERAL,
    date_text,
    is_date,
    plain,
    shown_number,
    shown_text,
)
from pantau_collector.spreadsheet.values import date_problem
from pantau_collector.spreadsheet.xml_parts import CHUNK_BYTES, attributes, local_name, new_parser, parse_part

_BLANK_CELLS = re.compile(rb'(?:<(?:\w+:)?c r="[^"<>]*"(?: [^<>]*)?/>)+')
"""Cells with a reference and without content. They are taken out before parsing: there may be millions."""

_BLANK_ROWS = re.compile(rb'(?:<(?:\w+:)?row r="[^"<>]*"(?: [^<>]*)?(?:/>|(?<!/)>\s*</(?:\w+:)?row>))+')
_TAG = re.compile(rb"<(?:\w+:)?(?:mergeCell|col)\s[^<>]*>")
_REFERENCE = re.compile(r"\$?([A-Za-z]{1,3})\$?(\d{1,7})")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_TRUE = ("1", "true")


class XlsxFile:
    """An open XLSX workbook.

    Raises:
        NotReadableError: the archive holds no workbook.
    """

    def __init__(self, archive: ZipFile) -> None:
        self._archive = archive
        self._parts = {_part_name(info.filename): info for info in archive.infolist()}
        workbook = next(
            (target for kind, target in self._relations("").values() if kind == "officeDocument"),
            "xl/workbook.xml",
        )
        if workbook.lower() not in self._parts:
            raise NotReadableError("there is no workbook in the archive")
        self.sheets: list[SheetInfo] = []
        self._sheet_parts: list[ZipInfo] = []
        self._tags_by_sheet: dict[int, list[tuple[str, dict[str, str]]]] = {}
        self._since_1904 = False
        self._calculated_on_load = False
        relations = self._relations(workbook)
        self._read_workbook(workbook, relations)
        others = {kind: target.lower() for kind, target in relations.values()}
        self._strings = self._read_strings(self._parts.get(others.get("sharedStrings", "")))
        self._formats = self._read_formats(self._parts.get(others.get("styles", "")))

    def rows(self, index: int) -> Iterator[GridRow]:
        """Yield the rows of a sheet from the top, blank rows left out."""
        reader = _SheetReader(self._cell)
        with self._archive.open(self._sheet_parts[index]) as part:
            for chunk in _without_blanks(part):
                reader.parser.Parse(chunk, False)
                yield from reader.take()
            reader.parser.Parse(b"", True)
            yield from reader.take()

    def merged(self, index: int) -> list[MergedRange]:
        """Return a sheet's merged cells."""
        ranges = []
        for name, found in self._tags(index):
            first, _, last = found.get("ref", "").partition(":")
            if name == "mergeCell" and last:
                (top, left), (bottom, right) = _position(first), _position(last)
                ranges.append(MergedRange(top, left, bottom, right))
        return ranges

    def hidden_columns(self, index: int) -> list[tuple[int, int]]:
        """Return a sheet's hidden columns as ranges, both ends included."""
        return [
            (int(found["min"]) - 1, int(found["max"]) - 1)
            for name, found in self._tags(index)
            if name == "col" and (found.get("hidden") in _TRUE or float(found.get("width", 1)) == 0)
        ]

    def _tags(self, index: int) -> list[tuple[str, dict[str, str]]]:
        """Return the elements of a sheet that stand outside its rows, of which merged cells come after them."""
        if index not in self._tags_by_sheet:
            with self._archive.open(self._sheet_parts[index]) as part:
                tags = [attributes(tag) for chunk in _whole_tags(part) for tag in _TAG.findall(chunk)]
            self._tags_by_sheet[index] = tags
        return self._tags_by_sheet[index]

    def _relations(self, part: str) -> dict[str, tuple[str, str]]:
        """Return the kind and the part of each of a part's relations, by id."""
        folder, _, name = part.rpartition("/")
        info = self._parts.get(posixpath.join(folder, "_rels", f"{name}.rels").lower())
        found: dict[str, tuple[str, str]] = {}

        def start(tag: str, values: dict[str, str]) -> None:
            if local_name(tag) == "Relationship" and values.get("TargetMode") != "External":
                target = values.get("Target", "").replace("\\", "/")
                whole = target if target.startswith("/") else posixpath.join("/", folder, target)
                kind = values.get("Type", "").rpartition("/")[2]
                found[values.get("Id", "")] = kind, posixpath.normpath(whole).lstrip("/")

        parse_part(self._archive, info, start)
        return found

    def _read_workbook(self, workbook: str, relations: dict[str, tuple[str, str]]) -> None:
        def start(tag: str, values: dict[str, str]) -> None:
            plain = {local_name(key): value for key, value in values.items()}
            match local_name(tag):
                case "workbookPr":
                    self._since_1904 = plain.get("date1904") in _TRUE
                case "calcPr":
                    self._calculated_on_load = plain.get("fullCalcOnLoad") in _TRUE
                case "sheet":
                    kind, target = relations.get(plain.get("id", ""), ("", ""))
                    if kind == "worksheet" and (info := self._parts.get(target.lower())):
                        self.sheets.append(
                            SheetInfo(plain.get("name", ""), plain.get("state", "visible") == "visible")
                        )
                        self._sheet_parts.append(info)

        parse_part(self._archive, self._parts[workbook.lower()], start)

    def _read_strings(self, info: ZipInfo | None) -> list[str]:
        reader = _StringsReader()
        parse_part(self._archive, info, reader.start, reader.end, reader.text)
        return reader.strings

    def _read_formats(self, info: ZipInfo | None) -> list[str]:
        """Return the number format of each cell style."""
        codes = dict(BUILTIN)
        ids: list[int] = []
        in_cell_styles = False

        def start(tag: str, values: dict[str, str]) -> None:
            nonlocal in_cell_styles
            match local_name(tag):
                case "numFmt":
                    codes[int(values.get("numFmtId", 0))] = values.get("formatCode", GENERAL)
                case "cellXfs":
                    in_cell_styles = True
                case "xf" if in_cell_styles:
                    ids.append(int(values.get("numFmtId", 0)))

        def end(tag: str) -> None:
            nonlocal in_cell_styles
            if local_name(tag) == "cellXfs":
                in_cell_styles = False

        parse_part(self._archive, info, start, end)
        return [codes.get(number, GENERAL) for number in ids]

    def _cell(self, cell: "_Cell") -> tuple[str, str]:
        """Return a cell's text as people see it, and why it must not be used."""
        code = self._formats[cell.style] if cell.style < len(self._formats) else GENERAL
        if cell.formula and self._lacks_value(cell):
            return FORMULA_TEXT, FORMULA
        if cell.kind == "d":
            return cell.text, date_problem(cell.text)
        if cell.kind == "n" and cell.text:
            number = float(cell.text)
            if code == GENERAL:
                return plain(number), ""
            if not is_date(code):
                return shown_number(number, code), ""
            date = date_text(number, since_1904=self._since_1904)
            return date, date_problem(date)
        return self._text(cell, code), ""

    def _lacks_value(self, cell: "_Cell") -> bool:
        """Return whether nothing has calculated a formula yet; a result that is empty has the type of a text."""
        if self._calculated_on_load and cell.text in ("", "0"):
            return True  # some libraries write the same for every formula, and ask the program to calculate
        return not cell.text and cell.kind != "str"

    def _text(self, cell: "_Cell", code: str) -> str:
        if cell.kind == "b":
            return "TRUE" if cell.text in _TRUE else "FALSE"
        if cell.kind in ("e", "n"):
            return cell.text
        text = cell.text
        if cell.kind == "s" and text:
            text = self._strings[int(text)]
        text = _unescaped(text)
        return text if code == GENERAL else shown_text(text, code)


class _Cell(NamedTuple):
    """A cell as it is stored."""

    kind: str
    style: int
    formula: bool
    text: str


class _StringsReader:
    """Collects the shared strings, without the pronunciation (`rPh`) that some have."""

    def __init__(self) -> None:
        self.strings: list[str] = []
        self._budget = Budget()
        self._parts: list[str] = []
        self._collecting, self._phonetic = False, False

    def start(self, tag: str, _values: dict[str, str]) -> None:
        match local_name(tag):
            case "si":
                self._parts.clear()
            case "rPh":
                self._phonetic = True
            case "t":
                self._collecting = not self._phonetic

    def end(self, tag: str) -> None:
        match local_name(tag):
            case "si":
                text = "".join(self._parts)[:MAX_CELL]
                self._budget.spend(1, len(text))
                self.strings.append(text)
            case "rPh":
                self._phonetic = False
            case "t":
                self._collecting = False

    def text(self, data: str) -> None:
        if self._collecting:
            self._parts.append(data)


class _SheetReader:
    """Turns the XML of a sheet into rows, as it arrives."""

    def __init__(self, shown: Callable[[_Cell], tuple[str, str]]) -> None:
        self.parser = new_parser(self._start, self._end, self._text)
        self._shown = shown
        self._hidden_by_default = False
        self._rows: list[GridRow] = []
        self._too_large: TooLargeError | None = None
        self._row = GridRow(0, False, {}, {})
        self._column = -1
        self._kind, self._style, self._formula = "n", 0, False
        self._collecting, self._phonetic = False, False
        self._parts: list[str] = []

    def take(self) -> Iterator[GridRow]:
        """Yield the rows that are complete, once.

        Raises:
            TooLargeError: a row after these has a cell too far to the right.
        """
        rows, self._rows = self._rows, []
        yield from rows
        if self._too_large is not None:
            raise self._too_large

    def _start(self, tag: str, values: dict[str, str]) -> None:
        match local_name(tag):
            case "c":
                reference = values.get("r")
                self._column = _column(reference.rstrip("0123456789")) if reference else self._column + 1
                self._kind, self._style = values.get("t", "n"), int(values.get("s", 0))
                self._formula = False
                self._parts.clear()
            case "v":
                self._collecting = True
            case "t":
                self._collecting = not self._phonetic
            case "f":
                self._formula = True
            case "rPh":
                self._phonetic = True
            case "row":
                number = int(values["r"]) if "r" in values else self._row.number + 1
                flag = values.get("hidden")
                hidden = flag in _TRUE if flag is not None else self._hidden_by_default and "ht" not in values
                self._row = GridRow(number, hidden or float(values.get("ht", 1)) == 0, {}, {})
                self._column = -1
            case "sheetFormatPr":
                self._hidden_by_default = values.get("zeroHeight") in _TRUE

    def _end(self, tag: str) -> None:
        match local_name(tag):
            case "c":
                cell = _Cell(self._kind, self._style, self._formula, "".join(self._parts))
                text, problem = self._shown(cell)
                if not text.strip() and not problem:
                    return
                try:
                    check_column(self._column, self._row.number)
                except TooLargeError as error:
                    self._too_large = self._too_large or error
                    return
                self._row.cells[self._column] = text
                if problem:
                    self._row.problems[self._column] = problem
            case "v" | "t":
                self._collecting = False
            case "rPh":
                self._phonetic = False
            case "row":
                if self._row.cells:
                    self._rows.append(self._row)

    def _text(self, data: str) -> None:
        if self._collecting:
            self._parts.append(data)


def _position(reference: str) -> tuple[int, int]:
    """Return the row (from 1) and the column (from 0) of a reference such as `C7`."""
    found = _REFERENCE.fullmatch(reference)
    if found is None:
        raise NotReadableError(f"there is no cell `{reference[:20]}`")
    return int(found[2]), _column(found[1])


@lru_cache(maxsize=20_000)
def _column(letters: str) -> int:
    """Return a column (from 0) by its letters."""
    column = 0
    for letter in letters.upper():
        if not "A" <= letter <= "Z":
            raise NotReadableError(f"there is no column `{letters[:20]}`")
        column = column * 26 + ord(letter) - ord("A") + 1
    return column - 1


def _part_name(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()


def _unescaped(text: str) -> str:
    """Return a text with the characters that XML cannot hold, which are written as `_x000D_`."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def _without_blanks(part: IO[bytes]) -> Iterator[bytes]:
    for chunk in _whole_tags(part):
        yield _BLANK_ROWS.sub(b"", _BLANK_CELLS.sub(b"", chunk)) if b"/>" in chunk else chunk


def _whole_tags(part: IO[bytes]) -> Iterator[bytes]:
    """Yield a part in pieces that end after a row, or after a tag if a row is longer than a piece."""
    rest = b""
    while chunk := part.read(CHUNK_BYTES):
        rest += chunk
        end = rest.rfind(b"row>") + 4
        if end < 4:
            end = rest.rfind(b">") + 1
        yield rest[:end]
        rest = rest[end:]
    yield rest

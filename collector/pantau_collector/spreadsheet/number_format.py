"""Shows a number as spreadsheet programs do: `007` for 7 in the format `000`.

Number formats are those of ECMA-376, part 1, 18.8.30 and 18.8.31. Rounding and thousands separators are left out
on purpose: a coordinate that is shown with two digits is imported with all that it has.
"""

import re
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

GENERAL = "General"

BUILTIN = {
    0: GENERAL, 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?",
    13: "# ??/??", **dict.fromkeys((*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)), "yyyy-mm-dd"),
    37: "#,##0", 38: "#,##0", 39: "#,##0.00", 40: "#,##0.00", 48: "##0.0E+0", 49: "@",
}  # fmt: skip
"""Formats that a workbook names by number alone. Any date stands for all dates."""

_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"?|\\(?P<escaped>.)|_(?P<space>.)|\*.|\[\$(?P<currency>[^\]-]*)[^\]]*\]'
    r"|\[(?P<elapsed>[hHmMsS]+)\]|\[(?P<condition>[<>=][^\]]*)\]|\[[^\]]*\]|(?P<general>[Gg][Ee][Nn][Ee][Rr][Aa][Ll])"
    r"|(?P<exponent>[Ee][+-])|(?P<digit>[0#?])|(?P<point>[.,])|(?P<percent>%)|(?P<end>;)|(?P<date>[dDmMyYhHsSbBgGeE])"
    r"|(?P<text>@)|(?P<literal>.)",
    re.DOTALL,
)
_SIGNS = str.maketrans("", "", "()-")


class _Section(NamedTuple):
    """One part of a format, as pairs of kind and text."""

    tokens: list[tuple[str, str]]

    def has(self, *kinds: str) -> bool:
        return any(kind in kinds for kind, _ in self.tokens)


@lru_cache(maxsize=1_000)
def is_date(code: str) -> bool:
    """Return whether a format shows a date or a time."""
    return any(section.has("date", "elapsed") and not section.has("general") for section in _sections(code)[:1])


def date_text(serial: float, *, since_1904: bool) -> str:
    """Return the date of a serial number in ISO 8601, or the plain number if it is outside the calendar."""
    start = datetime(1904, 1, 1) if since_1904 else datetime(1899, 12, 30)  # noqa: DTZ001 - sheets have no zone
    try:
        moment = start + timedelta(seconds=round(serial * 86_400))
    except OverflowError:
        return plain(serial)
    return moment.date().isoformat() if serial == int(serial) else moment.isoformat(sep=" ")


def plain(number: float) -> str:
    """Return a number with the 15 digits that spreadsheet programs keep: `7`, `1.0836`."""
    if number == int(number) and abs(number) < 1e15:
        return str(int(number))
    text = format(number, ".15g")
    return format(number, ".15f").rstrip("0").rstrip(".") if "e" in text and abs(number) < 1 else text


def shown_number(number: float, code: str) -> str:
    """Return a number as people see it in a cell of this format, without rounding."""
    sections = _sections(code)
    if any(section.has("condition") for section in sections):
        return plain(number)
    chosen = 0
    if len(sections) > 1 and number < 0:
        chosen = 1
    elif len(sections) > 2 and number == 0:
        chosen = 2
    section = sections[chosen]
    if section.has("exponent", "text") or ("literal", "/") in section.tokens:
        return plain(number)
    minus = "-" if number < 0 and chosen == 0 else ""
    if section.has("percent"):
        return _around(section, "-" * (number < 0) + plain(abs(number) * 100))
    if section.has("general", "point") or number != int(number):
        return _around(section, "-" * (number < 0) + plain(abs(number)))
    return (minus + _filled(section, str(abs(int(number))))).strip()


def shown_text(text: str, code: str) -> str:
    """Return a text as people see it in a cell of this format: `"K-"@` puts `K-` before it."""
    section = _sections(code)[-1]
    if not section.has("text"):
        return text
    return "".join(text if kind == "text" else part for kind, part in section.tokens)


def _around(section: _Section, number: str) -> str:
    """Put a number between the format's own text; signs and brackets of the format would double the number's."""
    numeric = [at for at, (kind, _) in enumerate(section.tokens) if kind in ("digit", "point", "general")]
    if not numeric:
        return "".join(text for _, text in section.tokens).strip()
    before = "".join(text for _, text in section.tokens[: numeric[0]])
    after = "".join(text for _, text in section.tokens[numeric[-1] + 1 :])
    return f"{before.translate(_SIGNS)}{number}{after.translate(_SIGNS)}".strip()


def _filled(section: _Section, digits: str) -> str:
    """Fill the digit places from the right; the first place takes all digits that are left."""
    places = [at for at, (kind, _) in enumerate(section.tokens) if kind == "digit"]
    shown = [text for _, text in section.tokens]
    for at in reversed(places):
        optional = section.tokens[at][1] != "0"
        digit, digits = (digits, "") if at == places[0] else (digits[-1:], digits[:-1])
        shown[at] = digit or ("" if optional else "0")
    return "".join(shown)


@lru_cache(maxsize=1_000)
def _sections(code: str) -> tuple[_Section, ...]:
    sections = [_Section([])]
    for found in _TOKEN.finditer(code):
        kind, text = found.lastgroup, found.group()
        if kind == "end":
            sections.append(_Section([]))
        elif kind in ("quoted", "escaped", "currency"):
            sections[-1].tokens.append(("quoted", found.group(kind)))
        elif kind == "space":
            sections[-1].tokens.append(("quoted", " "))
        elif kind is not None:
            sections[-1].tokens.append((kind, text))
    return tuple(sections)

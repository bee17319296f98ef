"""Parses the text of a cell, in the ways in which people type values."""

import re

_NUMBER = re.compile(r"[-+]?\d{1,3}(?:[.,]\d+)?")
_PAIR = re.compile(r"\s*(?:;|,\s|\s)\s*")
_SLUG_GAP = re.compile(r"[^a-z0-9_]+")

_INVISIBLE = "".join(chr(code) for code in (0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2060, 0xFEFF))
_ERROR_VALUE = re.compile(
    r"#(?:N/A(?: N/A)?|[A-Z][A-Z0-9/_ ]*[!?]|DIV/0!|GETTING_DATA)|Err:\d{3}|#{3,}|Loading\.\.\."
)
_TEXT_FORMULA = re.compile(r'="([^"]*)"')

KINDS = {
    "kamera": "camera", "camera": "camera", "cctv": "camera",
    "perekam": "recorder", "recorder": "recorder", "nvr": "recorder", "dvr": "recorder",
    "switch": "switch", "sakelar": "switch",
    "catu daya": "supply", "supply": "supply", "ups": "supply", "panel listrik": "supply",
    "host": "host", "komputer": "host", "server": "host", "agen": "host",
    "ip camera": "camera", "kamera ip": "camera", "ptz": "camera", "fixed": "camera", "dome": "camera",
    "bullet": "camera", "speed dome": "camera", "fisheye": "camera", "thermal": "camera", "anpr": "camera",
    "lpr": "camera", "etle": "camera", "analog": "camera", "indoor": "camera", "outdoor": "camera",
}  # fmt: skip
CRITICALITIES = {
    "rendah": "low", "low": "low",
    "": "normal", "sedang": "normal", "biasa": "normal", "normal": "normal", "medium": "normal",
    "tinggi": "high", "kritis": "high", "high": "high", "critical": "high",
}  # fmt: skip


def degrees(text: str) -> float:
    """Parse a coordinate in degrees, with a decimal point or comma: `1.0836`, `104,0934`, `-0,5°`.

    Raises:
        ValueError: it is no coordinate; the text says what was expected.
    """
    bare = text.strip().removesuffix("°").strip().replace("\N{MINUS SIGN}", "-")
    if not _NUMBER.fullmatch(bare):
        raise ValueError(f"expected decimal degrees such as 1,0836 or 104.0934, got {text!r}")
    return float(bare.replace(",", "."))


def pair_of_degrees(text: str) -> tuple[float, float]:
    """Parse latitude and longitude in one cell, as maps give them: `1.0836, 104.0934` or `1,0836; 104,0934`.

    Raises:
        ValueError: it is no pair; the text says what was expected.
    """
    parts = [part for part in _PAIR.split(text.strip().strip("()")) if part]
    if len(parts) == 1 and text.count(",") == 1 and "." in text:
        parts = text.split(",")  # 1.0836,104.0934
    if len(parts) != 2:
        raise ValueError(f"expected latitude and longitude such as `1.0836, 104.0934`, got {text!r}")
    return degrees(parts[0]), degrees(parts[1])


def one_of(known: dict[str, str], text: str) -> str:
    """Return the value that a word stands for, in either language and any case.

    Raises:
        ValueError: the word is unknown; the text lists the known ones.
    """
    found = known.get(text.casefold())
    if found is None:
        raise ValueError(f"expected one of {', '.join(word for word in known if word)}, got {text!r}")
    return found


def tags(text: str) -> tuple[str, ...]:
    """Split words at commas or semicolons, keep their order, and drop repetitions."""
    return tuple(dict.fromkeys(part.strip() for part in re.split("[,;]", text) if part.strip()))


def cleaned(text: str) -> str:
    """Return a cell's text without blanks and invisible characters around it, and `007` for a cell `="007"`.

    A text in a formula is how people keep the zeros of a number in CSV.
    """
    bare = text.strip().strip(_INVISIBLE).strip()
    formula = _TEXT_FORMULA.fullmatch(bare)
    return formula[1].strip() if formula else bare


def unusable(text: str) -> str:
    """Return why a cell's text is not meant as a value: an error value or a formula; empty if it may be one."""
    if _ERROR_VALUE.fullmatch(text):
        return f"the spreadsheet program could not work it out ({text})"
    if text.startswith("="):
        return "a formula without its value: open the file in a spreadsheet program and save it again"
    return ""


def date_problem(date: str) -> str:
    """Return why a date must not be used: no column has dates, and programs make them of numbers such as 1-2."""
    return f"the spreadsheet program has made it a date ({date}): format the cell as text, and type it again"


def near_slug(text: str) -> str:
    """Return an id made from a name, such as `kabil-utara` from `Kabil Utara`; empty if no character is usable."""
    return _SLUG_GAP.sub("-", text.casefold()).strip("-_")[:63]

"""Parses the text of a cell, in the ways in which people type values."""

import re

_NUMBER = re.compile(r"[-+]?\d{1,3}(?:[.,]\d+)?")
_PAIR = re.compile(r"\s*(?:;|,\s|\s)\s*")
_SLUG_GAP = re.compile(r"[^a-z0-9_]+")

KINDS = {
    "kamera": "camera", "camera": "camera", "cctv": "camera",
    "perekam": "recorder", "recorder": "recorder", "nvr": "recorder", "dvr": "recorder",
    "switch": "switch", "sakelar": "switch",
    "host": "host", "komputer": "host", "server": "host", "agen": "host",
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


def near_slug(text: str) -> str:
    """Return an id made from a name, such as `kabil-utara` from `Kabil Utara`; empty if no character is usable."""
    return _SLUG_GAP.sub("-", text.casefold()).strip("-_")[:63]

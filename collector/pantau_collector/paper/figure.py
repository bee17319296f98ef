"""A vector figure: shapes out of numbers, which become SVG or PDF.

Lengths are points (1/72 inch); x grows to the right and y downwards. Colours are `#rrggbb`.
"""

from dataclasses import dataclass
from typing import Literal

Anchor = Literal["start", "middle", "end"]

INK, GREY, PALE, WHITE = "#1a1a1a", "#5f6368", "#d5d8dc", "#ffffff"


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle; `hatch` draws thin diagonal lines over it."""

    x: float
    y: float
    width: float
    height: float
    fill: str = WHITE
    stroke: str | None = None
    hatch: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A line through points, open; dashed if `dash` gives the lengths of stroke and gap."""

    points: tuple[tuple[float, float], ...]
    colour: str = INK
    width: float = 0.75
    dash: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Polygon:
    """A closed, filled shape."""

    points: tuple[tuple[float, float], ...]
    fill: str = INK
    stroke: str | None = None


@dataclass(frozen=True, slots=True)
class Circle:
    """A disc."""

    x: float
    y: float
    radius: float
    fill: str = INK
    stroke: str | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """A line of text whose baseline begins, ends or is centred at (x, y)."""

    x: float
    y: float
    text: str
    size: float = 8
    anchor: Anchor = "start"
    bold: bool = False
    colour: str = INK


Shape = Rect | Line | Polygon | Circle | Text


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of `width` by `height` points.

    `title` names it above, and `description` says what it shows to those who cannot see it.
    """

    width: float
    height: float
    title: str
    description: str
    shapes: tuple[Shape, ...]


def hatching(rect: Rect, step: float = 4) -> list[Line]:
    """Return the diagonal lines of a hatched rectangle, cut at its edges."""
    lines = []
    right, bottom = rect.x + rect.width, rect.y + rect.height
    offset = step
    while offset < rect.width + rect.height:
        start = (rect.x + min(offset, rect.width), rect.y + max(0.0, offset - rect.width))
        end = (rect.x + max(0.0, offset - rect.height), rect.y + min(offset, rect.height))
        lines.append(Line((_within(start, right, bottom), _within(end, right, bottom)), GREY, 0.4))
        offset += step
    return lines


def _within(point: tuple[float, float], right: float, bottom: float) -> tuple[float, float]:
    return min(point[0], right), min(point[1], bottom)

"""A figure as SVG 1.1, to stand within an HTML page."""

from html import escape

from pantau_collector.paper.figure import Circle, Figure, Line, Polygon, Rect, Shape, Text, hatching
from pantau_contract.printable import printable_line

_LIMIT = 2000
"""Characters of a text at most."""


def to_svg(figure: Figure) -> str:
    """Return the figure as an `<svg>` element that scales with the page and says what it shows."""
    about = f"{figure.title}. {figure.description}"
    shapes = "".join(_element(shape) for shape in figure.shapes)
    return (
        f'<svg viewBox="0 0 {_n(figure.width)} {_n(figure.height)}" role="img" aria-label="{_text(about)}"'
        f' width="{_n(figure.width)}" height="{_n(figure.height)}">{shapes}</svg>'
    )


def _element(shape: Shape) -> str:
    match shape:
        case Rect(x, y, width, height, fill, stroke, hatch):
            lines = "".join(map(_element, hatching(shape))) if hatch else ""
            where = f'x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}"'
            return f'<rect {where} fill="{fill}"{_stroke(stroke)}/>{lines}'
        case Line(points, colour, width, dash):
            dashes = f' stroke-dasharray="{_n(dash[0])} {_n(dash[1])}"' if dash else ""
            return (
                f'<polyline points="{_points(points)}" fill="none" stroke="{colour}"'
                f' stroke-width="{_n(width)}"{dashes}/>'
            )
        case Polygon(points, fill, stroke):
            return f'<polygon points="{_points(points)}" fill="{fill}"{_stroke(stroke)}/>'
        case Circle(x, y, radius, fill, stroke):
            return f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(radius)}" fill="{fill}"{_stroke(stroke)}/>'
        case Text(x, y, text, size, anchor, bold, colour):
            weight = ' font-weight="600"' if bold else ""
            return (
                f'<text x="{_n(x)}" y="{_n(y)}" font-size="{_n(size)}" text-anchor="{anchor}"{weight}'
                f' fill="{colour}">{_text(text)}</text>'
            )


def _stroke(colour: str | None) -> str:
    return f' stroke="{colour}" stroke-width="0.5"' if colour else ""


def _points(points: tuple[tuple[float, float], ...]) -> str:
    return " ".join(f"{_n(x)},{_n(y)}" for x, y in points)


def _n(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")


def _text(text: str) -> str:
    return escape(printable_line(text, _LIMIT))

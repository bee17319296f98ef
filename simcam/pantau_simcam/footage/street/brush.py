"""Draws with sub-pixel edges, so that slow objects glide instead of jumping."""

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

Canvas = MatLike
Colour = tuple[float, float, float]
"""Blue, green, red, 0 to 255 each."""

_SHIFT = 4
_ONE = 1 << _SHIFT
_LIMIT = 1 << 14
"""Pixels to which coordinates are clipped: OpenCV's fixed-point coordinates overflow far outside the picture."""


def fixed(pixels: NDArray[np.float64]) -> NDArray[np.int32]:
    """Convert pixels to the fixed-point coordinates of `fill`."""
    return (np.clip(pixels, -_LIMIT, _LIMIT) * _ONE).astype(np.int32)


def fill(canvas: Canvas, points: NDArray[np.int32], colour: Colour) -> None:
    """Fill a convex polygon of `fixed` pixels."""
    cv2.fillConvexPoly(canvas, points, colour, cv2.LINE_AA, _SHIFT)


def disc(canvas: Canvas, x: float, y: float, radius: float, colour: Colour) -> None:
    """Draw a filled circle."""
    cv2.circle(canvas, (round(x * _ONE), round(y * _ONE)), round(radius * _ONE), colour, -1, cv2.LINE_AA, _SHIFT)


def stroke(
    canvas: Canvas, start: tuple[float, float], end: tuple[float, float], width: float, colour: Colour
) -> None:
    """Draw a line of the given width with round ends."""
    (x0, y0), (x1, y1) = start, end
    points = (round(x0 * _ONE), round(y0 * _ONE)), (round(x1 * _ONE), round(y1 * _ONE))
    cv2.line(canvas, *points, colour, max(1, round(width)), cv2.LINE_AA, _SHIFT)


def shaded(colour: Colour, factor: float) -> Colour:
    """Return the colour, lighter or darker."""
    blue, green, red = (min(255.0, max(0.0, part * factor)) for part in colour)
    return blue, green, red


def tinted(colour: Colour, tint: Colour) -> Colour:
    """Return the colour under a light."""
    blue, green, red = (min(255.0, part * by) for part, by in zip(colour, tint, strict=True))
    return blue, green, red


def mixed(one: Colour, other: Colour, share: float) -> Colour:
    """Return a mix of two colours; `share` of the second, 0 to 1."""
    blue, green, red = (a + (b - a) * share for a, b in zip(one, other, strict=True))
    return blue, green, red

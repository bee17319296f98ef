"""Paints solids with flat faces, placed along the road."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from pantau_simcam.footage.street.brush import Canvas, Colour, fill, fixed, shaded, tinted
from pantau_simcam.footage.street.view import Floats, View

_FACES = {
    "top": ((2, 3, 7, 6), 1.08),
    "left": ((4, 0, 2, 6), 0.80),
    "right": ((1, 5, 7, 3), 0.88),
    "near": ((0, 1, 3, 2), 0.94),
    "far": ((5, 4, 6, 7), 0.94),
}
"""Corners of each face, counter-clockwise as seen from outside, and its share of the light. Corners count x first,
then y, then z."""


Thing = tuple[float, Callable[[Canvas], None]]
"""An object that is painted in the order of its distance: its z, and the function that paints it."""

SPECK = 1.6
"""Pixels below which a face is not painted."""


@dataclass(frozen=True)
class Face:
    """A flat convex face: corners of shape (4, 3) in the solid's own coordinates."""

    corners: Floats
    colour: Colour
    glows: bool = False


def box(
    x: tuple[float, float],
    y: tuple[float, float],
    z: tuple[float, float],
    colour: Colour,
    *,
    top_z: tuple[float, float] | None = None,
    inset: float = 0.0,
    glass: Colour | None = None,
) -> list[Face]:
    """Return a box, or with `top_z` and `inset` a frustum; its sides are of `glass` if given."""
    corners = np.array(
        [
            (
                x[i] + (inset if i == 0 else -inset) * j,
                y[j],
                (top_z if j and top_z else z)[k],
            )
            for k in (0, 1)
            for j in (0, 1)
            for i in (0, 1)
        ]
    )
    return [
        Face(corners[list(at)], shaded(glass if glass and name != "top" else colour, light))
        for name, (at, light) in _FACES.items()
    ]


def patch(
    x: tuple[float, float], y: tuple[float, float], z: float, colour: Colour, *, glows: bool = False
) -> Face:
    """Return an upright rectangle across the road: a lamp, a number plate."""
    return Face(np.array([(x[0], y[0], z), (x[1], y[0], z), (x[1], y[1], z), (x[0], y[1], z)]), colour, glows)


def side_patch(x: float, y: tuple[float, float], z: tuple[float, float], colour: Colour) -> Face:
    """Return an upright rectangle along the road, seen from the right, or from the left if `z` decreases."""
    return Face(np.array([(x, y[0], z[0]), (x, y[0], z[1]), (x, y[1], z[1]), (x, y[1], z[0])]), colour)


@dataclass(frozen=True)
class Solid:
    """Faces that move together: corners of shape (faces, 4, 3), and colours, in painting order."""

    corners: Floats
    colours: list[Colour]

    @classmethod
    def of(cls, faces: list[Face], tint: Colour) -> Self:
        """Return the solid under a light."""
        colours = [face.colour if face.glows else tinted(face.colour, tint) for face in faces]
        return cls(np.stack([face.corners for face in faces]), colours)

    def paint(self, canvas: Canvas, view: View, x: float, z: float) -> None:
        """Paint the solid at a position on the road."""
        pixels = view.project(self.corners + np.array((x, 0.0, z)))
        paint_faces(canvas, fixed(pixels), self.colours, np.flatnonzero(visible(view, pixels)).tolist())


def visible(view: View, faces: Floats, *, both_sides: bool = False) -> NDArray[np.bool_]:
    """Return which faces, in pixels of shape (n, 4, 2), face the camera and are within the picture."""
    one, two, three, four = (faces[:, corner] for corner in range(4))
    low = np.minimum(np.minimum(one, two), np.minimum(three, four))
    high = np.maximum(np.maximum(one, two), np.maximum(three, four))
    inside: NDArray[np.bool_] = np.all((high > 0) & (low < (view.width, view.height_px)), axis=1)
    large: NDArray[np.bool_] = (high - low).max(axis=1) > SPECK
    shown = inside & large
    if both_sides:
        return shown
    along, across = two - one, three - one
    return shown & (along[:, 0] * across[:, 1] - along[:, 1] * across[:, 0] < 0)


def paint_faces(canvas: Canvas, points: NDArray[np.int32], colours: list[Colour], shown: list[int]) -> None:
    """Paint the chosen faces, in `fixed` pixels, in that order."""
    for face in shown:
        fill(canvas, points[face], colours[face])

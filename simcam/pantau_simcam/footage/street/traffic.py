"""Draws vehicles. Each lane moves as a whole by complete laps per loop, so that the loop has no seam."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from pantau_simcam.footage.street.brush import Canvas, fixed
from pantau_simcam.footage.street.light import Light
from pantau_simcam.footage.street.solids import Solid, Thing, paint_faces, visible
from pantau_simcam.footage.street.vehicles import MAKES, PAINTS, Make
from pantau_simcam.footage.street.view import Floats, View

LEAST_Z, LAP = 5.0, 150.0
"""Metres at which traffic leaves the picture, and metres of road until it returns."""


@dataclass(frozen=True)
class Lane:
    """A lane: `x` is its middle; `laps` per loop are negative towards the camera."""

    x: float
    laps: int

    @property
    def away(self) -> bool:
        """True if the lane leads away from the camera."""
        return self.laps > 0


LANES = (Lane(-4.2, 1), Lane(-1.7, 1), Lane(1.7, -1), Lane(4.2, -1))


@dataclass(frozen=True)
class _Vehicle:
    lane: Lane
    start: float
    aside: float
    make: Make


class Traffic:
    """All vehicles of a street, projected together."""

    def __init__(self, rng: np.random.Generator, view: View, light: Light) -> None:
        self._view = view
        self._light = light
        vehicles = [vehicle for lane in LANES for vehicle in _queue(rng, lane)]
        solids = [Solid.of(vehicle.make.faces, light.tint) for vehicle in vehicles]
        self._x = np.array([vehicle.lane.x + vehicle.aside for vehicle in vehicles])
        self._start = np.array([vehicle.start for vehicle in vehicles])
        self._pace = np.array([vehicle.lane.laps * LAP for vehicle in vehicles])
        self._corners = np.concatenate([solid.corners for solid in solids])
        self._colours = [colour for solid in solids for colour in solid.colours]
        counts = [len(solid.colours) for solid in solids]
        self._of = np.repeat(np.arange(len(solids)), counts)
        ends = np.cumsum(counts)
        self._faces = [range(end - count, end) for end, count in zip(ends.tolist(), counts, strict=True)]
        self._shadows = np.concatenate([_shadow(vehicle.make, light) for vehicle in vehicles])
        self._shadow_of = np.repeat(np.arange(len(solids)), 2)

    def things(self, phase: float) -> Iterator[Thing]:
        """Return the vehicles at a phase of the loop, 0 to 1."""
        z = self._z(phase)
        pixels = self._view.project(self._corners + self._shifts(z, self._of))
        seen = visible(self._view, pixels)
        points = fixed(pixels)
        for number, faces in enumerate(self._faces):
            shown = [face for face in faces if seen[face]]
            if shown:
                paint = partial(paint_faces, points=points, colours=self._colours, shown=shown)
                yield float(z[number]), paint

    def cast_shadows(self, mask: Canvas, phase: float) -> None:
        """Whiten the mask where no sunlight falls."""
        pixels = self._view.project(self._shadows + self._shifts(self._z(phase), self._shadow_of))
        shown = np.flatnonzero(visible(self._view, pixels, both_sides=True)).tolist()
        paint_faces(mask, fixed(pixels), [(255.0, 255.0, 255.0)] * len(pixels), shown)

    def _z(self, phase: float) -> Floats:
        return LEAST_Z + (self._start + self._pace * phase) % LAP

    def _shifts(self, z: Floats, of: np.ndarray) -> Floats:
        return np.stack((self._x[of], np.zeros(len(of)), z[of]), axis=1)[:, None, :]


def _queue(rng: np.random.Generator, lane: Lane) -> Iterator[_Vehicle]:
    start = float(rng.uniform(0, 12))
    while start < LAP - 9:
        build = MAKES[int(rng.choice(len(MAKES), p=[share for _, share in MAKES]))][0]
        make = build(PAINTS[int(rng.integers(len(PAINTS)))], lane.away)
        aside = 0.9 if make.width < 1 else 0.15
        yield _Vehicle(lane, start, float(rng.uniform(-aside, aside)), make)
        start += make.length + float(rng.uniform(6, 30))


def _shadow(make: Make, light: Light) -> Floats:
    """Return two shadows on the road: under the vehicle, and beside it away from the sun."""
    half, high, long = make.width / 2, make.height * 0.8, make.length
    lean_x, lean_z = light.sun[0] * high, light.sun[1] * high
    side = half if lean_x > 0 else -half
    under = [(-half, 0, 0), (half, 0, 0), (half, 0, long), (-half, 0, long)]
    beside = [
        (side * 0.8, 0, 0),
        (side * 0.8, 0, long),
        (side + lean_x, 0, long + lean_z),
        (side + lean_x, 0, lean_z),
    ]
    return np.array([under, beside], float)

"""Draws people: evenly spaced pupils, each in the next one's place at the loop's end, and some who stand."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from pantau_simcam.footage.street.brush import Canvas, Colour, disc, shaded, stroke, tinted
from pantau_simcam.footage.street.light import Light
from pantau_simcam.footage.street.solids import Thing
from pantau_simcam.footage.street.view import View

SPACING = 10.5
"""Metres between two pupils; two of these per loop are a walking pace."""
STRIDES = 14
"""Double steps per loop."""

NEAREST, FARTHEST = 7.0, 110.0
"""Metres along the road: nearer people are outside the picture, farther ones invisible."""

SMALL = 9.0
"""Pixels per metre below which limbs cannot be distinguished and are not painted."""

SKIN = (96, 128, 176)
_CLOTHES: tuple[tuple[Colour, Colour], ...] = (
    ((222, 224, 226), (92, 86, 82)),
    ((170, 96, 60), (54, 46, 44)),
    ((70, 70, 190), (80, 60, 48)),
    ((90, 150, 110), (60, 60, 64)),
    ((60, 190, 226), (52, 48, 46)),
)


@dataclass(frozen=True)
class Walker:
    """A person at `x` who walks from `start` by `metres` per loop along the road; 0 stands."""

    x: float
    start: float
    metres: float
    shirt: Colour
    legs: Colour
    scarf: bool
    swing: float

    def z(self, phase: float) -> float:
        """Return the position along the road at a phase of the loop."""
        return self.start + self.metres * phase

    def paint(self, canvas: Canvas, view: View, phase: float) -> None:
        """Paint the person."""
        x, feet, metre = view.at(self.x, 0, self.z(phase))
        if metre < SMALL:
            stroke(canvas, (x, feet), (x, feet - 0.8 * metre), 0.3 * metre, self.legs)
            stroke(canvas, (x, feet - 0.8 * metre), (x, feet - 1.5 * metre), 0.36 * metre, self.shirt)
            return
        stride = math.sin(2 * math.pi * (STRIDES * phase + self.swing)) if self.metres else 0.0
        sway = 0.0 if self.metres else 0.03 * math.sin(2 * math.pi * (3 * phase + self.swing))
        hip, shoulder, head = feet - 0.82 * metre, feet - 1.36 * metre, feet - 1.53 * metre
        x_top = x + sway * metre
        for side in (-1, 1):
            step = 0.2 * side * stride * metre
            lift = max(0.0, side * stride) * 0.06 * metre
            stroke(
                canvas,
                (x + side * 0.07 * metre, hip),
                (x + side * 0.08 * metre + step, feet - lift),
                0.15 * metre,
                self.legs,
            )
            arm = 0.14 * side * stride * metre
            hand = x_top + side * 0.26 * metre - arm, hip - 0.02 * metre
            stroke(
                canvas,
                (x_top + side * 0.2 * metre, shoulder + 0.04 * metre),
                hand,
                0.1 * metre,
                shaded(self.shirt, 0.85),
            )
        stroke(canvas, (x, hip), (x_top, shoulder + 0.08 * metre), 0.36 * metre, self.shirt)
        disc(canvas, x_top, head, 0.125 * metre, self.shirt if self.scarf else SKIN)
        if not self.scarf:
            disc(canvas, x_top, head - 0.05 * metre, 0.115 * metre, (28, 26, 28))
        else:
            disc(canvas, x_top, head + 0.01 * metre, 0.07 * metre, SKIN)


class People:
    """All people in a street; `pavements` are the x of the left and the right one."""

    def __init__(self, rng: np.random.Generator, view: View, light: Light, pavements: tuple[float, float]) -> None:
        self._view = view
        self._walkers: list[Walker] = []
        for x, metres in ((pavements[0], 2 * SPACING), (pavements[1], -2 * SPACING)):
            shirt, legs = (tinted(part, light.tint) for part in _CLOTHES[0])
            offset, swing = rng.uniform(0, SPACING), rng.uniform(0, 1)
            self._walkers += [
                Walker(x + 0.5, offset + i * SPACING, metres, shirt, legs, scarf=metres < 0, swing=swing)
                for i in range(-3, 14)
            ]
        for _ in range(5):
            shirt, legs = (tinted(part, light.tint) for part in _CLOTHES[rng.integers(1, len(_CLOTHES))])
            x = pavements[rng.integers(2)] + rng.uniform(-0.8, 0.8)
            self._walkers.append(
                Walker(x, rng.uniform(16, 60), 0, shirt, legs, rng.random() < 0.4, rng.uniform(0, 1))
            )

    def things(self, phase: float) -> Iterator[Thing]:
        """Return the people at a phase of the loop, 0 to 1."""
        for walker in self._walkers:
            z = walker.z(phase)
            if NEAREST < z < FARTHEST:
                yield z, partial(walker.paint, view=self._view, phase=phase)

"""Draws trees: painted once and swayed by a shear that repeats a whole number of times per loop."""

import math
from dataclasses import dataclass, field

import cv2
import numpy as np
from cv2.typing import MatLike

from pantau_simcam.footage.street.brush import Canvas, disc, shaded
from pantau_simcam.footage.street.light import Light
from pantau_simcam.footage.street.view import View

MARGIN = 1.3
"""Width of the picture relative to the crown, so that the tree can sway within it."""

STEPS = 3
"""Steps per pixel in which a tree bends."""


@dataclass(frozen=True)
class Tree:
    """A tree's premultiplied picture and its transmission, 0 to 255; its corner is at `left`, `top`."""

    z: float
    left: int
    top: int
    colour: Canvas
    through: Canvas
    sways: int
    swing: float
    reach: float
    bent: dict[int, tuple[MatLike, MatLike]] = field(default_factory=dict, repr=False)

    def paint(self, canvas: Canvas, phase: float) -> None:
        """Paint the tree as the wind bends it."""
        height, width = self.colour.shape[:2]
        wind = math.sin(2 * math.pi * (self.sways * phase + self.swing))
        wind += 0.5 * math.sin(2 * math.pi * ((2 * self.sways + 1) * phase + 2 * self.swing))
        colour, through = self._bent(round(self.reach * wind * STEPS))
        x0, y0 = max(0, self.left), max(0, self.top)
        x1, y1 = min(canvas.shape[1], self.left + width), min(canvas.shape[0], self.top + height)
        if x0 >= x1 or y0 >= y1:
            return
        inner = np.s_[y0 - self.top : y1 - self.top, x0 - self.left : x1 - self.left]
        behind = canvas[y0:y1, x0:x1]
        canvas[y0:y1, x0:x1] = cv2.add(cv2.multiply(behind, through[inner], scale=1 / 255), colour[inner])

    def _bent(self, steps: int) -> tuple[MatLike, MatLike]:
        """Return the tree with its top moved aside; cached, since only a few positions recur."""
        if steps not in self.bent:
            height, width = self.colour.shape[:2]
            shear = steps / STEPS / height
            matrix = np.array([[1.0, -shear, shear * height], [0.0, 1.0, 0.0]])
            self.bent[steps] = (
                cv2.warpAffine(self.colour, matrix, (width, height)),
                cv2.warpAffine(self.through, matrix, (width, height), borderValue=(255, 255, 255)),
            )
        return self.bent[steps]


def tree(rng: np.random.Generator, view: View, light: Light, x: float, z: float) -> Tree:
    """Return a tree of five to eight metres at `(x, z)`."""
    foot_x, foot_y, metre = view.at(x, 0, z)
    tall = float(rng.uniform(5, 8)) * metre
    wide = tall * float(rng.uniform(0.6, 0.8))
    width, height = int(wide * MARGIN) + 2, int(tall) + 2
    scale = 2
    picture: MatLike = np.zeros((height * scale, width * scale, 3), np.uint8)
    cover: MatLike = np.zeros((height * scale, width * scale), np.uint8)
    _paint_tree(rng, picture, cover, light, wide * scale, tall * scale)
    picture = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    cover = cv2.resize(cover, (width, height), interpolation=cv2.INTER_AREA)
    return Tree(
        z,
        round(foot_x - width / 2),
        round(foot_y - height),
        picture,
        cv2.merge([255 - cover] * 3),
        int(rng.integers(2, 5)),
        float(rng.uniform(0, 1)),
        0.035 * tall,
    )


def _paint_tree(
    rng: np.random.Generator, picture: Canvas, cover: MatLike, light: Light, wide: float, tall: float
) -> None:
    height, width = cover.shape
    middle = width / 2
    bark = tuple(part * by for part, by in zip((48, 62, 78), light.tint, strict=True))
    trunk = np.array(
        [
            (middle - tall * 0.022, height),
            (middle + tall * 0.022, height),
            (middle + tall * 0.012, height - tall * 0.6),
            (middle - tall * 0.012, height - tall * 0.6),
        ]
    ).astype(np.int32)
    cv2.fillConvexPoly(picture, trunk, bark)
    cv2.fillConvexPoly(cover, trunk, 255)
    green = np.array((46, 96, 74)) * rng.uniform(0.85, 1.15, 3) * light.tint
    clumps = 170
    for i in range(clumps):
        low = 1 - i / clumps
        angle, out = rng.uniform(0, 2 * math.pi), math.sqrt(rng.uniform(0, 1))
        x = middle + math.cos(angle) * out * wide * 0.46
        y = height - tall * 0.68 + math.sin(angle) * out * tall * 0.27
        lit = 0.62 + 0.55 * (1 - low) * (0.5 - 0.5 * math.sin(angle) * out) + rng.uniform(-0.1, 0.1)
        radius = tall * float(rng.uniform(0.028, 0.06))
        disc(picture, x, y, radius, shaded((float(green[0]), float(green[1]), float(green[2])), lit))
        disc(cover, x, y, radius, (255, 255, 255))

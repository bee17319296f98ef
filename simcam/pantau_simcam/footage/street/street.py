"""Paints a street as a camera on a pole sees it, at any moment of a seamless loop."""

import math
from functools import partial

import cv2
import numpy as np

from pantau_simcam.footage.street.backdrop import PAVEMENT, ROAD, backdrop, glow
from pantau_simcam.footage.street.brush import Canvas
from pantau_simcam.footage.street.light import LIGHTS
from pantau_simcam.footage.street.people import People
from pantau_simcam.footage.street.traffic import Traffic
from pantau_simcam.footage.street.trees import tree
from pantau_simcam.footage.street.view import View

FINE = 1280
"""Pixels of width below which a picture is painted at twice the size and smoothed."""
GRAIN = 3.0
"""Standard deviation of a sensor's noise in grey levels; every real camera has some."""
_STRIDE = 64


class Street:
    """A street; each `number` is a different one. Not safe for use by two threads.

    `knocked` is the angle in radians by which the camera is turned from its aim.
    """

    def __init__(self, number: int, width: int, height: int, *, knocked: float = 0.0) -> None:
        rng = np.random.default_rng(number)
        self._light = LIGHTS[number % len(LIGHTS)]
        side = -1 if number // 2 % 2 == 0 else 1
        x, tall = side * float(rng.uniform(6.8, 7.6)), float(rng.uniform(6.2, 7.2))
        yaw = knocked - side * math.radians(float(rng.uniform(7, 11)))
        pitch = 0.19 + knocked / 3
        self._view = View(width, height, x, tall, yaw, pitch)
        times = 2 if width < FINE else 1
        large = View(width * times, height * times, x, tall, yaw, pitch)
        painted = backdrop(rng, large, self._light)
        self._backdrop = cv2.resize(painted, (width, height), interpolation=cv2.INTER_AREA)
        self._glow = glow(self._view, self._light)
        self._traffic = Traffic(rng, self._view, self._light)
        walks = (ROAD + PAVEMENT) / 2
        self._people = People(rng, self._view, self._light, (-walks, walks))
        places = [(s * (ROAD + 1.3), z + float(rng.uniform(-3, 3))) for s in (-1, 1) for z in (26, 38, 52, 70, 95)]
        self._trees = [tree(rng, self._view, self._light, *place) for place in places if rng.random() < 0.85]
        self._grain = rng.normal(0, GRAIN, (height + _STRIDE, width + _STRIDE, 3)).astype(np.int16)
        self._shadows = np.zeros((height, width), np.uint8)

    def draw(self, phase: float, frame: int) -> Canvas:
        """Return the picture at a phase of the loop, 0 to 1; `frame` chooses its noise."""
        canvas = self._backdrop.copy()
        self._shade(canvas, phase)
        things = [*self._traffic.things(phase), *self._people.things(phase)]
        things += [(tree.z, partial(tree.paint, phase=phase)) for tree in self._trees]
        for _, paint in sorted(things, key=lambda thing: -thing[0]):
            paint(canvas)
        if self._glow is not None:
            canvas = cv2.add(canvas, self._glow)
        y, x = np.random.default_rng(frame).integers(0, _STRIDE, 2)
        height, width = canvas.shape[:2]
        grain = self._grain[y : y + height, x : x + width]
        return cv2.add(canvas, grain, dtype=cv2.CV_8U)

    def _shade(self, canvas: Canvas, phase: float) -> None:
        self._shadows[:] = 0
        self._traffic.cast_shadows(self._shadows, phase)
        weight = cv2.convertScaleAbs(cv2.blur(self._shadows, (5, 5)), alpha=-self._light.shadow, beta=255)
        cv2.multiply(canvas, cv2.merge([weight] * 3), canvas, 1 / 255)

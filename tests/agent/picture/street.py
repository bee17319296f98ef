"""A synthetic street: buildings, a road, passing cars, sensor noise and a burned-in clock."""

from copy import deepcopy
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from pantau_agent.picture.judge import Judge
from pantau_agent.picture.settings import PictureSettings
from pantau_agent.picture.verdict import Verdict

Picture = NDArray[np.uint8]
Float = NDArray[np.float32]

WIDTH, HEIGHT = 640, 360
EDGE = 120
INTERVAL_S = 10


class Street:
    """One camera's street; `picture(k)` is its k-th healthy picture. Tests draw faults on the scene."""

    def __init__(self, seed: int = 1, *, clock: bool = True) -> None:
        self._rng = np.random.default_rng(seed)
        self.seed, self.clock = seed, clock
        self._noise = self._rng.standard_normal((HEIGHT + 64, WIDTH + 64, 3)).astype(np.float32)
        self.world = self._build(np.random.default_rng(seed))

    def scene(self, k: int) -> Float:
        """Return the street and its traffic through the lens, without noise and clock."""
        return self.view(self.with_traffic(k))

    def with_traffic(self, k: int) -> Float:
        world = self.world.copy()
        for car in range(3):
            x = (k * (37 + 11 * car) + car * 300) % (WIDTH + 2 * EDGE)
            y = EDGE + 210 + 45 * car
            cv2.rectangle(world, (x, y), (x + 60, y + 26), (40 * car, 90, 200 - 60 * car), -1)
            cv2.rectangle(world, (x + 12, y - 10), (x + 46, y), (30, 30, 30), -1)
        return world

    def view(self, world: Float, dx: float = 0, dy: float = 0, turn: float = 0, zoom: float = 1) -> Float:
        """Return what a camera aimed at the middle sees: shifted by (dx, dy) pixels, turned by degrees, zoomed."""
        middle = (EDGE + WIDTH / 2, EDGE + HEIGHT / 2)
        matrix = cv2.getRotationMatrix2D(middle, turn, zoom)
        matrix[:, 2] -= np.array([EDGE + dx, EDGE + dy])
        return np.asarray(cv2.warpAffine(world, matrix, (WIDTH, HEIGHT)), np.float32)

    def finish(self, scene: Float, k: int, *, noise: float = 1.5, tick: bool = True) -> Picture:
        """Add sensor noise, and burn in the clock."""
        y, x = self._rng.integers(0, 64, 2)
        noisy = scene + self._noise[y : y + HEIGHT, x : x + WIDTH] * noise
        return self.with_clock(np.clip(noisy + 0.5, 0, 255).astype(np.uint8), k if tick else 0)

    def with_clock(self, picture: Picture, k: int) -> Picture:
        if self.clock:
            words = f"2026-05-01 10:{k // 60 % 60:02}:{k % 60:02}"
            cv2.putText(picture, words, (8, 24), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 255, 255), 2)
        return picture

    def picture(self, k: int) -> Picture:
        """Return a healthy picture."""
        return self.finish(self.scene(k), k)

    @staticmethod
    def _build(rng: np.random.Generator) -> Float:
        height, width = HEIGHT + 2 * EDGE, WIDTH + 2 * EDGE
        world = np.full((height, width, 3), (185, 165, 150), np.uint8)
        x = 0
        while x < width:
            wide = int(rng.integers(50, 120))
            top = int(rng.integers(40, 200))
            colour = tuple(int(c) for c in rng.integers(60, 190, 3))
            cv2.rectangle(world, (x, top), (x + wide, EDGE + 190), colour, -1)
            for row in range(top + 12, EDGE + 180, 26):
                for column in range(x + 8, x + wide - 12, 22):
                    shade = int(rng.integers(20, 235))
                    cv2.rectangle(world, (column, row), (column + 11, row + 15), (shade, shade, shade), -1)
            x += wide
        cv2.rectangle(world, (0, EDGE + 190), (width, height), (85, 85, 88), -1)
        for x in range(0, width, 90):
            cv2.rectangle(world, (x, EDGE + 285), (x + 45, EDGE + 289), (225, 225, 225), -1)
            cv2.line(world, (x, EDGE + 190), (x + 30, EDGE + 150), (30, 40, 30), 3)
        grain = cv2.resize(rng.standard_normal((height // 3, width // 3)).astype(np.float32), (width, height))
        return np.asarray(np.clip(world + grain[..., None] * 5, 0, 255), np.float32)


def trained_judge(street: Street, settings: PictureSettings | None = None, pictures: int = 20) -> Judge:
    """Return a judge that has seen enough of the healthy street."""
    if settings is None and street.seed == 1 and street.clock:
        return deepcopy(_cached_judge(pictures))
    return _trained(street, settings or PictureSettings(learning_s=0), pictures)


@cache
def _cached_judge(pictures: int) -> Judge:
    return _trained(Street(), PictureSettings(learning_s=0), pictures)


def _trained(street: Street, settings: PictureSettings, pictures: int) -> Judge:
    judge = Judge(INTERVAL_S, settings)
    for k in range(pictures):
        verdict = judged(judge, street.picture(k), k)
        assert verdict.cause is None, verdict
    return judge


def judged(judge: Judge, picture: Picture | None, k: int, *, damaged: bool = False) -> Verdict:
    """Return the verdict on the k-th picture."""
    return judge.update(picture, k * INTERVAL_S * 1000, damaged=damaged)

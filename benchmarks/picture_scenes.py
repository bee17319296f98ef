"""Drawn scenes that are hard to judge because they have little colour and few edges.

Real footage of such views is rare among free clips. These are drawn, each from a seed: no two are alike, and none
was drawn to fit a threshold. `picture_day.day` makes a day of each.
"""

from collections.abc import Callable, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.picture_events import Picture

WIDTH, HEIGHT = 640, 360
KEYFRAMES = 40
"""Keyframes of a scene; what moves in it is somewhere else in each."""

Light = NDArray[np.float32]


def grey_road(rng: np.random.Generator) -> list[Picture]:
    """Draw a road seen from above: asphalt, worn lane lines, verges with little colour, and cars that pass."""
    ground = _cloud(rng, 60, 10) + _cloud(rng, 3, 2) + rng.uniform(85, 125)
    verge = int(HEIGHT * rng.uniform(0.08, 0.2))
    scene = np.repeat(ground[..., None], 3, axis=2)
    green = np.array([0.93, 1.04, 0.97], np.float32)
    for band in (slice(0, verge), slice(HEIGHT - verge, HEIGHT)):
        scene[band] = (scene[band] * rng.uniform(0.75, 0.95) + _cloud(rng, 4, 5)[band, :, None]) * green
    lanes = int(rng.integers(2, 5))
    lines = np.zeros((HEIGHT, WIDTH), np.float32)
    for lane in range(lanes + 1):
        y = verge + round((HEIGHT - 2 * verge) * lane / lanes)
        dash = WIDTH if lane in (0, lanes) else int(rng.integers(30, 60))
        for x in range(-int(rng.integers(0, 40)), WIDTH, dash * 2):
            cv2.line(lines, (x, y), (x + dash, y), float(rng.uniform(5, 16)), 3)
    scene += cv2.GaussianBlur(lines, (0, 0), 1.2)[..., None]
    pictures = []
    for _ in range(KEYFRAMES):
        picture = scene.copy()
        for _ in range(int(rng.poisson(2.5))):
            lane = int(rng.integers(lanes))
            y = verge + round((HEIGHT - 2 * verge) * (lane + 0.5) / lanes)
            _car(picture, rng, int(rng.integers(0, WIDTH)), y, round((HEIGHT - 2 * verge) / lanes * 0.3))
        pictures.append(_picture(picture))
    return pictures


def grey_town(rng: np.random.Generator) -> list[Picture]:
    """Draw a street of concrete houses under an overcast sky, with a few people and vehicles."""
    scene = np.full((HEIGHT, WIDTH, 3), rng.uniform(165, 190), np.float32)
    scene += _cloud(rng, 80, 8)[..., None]
    x = 0
    while x < WIDTH:
        width, top = int(rng.integers(60, 140)), int(rng.integers(40, 150))
        wall = np.float32(rng.uniform(90, 150)) * (1 + rng.uniform(-0.03, 0.03, 3).astype(np.float32))
        scene[top : HEIGHT - 90, x : x + width] = wall
        for row in range(top + 14, HEIGHT - 120, 34):
            for column in range(x + 10, x + width - 16, 26):
                scene[row : row + 18, column : column + 13] = wall * rng.uniform(0.6, 0.85)
        x += width
    scene[HEIGHT - 90 :] = rng.uniform(80, 110) + _cloud(rng, 20, 8)[HEIGHT - 90 :, :, None]
    scene = np.asarray(cv2.GaussianBlur(scene + _cloud(rng, 2, 3)[..., None], (0, 0), 0.8), np.float32)
    pictures = []
    for _ in range(KEYFRAMES):
        picture = scene.copy()
        for _ in range(int(rng.poisson(4))):
            _car(picture, rng, int(rng.integers(0, WIDTH)), HEIGHT - int(rng.integers(20, 75)), 18)
        for _ in range(int(rng.poisson(5))):
            left, foot = int(rng.integers(0, WIDTH)), HEIGHT - int(rng.integers(10, 90))
            cv2.ellipse(picture, (left, foot - 14), (4, 14), 0, 0, 360, [float(rng.uniform(30, 90))] * 3, -1)
        pictures.append(_picture(picture))
    return pictures


def glass_hall(rng: np.random.Generator) -> list[Picture]:
    """Draw a hall behind glass: a smooth floor, a few pillars, and reflections of the outside that drift."""
    scene = np.repeat((_cloud(rng, 90, 18) + rng.uniform(105, 135))[..., None], 3, axis=2)
    scene *= np.array([0.97, 1.0, 1.02], np.float32)
    for _ in range(int(rng.integers(3, 6))):
        left, width = int(rng.integers(0, WIDTH - 40)), int(rng.integers(14, 34))
        scene[: int(rng.integers(200, 320)), left : left + width] *= rng.uniform(0.75, 1.2)
    for _ in range(int(rng.integers(2, 6))):
        left, top = int(rng.integers(0, WIDTH - 90)), int(rng.integers(200, 320))
        cv2.rectangle(scene, (left, top), (left + 80, top + 26), [float(rng.uniform(70, 120))] * 3, -1)
    scene = np.asarray(cv2.GaussianBlur(scene, (0, 0), 1.5), np.float32)
    outside = _cloud(rng, 25, 14)
    pictures = []
    for number in range(KEYFRAMES):
        reflection = np.roll(outside, int(8 * np.sin(number / 6)), axis=1)
        picture: Light = np.asarray(scene + np.maximum(reflection, 0)[..., None], np.float32)
        for _ in range(int(rng.poisson(3))):
            left, foot = int(rng.integers(0, WIDTH)), HEIGHT - int(rng.integers(10, 110))
            cv2.ellipse(picture, (left, foot - 26), (9, 28), 0, 0, 360, [float(rng.uniform(30, 110))] * 3, -1)
        pictures.append(_picture(picture))
    return pictures


SCENES: Mapping[str, Callable[[np.random.Generator], list[Picture]]] = {
    "grey road": grey_road,
    "grey town": grey_town,
    "glass hall": glass_hall,
}


def _cloud(rng: np.random.Generator, size: float, levels: float) -> Light:
    """Return a smooth random texture: `size` is its grain in pixels, `levels` its deviation in grey levels."""
    scale = max(1.0, size / 2)
    coarse = rng.standard_normal((round(HEIGHT / scale) + 2, round(WIDTH / scale) + 2)).astype(np.float32)
    field = cv2.resize(cv2.GaussianBlur(coarse, (0, 0), 1.0), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    return np.asarray(field / (field.std() + 1e-6) * levels, np.float32)


def _car(picture: Light, rng: np.random.Generator, x: int, y: int, half: int) -> None:
    """Draw a car from above, 2.4 times as long as wide."""
    paint = np.float32(rng.choice([40.0, 70.0, 120.0, 180.0, 215.0])) * rng.uniform(0.93, 1.07, 3)
    length = round(half * 2.4)
    cv2.rectangle(picture, (x - length, y - half), (x + length, y + half), paint.tolist(), -1)
    cabin = (paint * 0.55).tolist()
    cv2.rectangle(picture, (x - length // 2, y - half * 3 // 4), (x + length // 2, y + half * 3 // 4), cabin, -1)


def _picture(light: Light) -> Picture:
    return np.asarray(np.clip(light, 0, 255), np.uint8)

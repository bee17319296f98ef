"""Draws a street, for tests that need a picture with content."""

import random

import cv2
import numpy as np
import numpy.typing as npt


def street(seed: str, *, dark: bool = False) -> npt.NDArray[np.uint8]:
    """Return a street in the evening, 640x360 BGR."""
    chance = random.Random(seed)
    width, height, horizon = 640, 360, chance.randint(130, 180)
    down = np.linspace(0, 1, height)[:, None, None]
    hue = np.array([chance.uniform(90, 170), chance.uniform(100, 150), chance.uniform(110, 190)])
    scene = np.broadcast_to((1 - down) * hue * 0.5 + down * hue * 1.25, (height, width, 3)).astype(np.uint8).copy()
    for x in range(-20, width, 46):
        top = horizon - chance.randint(15, 110)
        shade = chance.randint(34, 74)
        cv2.rectangle(scene, (x, top), (x + chance.randint(40, 80), horizon + 12), (shade + 10, shade, shade), -1)
        for wy in range(top + 8, horizon - 4, 14):
            for wx in range(x + 6, x + 40, 12):
                if chance.random() < 0.35:
                    cv2.rectangle(scene, (wx, wy), (wx + 5, wy + 7), (120, 200, 235), -1)
    scene[horizon:] = (58, 54, 52)
    middle = chance.randint(230, 410)
    road = np.array([[middle - 26, horizon], [middle + 26, horizon], [width + 160, height], [-160, height]])
    cv2.fillPoly(scene, [road], (74, 70, 68))
    for i in range(9):
        near, far = (i / 9) ** 1.8, ((i + 0.45) / 9) ** 1.8
        y0, y1 = horizon + near * (height - horizon), horizon + far * (height - horizon)
        cv2.line(scene, (middle, int(y0)), (middle, int(y1)), (205, 215, 220), 1 + int(near * 7))
    for _ in range(chance.randint(4, 9)):
        near = chance.uniform(0.05, 0.9) ** 1.5
        y = int(horizon + near * (height - horizon))
        x = int(middle + chance.choice([-1, 1]) * (12 + near * chance.randint(60, 260)))
        w = int(9 + near * 84)
        paint = tuple(chance.randint(40, 220) for _ in range(3))
        cv2.rectangle(scene, (x - w // 2, y - int(w * 0.62)), (x + w // 2, y), paint, -1)
        cv2.rectangle(scene, (x - w // 3, y - int(w * 0.55)), (x + w // 3, y - int(w * 0.3)), (70, 60, 50), -1)
        for side in (-1, 1):
            cv2.circle(scene, (x + side * w // 3, y - w // 8), max(w // 11, 1), (190, 235, 255), -1)
    noise = np.random.default_rng(chance.randint(0, 9999)).normal(0, 4, scene.shape)
    seen = np.clip(cv2.GaussianBlur(scene, (3, 3), 0) * (0.04 if dark else 1.0) + noise, 0, 255).astype(np.uint8)
    cv2.putText(
        seen, "2026-11-24 14:31:08", (14, 30), cv2.FONT_HERSHEY_DUPLEX, 0.6, (235, 235, 235), 1, cv2.LINE_AA
    )
    return seen

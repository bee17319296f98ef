"""A day and a night of healthy footage made of a scene's few healthy keyframes, in which nothing may alarm.

Dawn, noon, dusk and infrared night; an hour and a half of rain; headlights at night; clouds; jumps of exposure;
sensor noise and a new encoding for each picture. The day begins at night, and the judge knows nothing of the
camera.
"""

import math
from collections import Counter
from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.picture_detectors import Ours
from benchmarks.picture_events import Clip, Picture

INTERVAL_S = 30
"""Seconds between keyframes."""
KEYFRAMES = 24 * 3600 // INTERVAL_S
"""Keyframes of a day."""
DAWN = 6.0
"""Hour of the day at which the sun rises."""
DUSK = 18.5
"""Hour of the day at which the sun sets."""
RAIN = (15.0, 16.5)
"""Hours of the day from and until which it rains."""
DARK = 30.0
"""Mean grey level of a scene that was filmed at night; its lamps burn all day here."""

Light = NDArray[np.float32]


def scenes(clips: list[Clip]) -> dict[str, list[Picture]]:
    """Return healthy keyframes of each scene, from its undisturbed sequence or else from before an onset."""
    found: dict[str, list[Picture]] = {}
    for clip in sorted(clips, key=lambda clip: clip.fault != "normal"):
        if clip.scene not in found:
            healthy = None if clip.fault == "normal" else clip.onset
            found[clip.scene] = [picture for picture, _ in clip.keyframes() if picture is not None][:healthy]
    return found


def day(keyframes: list[Picture], seed: int) -> Iterator[tuple[Picture, float]]:
    """Yield each picture of a day with its time in seconds."""
    rng = np.random.default_rng(seed)
    filmed_at_night = np.mean([keyframe.mean() for keyframe in keyframes]) < DARK
    exposure, jump_left = 1.0, 0
    for k in range(KEYFRAMES):
        hour = k * INTERVAL_S / 3600
        at = k % (2 * len(keyframes) - 2)
        picture: Light = keyframes[min(at, 2 * len(keyframes) - 2 - at)].astype(np.float32)
        night = not filmed_at_night and not DAWN - 0.3 <= hour < DUSK + 0.3
        if night:
            picture = infrared(picture)
        elif not filmed_at_night:
            sun = max(0.0, math.sin(math.pi * (hour - DAWN) / (DUSK - DAWN)))
            picture *= 0.3 + 0.7 * sun**0.5 * (1 + 0.12 * math.sin(hour * 9) * math.sin(hour * 2.3))
        if RAIN[0] <= hour < RAIN[1]:
            picture = rain(picture, rng)
        if (night or filmed_at_night) and rng.random() < 0.15:
            picture = headlights(picture, rng)
        if jump_left == 0 and rng.random() < 0.01:
            exposure, jump_left = float(rng.choice([0.6, 1.5])), int(rng.integers(1, 5))
        picture *= exposure if jump_left else 1.0
        jump_left = max(0, jump_left - 1)
        picture += rng.standard_normal(picture.shape, np.float32) * (3.0 if night else 1.5)
        yield encoded(picture, int(rng.integers(60, 80))), float(k * INTERVAL_S)


def infrared(picture: Light) -> Light:
    """Light the scene by the camera's own lamp: grey, and bright in the middle."""
    grey = cv2.cvtColor(np.clip(picture, 0, 255).astype(np.uint8), cv2.COLOR_BGR2GRAY).astype(np.float32)
    height, width = grey.shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    lamp = np.exp(-(((x / width - 0.5) / 0.6) ** 2) - ((y / height - 0.55) / 0.6) ** 2)
    return np.repeat((170 * (grey / 255) ** 1.2 * lamp)[..., None], 3, axis=2).astype(np.float32)


def rain(picture: Light, rng: np.random.Generator) -> Light:
    """Add streaks and a veil."""
    height, width = picture.shape[:2]
    streaks = np.zeros((height, width), np.float32)
    for x, y in zip(rng.integers(0, width, 350), rng.integers(0, height, 350), strict=True):
        cv2.line(streaks, (int(x), int(y)), (int(x) + 3, int(y) + height // 18), float(rng.uniform(25, 90)), 1)
    return np.asarray(picture * 0.93 + 10 + cv2.GaussianBlur(streaks, (0, 0), 0.6)[..., None], np.float32)


def headlights(picture: Light, rng: np.random.Generator) -> Light:
    """Add two lamps that come towards the camera, with their glare."""
    height, width = picture.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    middle, level, size = rng.uniform(0.2, 0.8) * width, rng.uniform(0.4, 0.85) * height, 0.1 * width
    lit = picture.copy()
    for side in (-1.3, 1.3):
        distance = np.hypot(x - middle - side * size, y - level) / size
        lit += (230 * np.exp(-2 * distance**2) + 70 * np.exp(-0.6 * distance))[..., None]
    return np.asarray(lit * 0.85, np.float32)


def encoded(picture: Light, quality: int) -> Picture:
    """Encode and decode the picture."""
    _, jpeg = cv2.imencode(".jpg", np.clip(picture, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), np.uint8)


def watch_a_day(keyframes: list[Picture], seed: int = 1) -> Counter[str]:
    """Return the alarms of one day, by the number of keyframes that each was up."""
    detector = Ours(INTERVAL_S)
    return Counter(name for picture, time_s in day(keyframes, seed) for name in detector.update(picture, time_s))

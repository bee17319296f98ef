"""Draws what cameras burn into their pictures: the clock and a name."""

import time
from datetime import UTC, datetime

import cv2
from cv2.typing import MatLike

PLACES = ("Jl. Ahmad Yani", "Jl. Sudirman", "Jl. Gajah Mada", "Jl. Diponegoro")

_BEGAN_S = time.time()
"""When the process started. The clock starts from it again in each loop, since cameras share pictures."""
_FONT = cv2.FONT_HERSHEY_DUPLEX


def caption(picture: MatLike, scene: int, at_s: float) -> None:
    """Draw both on the picture as they are `at_s` seconds into the loop."""
    height, width = picture.shape[:2]
    scale, margin = height / 720, height // 40
    when = datetime.fromtimestamp(_BEGAN_S + at_s, UTC).astimezone()
    _write(picture, f"{when:%Y-%m-%d %H:%M:%S}", margin, margin + round(22 * scale), scale)
    name = f"{PLACES[scene % len(PLACES)]} {scene + 1}"
    (wide, _), _ = cv2.getTextSize(name, _FONT, scale, 1)
    _write(picture, name, width - margin - wide, height - margin, scale)


def _write(picture: MatLike, text: str, x: int, y: int, scale: float) -> None:
    edge = max(1, round(1.4 * scale))
    for dx, dy in ((-edge, 0), (edge, 0), (0, -edge), (0, edge)):
        cv2.putText(picture, text, (x + dx, y + dy), _FONT, scale, (24, 24, 24), 1, cv2.LINE_AA)
    cv2.putText(picture, text, (x, y), _FONT, scale, (245, 245, 245), 1, cv2.LINE_AA)

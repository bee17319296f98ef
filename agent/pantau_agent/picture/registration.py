"""Image registration: finds where a scene that no longer matches in place went, whether shifted, turned or zoomed.

Orientation correlation by FFT (A. Fitch et al., BMVC 2002) over a few turns and zooms of the remembered picture.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pantau_agent.picture.cells import Plane, plane
from pantau_agent.picture.structure import FINE, Structure, structure
from pantau_contract.words.evidence import Detail, detail

ZOOMS = (0.55, 0.65, 0.75, 0.86, 1.16, 1.32, 1.5, 1.72, 1.95)
"""Zoom factors tried, so close together that zooms between them still match in part."""
TURNS = (-24, -18, -13, -9, -5, 5, 9, 13, 18, 24)
"""Turns tried, in degrees, so close together that turns between them still match in part."""
FARTHEST = 0.4
"""Largest shift searched, in parts of the picture's sides; beyond it too little is left to compare."""


@dataclass(frozen=True, slots=True)
class Motion:
    """How the view moved.

    `x` and `y` are in parts of the picture's sides, `turn` in degrees; `score` is in [0, 1], 1 for a perfect
    match.
    """

    score: float
    x: float = 0.0
    y: float = 0.0
    turn: float = 0.0
    zoom: float = 1.0

    @property
    def evidence(self) -> Detail:
        """The motion in words."""
        if self.turn:
            return detail("turned", count=f"{abs(self.turn):.0f}")
        if self.zoom != 1:
            return detail("zoomed", times=f"{self.zoom:.1f}")
        return detail("shifted", share=f"{math.hypot(self.x, self.y):.0%}")


def register(thumbnail: Plane, remembered: Plane) -> Motion:
    """Return the motion that best maps the remembered thumbnail onto the present one."""
    now = _spectrum(structure(thumbnail, FINE))
    tries = [(0.0, 1.0), *((0.0, zoom) for zoom in ZOOMS), *((float(turn), 1.0) for turn in TURNS)]
    return max((_shift(now, remembered, turn, zoom) for turn, zoom in tries), key=lambda motion: motion.score)


def _spectrum(field: Structure) -> NDArray[np.complex64]:
    height, width = field.x.shape
    window = np.outer(np.hanning(height), np.hanning(width)) ** 0.5
    spectrum = np.fft.fft2((field.x + 1j * field.y) * window)
    return np.asarray(spectrum / (np.linalg.norm(spectrum) + 1e-6), np.complex64)


def _shift(now: NDArray[np.complex64], remembered: Plane, turn: float, zoom: float) -> Motion:
    height, width = remembered.shape
    moved = remembered
    if turn or zoom != 1:
        matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), turn, zoom)
        moved = plane(cv2.warpAffine(remembered, matrix, (width, height), borderMode=cv2.BORDER_REFLECT))
    then = _spectrum(structure(moved, FINE))
    match = np.real(np.fft.ifft2(now * np.conj(then))) * now.size
    far_y, far_x = int(height * FARTHEST), int(width * FARTHEST)
    match = np.fft.fftshift(match)
    cy, cx = height // 2, width // 2
    near = match[cy - far_y : cy + far_y + 1, cx - far_x : cx + far_x + 1]
    y, x = np.unravel_index(int(near.argmax()), near.shape)
    dy, dx = (int(y) - far_y) / height, (int(x) - far_x) / width
    overlap = (1 - abs(dy)) * (1 - abs(dx))
    return Motion(min(1.0, float(near[y, x]) / overlap), dx, dy, turn, zoom)

"""Burned-in clocks, names and logos: text that the camera or recorder writes into its own picture.

It is drawn after the lens: thin strokes, far brighter or darker than their surroundings, at the same place in
every picture while traffic passes and light changes. It says nothing about the lens, the aim or the scene.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from pantau_agent.picture.cells import GRID, Mask, Plane, cell_means, plane
from pantau_agent.picture.frame import Frame

STROKE = 45.0
"""Grey levels by which a stroke stands out of its surroundings, at the working size."""
DENSE = 0.02
"""Share of a cell's pixels in upright strokes, and as many in level ones: a lane marking has one kind only."""
MIN_FREQUENCY = 0.7
"""Share of pictures from which a cell that looks written on is an overlay."""
RATE = 0.1
"""Weight of one picture in the running frequency."""


def text_cells(frame: Frame) -> Plane:
    """Return, per cell, 1 if the picture looks written on and 0 if not."""
    upright, level = np.ones((1, 5), np.uint8), np.ones((5, 1), np.uint8)
    written = np.minimum(cell_means(_thin(frame.grey, upright)), cell_means(_thin(frame.grey, level)))
    return (written > DENSE).astype(np.float32)


def _thin(grey: Plane, kernel: NDArray[np.uint8]) -> Plane:
    """Return the pixels of strokes that are thinner than the kernel."""
    bright = (grey - plane(cv2.morphologyEx(grey, cv2.MORPH_OPEN, kernel)) > STROKE) & (grey > 160)
    dark = (plane(cv2.morphologyEx(grey, cv2.MORPH_CLOSE, kernel)) - grey > STROKE) & (grey < 40)
    return (bright | dark).astype(np.float32)


def update_frequency(frequency: Plane, frame: Frame) -> None:
    """Add one healthy picture to `frequency`, the share of pictures in which each cell looked written on."""
    frequency += (text_cells(frame) - frequency) * RATE


def overlay_mask(frequency: Plane) -> Mask:
    """Return the cells that are written on in nearly every picture, at the top and bottom, where such text is."""
    border = np.zeros(GRID, np.bool_)
    border[:2] = border[-2:] = True
    return (frequency > MIN_FREQUENCY) & border

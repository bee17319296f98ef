"""The grid of cells that a picture is compared by, and the planes of numbers it is compared in."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
"""One number a pixel, or one a cell."""
Mask = NDArray[np.bool_]

GRID = (9, 16)
"""Rows and columns of cells, whatever the picture's size."""


def plane(array: Any) -> Plane:
    """An array as a plane of 32 bit floats."""
    return np.asarray(array, np.float32)


def cell_means(pixels: Plane) -> Plane:
    """The mean over each cell, GRID in shape (GRID x C for C channels)."""
    return plane(cv2.resize(pixels, (GRID[1], GRID[0]), interpolation=cv2.INTER_AREA))

"""The grid of cells in which pictures are compared, and the array types they are compared in."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
"""An array with one number per pixel or per cell."""
Mask = NDArray[np.bool_]
"""An array with one flag per pixel or per cell."""

GRID = (9, 16)
"""Rows and columns of cells, whatever the picture's size."""


def plane(array: Any) -> Plane:
    """Return the array as 32-bit floats."""
    return np.asarray(array, np.float32)


def cell_means(pixels: Plane) -> Plane:
    """Return the mean over each cell, in the shape of GRID (GRID x C for C channels)."""
    return plane(cv2.resize(pixels, (GRID[1], GRID[0]), interpolation=cv2.INTER_AREA))

"""Regions of a camera's view that nobody may see: blacked right after decoding, so that nothing later has them."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pantau_agent.picture.cells import GRID, Mask

Region = tuple[float, float, float, float]
"""left, top, right, bottom, in parts of the picture's width and height."""


def hide(picture: NDArray[np.uint8], regions: Sequence[Region]) -> NDArray[np.uint8]:
    """Return the picture with the regions black: the same one if there are none, else a copy."""
    if not regions:
        return picture
    hidden = picture.copy()
    for rows, columns in _slices(regions, picture.shape[0], picture.shape[1]):
        hidden[rows, columns] = 0
    return hidden


def hidden_pixels(regions: Sequence[Region], height: int, width: int) -> Mask | None:
    """Return which pixels of a picture of that size are hidden, or None if none are."""
    if not regions:
        return None
    hidden = np.zeros((height, width), np.bool_)
    for rows, columns in _slices(regions, height, width):
        hidden[rows, columns] = True
    return hidden


def hidden_cells(regions: Sequence[Region]) -> Mask:
    """Return the cells that a region touches: at its border there is an edge that is not the scene's."""
    hidden = np.zeros(GRID, np.bool_)
    for rows, columns in _slices(regions, *GRID):
        hidden[rows, columns] = True
    return hidden


def _slices(regions: Sequence[Region], height: int, width: int) -> list[tuple[slice, slice]]:
    """Return each region's rows and columns; a pixel that is hidden in part is hidden."""
    return [
        (
            slice(math.floor(top * height), math.ceil(bottom * height)),
            slice(math.floor(left * width), math.ceil(right * width)),
        )
        for left, top, right, bottom in regions
    ]

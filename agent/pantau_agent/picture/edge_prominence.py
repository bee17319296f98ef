"""Distinguishes the contrasts of a scene from those of a cover.

A scene has edges: in most of its cells a few gradients stand far out of the others (the gradients of natural
pictures are heavy-tailed; D. L. Ruderman, "The statistics of natural images", 1994). What lies on a lens is out of
focus: its texture is as even as noise, whose gradients follow Rayleigh's distribution, and a cover's own edge runs
through few cells.
"""

import cv2
import numpy as np

from pantau_agent.picture.cells import GRID, Mask, Plane, plane

CELL_SIDE = 8
"""Pixels per side to which each cell of the thumbnail is resized."""
GRADIENT_FLOOR = 0.15
"""Grey levels per pixel: weaker gradients are rounding."""
TYPICAL_PROMINENCE = 1.8
"""Ratio of the 95th percentile of gradients to their median in the median cell of a scene.

Noise has 2.08, less the floor.
"""
TOP_PROMINENCE = 3.0
"""The same ratio in one cell of five of a scene."""


def edge_prominence(strength: Plane, cells: Mask) -> float:
    """Return how far edges stand out within the cells: 1 or more for a scene, 0 if there are no cells.

    `strength` holds the gradients of the thumbnail (grey levels per pixel). Cells at the rim of `cells`, through
    which a cover's edge may run, are left out if enough others remain.
    """
    inner = cv2.erode(cells.astype(np.uint8), np.ones((3, 3), np.uint8), borderType=cv2.BORDER_REPLICATE) > 0
    chosen = inner if inner.sum() >= GRID[0] else cells
    if not chosen.any():
        return 0.0
    rows, columns = GRID
    size = (columns * CELL_SIDE, rows * CELL_SIDE)
    pixels = plane(cv2.resize(strength, size)).reshape(rows, CELL_SIDE, columns, CELL_SIDE).swapaxes(1, 2)[chosen]
    pixels = np.sort(pixels.reshape(len(pixels), -1), axis=1)
    count = pixels.shape[1]
    prominence = pixels[:, int(0.95 * count)] / (pixels[:, count // 2] + GRADIENT_FLOOR)
    return max(
        float(np.median(prominence)) / TYPICAL_PROMINENCE, float(np.quantile(prominence, 0.8)) / TOP_PROMINENCE
    )

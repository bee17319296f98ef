"""Where the camera hangs and how it sees: a pinhole camera over a straight road.

World coordinates are metres: x to the right across the road, y up, z along the road away from the camera.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NEAR = 0.5
"""Metres below which projections are wrong."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class View:
    """A camera at `(x, height, 0)`, turned by `yaw` to the right and `pitch` down, in radians."""

    width: int
    height_px: int
    x: float
    height: float
    yaw: float
    pitch: float
    field_of_view: float = math.radians(60)

    @property
    def focal(self) -> float:
        """The focal length in pixels."""
        return self.width / 2 / math.tan(self.field_of_view / 2)

    @property
    def horizon(self) -> float:
        """The row of the horizon."""
        return self.height_px / 2 - self.focal * math.tan(self.pitch)

    def project(self, points: Floats) -> Floats:
        """Return the pixels of world points: shape (..., 3) to (..., 2)."""
        cos_yaw, sin_yaw = math.cos(self.yaw), math.sin(self.yaw)
        cos_pitch, sin_pitch = math.cos(self.pitch), math.sin(self.pitch)
        x, y, z = points[..., 0] - self.x, points[..., 1] - self.height, points[..., 2]
        ahead = x * sin_yaw + z * cos_yaw
        scale = self.focal / np.maximum(ahead * cos_pitch - y * sin_pitch, NEAR)
        pixels = np.empty((*points.shape[:-1], 2))
        pixels[..., 0] = self.width / 2 + (x * cos_yaw - z * sin_yaw) * scale
        pixels[..., 1] = self.height_px / 2 - (y * cos_pitch + ahead * sin_pitch) * scale
        return pixels

    def at(self, x: float, y: float, z: float) -> tuple[float, float, float]:
        """Return column and row of one world point, and the pixels per metre there."""
        x, y = x - self.x, y - self.height
        ahead = x * math.sin(self.yaw) + z * math.cos(self.yaw)
        scale = self.focal / max(NEAR, ahead * math.cos(self.pitch) - y * math.sin(self.pitch))
        column = self.width / 2 + (x * math.cos(self.yaw) - z * math.sin(self.yaw)) * scale
        return (
            column,
            self.height_px / 2 - (y * math.cos(self.pitch) + ahead * math.sin(self.pitch)) * scale,
            scale,
        )

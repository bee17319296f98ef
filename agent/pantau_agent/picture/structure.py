"""Where a picture has edges and which way they run, which survives changes of light, contrast and noise.

Orientation correlation, after A. Fitch et al., "Orientation correlation", BMVC 2002, per cell, and softened: a
gradient counts fully once it stands well above the picture's median gradient, so that neither noise nor a single
lamp decides.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from pantau_agent.picture.cells import Plane, cell_means, plane

FINE = 0.8
"""Scale, in pixels of the thumbnail, of structure that shows whether the camera's aim holds."""
COARSE = 3.0
"""Scale, in pixels of the thumbnail, of structure that a blur leaves."""


@dataclass(frozen=True, slots=True)
class Structure:
    """The gradients of a thumbnail at one scale.

    `x` and `y` are softened, each in [-1, 1]. `strength` is the true gradient in grey levels per pixel, and `soft`
    what each true gradient was divided by.
    """

    x: Plane
    y: Plane
    strength: Plane
    soft: Plane


def structure(thumbnail: Plane, scale: float) -> Structure:
    """Return the structure of a thumbnail at one scale."""
    smooth = cv2.GaussianBlur(thumbnail, (0, 0), scale)
    x = plane(cv2.Sobel(smooth, cv2.CV_32F, 1, 0, ksize=1)) / 2
    y = plane(cv2.Sobel(smooth, cv2.CV_32F, 0, 1, ksize=1)) / 2
    strength = plane(np.hypot(x, y))
    # the last term is the rounding of 8-bit levels, which blurring averages out
    soft = plane(strength + np.median(strength[::2, ::2]) + 0.25 / (1 + scale))
    return Structure(plane(x / soft), plane(y / soft), strength, soft)


def products(one: Structure, other: Structure) -> tuple[Plane, Plane, Plane]:
    """Return, per cell, the mean product of the two structures, and of each with itself."""
    return (
        cell_means(one.x * other.x + one.y * other.y),
        cell_means(one.x**2 + one.y**2),
        cell_means(other.x**2 + other.y**2),
    )


def agreement(one: Structure, other: Structure) -> Plane:
    """Return how similar two structures are, per cell, in [-1, 1]: 1 is equal, 0 unrelated."""
    both, first, second = products(one, other)
    return plane(both / (np.sqrt(first * second) + 1e-3))

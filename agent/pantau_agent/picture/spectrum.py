"""Periodic patterns: hum bars and interference show as one sharp peak in the spectrum."""

from functools import lru_cache

import cv2
import numpy as np

from pantau_agent.picture.cells import Plane, plane

LONGEST = 2.5
"""Waves of fewer cycles a picture are light and shadow."""


def strongest_wave(difference: Plane) -> float:
    """The share of the whitened spectrum that its strongest wave holds, in [0, 1].

    `difference` is a picture less what is remembered of it. Each power is weighted by its frequency, since
    natural pictures fall off about as its square (D. J. Field, 1987).
    """
    window, weight = _weights(*difference.shape)
    wave = plane(cv2.dft((difference - cv2.mean(difference)[0]) * window, flags=cv2.DFT_COMPLEX_OUTPUT))
    half = wave[:, : weight.shape[1]]
    weighted = (half[..., 0] ** 2 + half[..., 1] ** 2) * weight
    total = float(weighted.sum())
    if total <= 0:
        return 0.0
    # the window spreads one wave over three bins each way
    around = cv2.boxFilter(weighted, -1, (3, 3), normalize=False, borderType=cv2.BORDER_REFLECT_101)
    return min(1.0, float(around.max()) / total)


@lru_cache(maxsize=4)
def _weights(height: int, width: int) -> tuple[Plane, Plane]:
    window = plane(np.outer(np.hanning(height), np.hanning(width)))
    y = np.minimum(np.arange(height), height - np.arange(height))[:, None]
    x = np.arange(width // 2)[None]
    return window, plane(np.where(np.hypot(x, y) >= LONGEST, np.hypot(x / width, y / height), 0))

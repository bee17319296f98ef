"""Periodic patterns: hum bars and interference show as one sharp peak in the spectrum."""

from functools import lru_cache

import cv2
import numpy as np

from pantau_agent.picture.cells import Plane, plane

MIN_CYCLES = 2.5
"""Cycles per picture: longer waves are light and shadow."""

OUTLIER_FACTOR = 2.5
"""Multiple of the median difference at which differences are clipped: the crest of a sine is at 1.4."""


def strongest_wave(difference: Plane) -> float:
    """Return the share of the whitened spectrum that its strongest wave holds, in [0, 1].

    `difference` is a picture less the remembered one. Each power is weighted by its frequency, because the
    spectrum of natural pictures falls off about as its square (D. J. Field, 1987).
    """
    window, weight = _weights(*difference.shape)
    centred = difference - cv2.mean(difference)[0]
    # a wave covers the whole picture; what stands out of it is local, like lamps
    bound = OUTLIER_FACTOR * float(np.median(np.abs(centred[::4, ::4]))) + 1
    weighted = _power(plane(np.clip(centred, -bound, bound) * window)) * weight
    total = float(weighted.sum())
    if total <= 0:
        return 0.0
    # the window spreads one wave over three bins in each direction
    around = cv2.boxFilter(weighted, -1, (3, 3), normalize=False, borderType=cv2.BORDER_REFLECT_101)
    return min(1.0, float(around.max()) / total)


def _power(plain: Plane) -> Plane:
    """Return the left half of the power spectrum, by rows and columns of frequencies.

    It is read off the packed transform (OpenCV's CCS format), which takes a fifth of the full one's time: each
    column but the first is stored as a pair of real and imaginary columns, and the pairs of the first column are
    stored below each other.
    """
    height, width = plain.shape
    packed = plane(cv2.dft(plain))
    columns = (width + 1) // 2
    power = np.empty((height, columns), np.float32)
    power[:, 1:] = packed[:, 1 : 2 * columns - 1 : 2] ** 2 + packed[:, 2 : 2 * columns : 2] ** 2
    rows = (height + 1) // 2
    first = packed[1 : 2 * rows - 1 : 2, 0] ** 2 + packed[2 : 2 * rows : 2, 0] ** 2
    power[0, 0] = packed[0, 0] ** 2
    power[1:rows, 0] = first
    power[height - rows + 1 :, 0] = first[::-1]
    if height % 2 == 0:
        power[height // 2, 0] = packed[-1, 0] ** 2
    return power


@lru_cache(maxsize=4)
def _weights(height: int, width: int) -> tuple[Plane, Plane]:
    """Return the Hann window and the weight of each frequency, for pictures of this size."""
    window = plane(np.outer(np.hanning(height), np.hanning(width)))
    y = np.minimum(np.arange(height), height - np.arange(height))[:, None]
    x = np.arange((width + 1) // 2)[None]
    return window, plane(np.where(np.hypot(x, y) >= MIN_CYCLES, np.hypot(x / width, y / height), 0))

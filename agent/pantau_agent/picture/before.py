"""The picture before, for what only shows from one picture to the next."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pantau_agent.picture.cells import Mask, Plane
from pantau_agent.picture.comparison import Comparison
from pantau_agent.picture.frame import Frame
from pantau_agent.picture.measures import Measures
from pantau_agent.picture.restless import Turns


@dataclass(frozen=True, slots=True)
class Before:
    """What is kept of it, in few bytes: one is kept of each camera.

    By cell, its `light`, how that had `change`d (see `corrupted.change_of_light`), how much of the remembered
    contrast was `shown` in it, whether it was `lost`, and its `turns`. By pixel, in 8 or 16 bits, `grey`, the
    `small` picture, and the `tint`.
    """

    light: Plane
    change: Plane
    lost: Mask
    shown: Plane
    turns: Turns
    grey: NDArray[np.uint8]
    small: NDArray[np.float16]
    tint: NDArray[np.float16]


def keep(frame: Frame, measures: Measures, comparison: Comparison, change: Plane, turns: Turns) -> Before:
    """What is kept of the present picture."""
    return Before(
        light=measures.light,
        change=change,
        lost=comparison.lost,
        shown=comparison.shown,
        turns=turns,
        grey=frame.grey.astype(np.uint8),
        small=frame.small.astype(np.float16),
        tint=measures.tint.astype(np.float16),
    )

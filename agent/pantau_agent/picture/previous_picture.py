"""A summary of a camera's previous picture, for faults that only show from one picture to the next."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pantau_agent.picture.cells import Mask, Plane
from pantau_agent.picture.comparison import Comparison
from pantau_agent.picture.frame import Frame
from pantau_agent.picture.measures import PictureMeasures
from pantau_agent.picture.toggling import CellToggles


@dataclass(frozen=True, slots=True)
class PreviousPicture:
    """The parts of the previous picture that are kept. They are small, because every camera keeps one.

    Per cell: its grey level (`light`), how that had changed (`change`, see `corrupted.brightness_change`), the
    part of the remembered contrast that was visible (`visibility`), whether it was `lost`, and its `toggles`.
    Per pixel, in 8 or 16 bits: `grey`, the `thumbnail` and the `tint`.
    """

    light: Plane
    change: Plane
    lost: Mask
    visibility: Plane
    toggles: CellToggles
    grey: NDArray[np.uint8]
    thumbnail: NDArray[np.float16]
    tint: NDArray[np.float16]


def summarise(
    frame: Frame, measures: PictureMeasures, comparison: Comparison, change: Plane, toggles: CellToggles
) -> PreviousPicture:
    """Return what the next picture will need of the present one."""
    return PreviousPicture(
        light=measures.light,
        change=change,
        lost=comparison.lost,
        visibility=comparison.visibility,
        toggles=toggles,
        grey=frame.grey.astype(np.uint8),
        thumbnail=frame.thumbnail.astype(np.float16),
        tint=measures.tint.astype(np.float16),
    )

"""The image that shows a technician how a picture differs from the remembered view."""

import cv2
import numpy as np
from numpy.typing import NDArray

from pantau_agent.picture.comparison import Comparison, compare
from pantau_agent.picture.frame import Frame, prepare
from pantau_agent.picture.measures import measure
from pantau_agent.picture.memory import PictureMemory, lighting_of, region_mask
from pantau_agent.picture.overlay import overlay_mask
from pantau_agent.picture.private_regions import hidden_cells, hide
from pantau_agent.picture.settings import PictureSettings

_WIDTH = 640
"""Pixels of each of the two pictures."""
_HIDDEN = (0, 0, 230)
"""Frame colour (BGR) of cells that are hidden."""
_LOST = (0, 190, 255)
"""Frame colour (BGR) of cells that are not in their place."""
_MASKED = (160, 160, 160)
"""Frame colour (BGR) of cells that are left out."""


def explanation_image(
    memory: PictureMemory, picture: NDArray[np.uint8], settings: PictureSettings | None = None
) -> bytes:
    """Return a JPEG of the remembered view beside the present one, in which each cell that differs is framed.

    Red is hidden, orange is out of its place, grey is left out (burned-in text, masked and private regions).
    Private regions of the picture are black already.

    Raises:
        UnusablePictureError: the picture cannot be judged.
    """
    settings = settings or PictureSettings()
    frame = prepare(picture, settings.private)
    measures = measure(frame)
    masked = overlay_mask(memory.overlay_frequency) | region_mask(settings.masked) | hidden_cells(settings.private)
    right = _present(frame)
    left = np.full_like(right, 60)
    reference = None
    if memory.references and memory.adapt_to_size(frame.size, frame.thumbnail):
        reference = memory.reference_for(lighting_of(measures, memory.lighting), frame.thumbnail, measures)
    if reference is not None:
        shown = np.clip(reference.thumbnail, 0, 255).astype(np.uint8)
        large = cv2.resize(shown, (right.shape[1], right.shape[0]), interpolation=cv2.INTER_CUBIC)
        left = hide(np.asarray(cv2.cvtColor(large, cv2.COLOR_GRAY2BGR), np.uint8), settings.private)
        comparison = compare(measures, reference, masked)
        for rows in (left, right):
            _draw(rows, comparison)
            _frame_cells(rows, masked, _MASKED)
    _, jpeg = cv2.imencode(".jpg", np.hstack([left, right]), [cv2.IMWRITE_JPEG_QUALITY, 85])
    return jpeg.tobytes()


def _present(frame: Frame) -> NDArray[np.uint8]:
    width, height = frame.size
    size = (_WIDTH, max(2, round(_WIDTH * height / width)))
    return np.asarray(cv2.resize(frame.original, size, interpolation=cv2.INTER_AREA), np.uint8)


def _draw(canvas: NDArray[np.uint8], comparison: Comparison) -> None:
    _frame_cells(canvas, comparison.lost & ~comparison.gone, _LOST)
    _frame_cells(canvas, comparison.gone, _HIDDEN)


def _frame_cells(canvas: NDArray[np.uint8], cells: NDArray[np.bool_], colour: tuple[int, int, int]) -> None:
    height, width = canvas.shape[0] / cells.shape[0], canvas.shape[1] / cells.shape[1]
    for row, column in np.argwhere(cells):
        top_left = (int(column * width) + 1, int(row * height) + 1)
        bottom_right = (int((column + 1) * width) - 2, int((row + 1) * height) - 2)
        cv2.rectangle(canvas, top_left, bottom_right, colour, 2)

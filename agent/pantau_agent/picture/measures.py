"""Measures every picture, independently of what is remembered of the camera."""

from dataclasses import dataclass

import cv2
import numpy as np

from pantau_agent.picture.cells import Mask, Plane, cell_means, plane
from pantau_agent.picture.frame import Frame
from pantau_agent.picture.structure import COARSE, FINE, Structure, structure

_DIAGONAL = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32) / 6
"""J. Immerkaer, "Fast noise variance estimation", 1996: blind to edges, scaled so that white noise gives sigma."""

SPECK_LEVELS = 40.0
"""Grey levels by which an isolated pixel stands out of its neighbours."""
BLOCK = 8
"""Pixels per side of a block."""
FLAT_STEP = 0.1
"""Mean difference between neighbouring pixels, in grey levels, below any sensor's noise."""
CONTRAST_STEP = 1.2
"""Mean difference between neighbouring pixels, in grey levels, that is a contrast."""
SMEARED_SHARE = 0.3
"""Share of a cell's blocks from which the cell is smeared."""


@dataclass(frozen=True, slots=True)
class PictureMeasures:
    """What one picture shows, per cell and as a whole.

    Per cell: `detail` (log of the finest contrast), `contrast` (log of the coarse contrast), `light` (grey level),
    `colour` (two: log of red over green and of blue over green), and `smeared`: many of the cell's blocks are flat
    in one direction and not in the other, because a decoder stretched what it had.

    Of the whole picture: `grain` (log of the dense noise), `specks` (share of isolated bright or of isolated dark
    pixels, whichever is less), `lines` (log of row-to-row over column-to-column contrast). `fine` and `coarse` are
    the structures of the thumbnail, and `tint` the colours at half the working size (two: blue and red less green,
    in levels).
    """

    fine: Structure
    coarse: Structure
    detail: Plane
    contrast: Plane
    light: Plane
    colour: Plane
    smeared: Mask
    grain: float
    specks: float
    lines: float
    tint: Plane


def measure(frame: Frame) -> PictureMeasures:
    """Return all measures of one picture."""
    grey = frame.grey
    coarse = structure(frame.thumbnail, COARSE)
    detail = cell_means(np.abs(plane(cv2.Laplacian(grey, cv2.CV_32F))))
    bgr = cell_means(plane(frame.bgr))
    logs = np.log(bgr + 4)
    lone = grey - cv2.medianBlur(grey.astype(np.uint8), 3)
    down, across = cv2.absdiff(grey[1:], grey[:-1]), cv2.absdiff(grey[:, 1:], grey[:, :-1])
    return PictureMeasures(
        fine=structure(frame.thumbnail, FINE),
        coarse=coarse,
        detail=np.log(detail + 0.2),
        contrast=np.log(cell_means(coarse.strength) + 0.1),
        light=bgr.mean(axis=2),
        colour=np.stack([logs[..., 2] - logs[..., 1], logs[..., 0] - logs[..., 1]], axis=2),
        smeared=_smeared(plane(down), plane(across)),
        grain=float(np.log(_lower_mean(np.abs(plane(cv2.filter2D(grey, -1, _DIAGONAL)))) + 0.2)),
        specks=min(_share(lone > SPECK_LEVELS), _share(lone < -SPECK_LEVELS)),
        lines=float(np.log((cv2.mean(down)[0] + 0.2) / (cv2.mean(across)[0] + 0.2))),
        tint=_tint(frame),
    )


def flicker(tint: Plane, previous: Plane) -> float:
    """Return the log of how much the fine grain of the colours changed since the previous picture, in grey levels.

    An encoder short of bits smooths noise away pixel by pixel, and still has to send the rest of it in each
    block's colours. Rain, fog, coarse encoding and failing light change grey levels, but hardly fine colours.
    """
    now, then = plane(cv2.filter2D(tint, -1, _DIAGONAL)), plane(cv2.filter2D(previous, -1, _DIAGONAL))
    # a change of exposure multiplies the scene's own fine colours, which is not flicker
    gain = float((now * then).sum()) / (float((then**2).sum()) + 1e-3)
    changed = np.abs(now - gain * then)
    return float(np.log(max(_lower_mean(changed[..., 0]), _lower_mean(changed[..., 1])) + 0.2))


def _tint(frame: Frame) -> Plane:
    """Return blue and red less green, at half the working size."""
    height, width = frame.grey.shape
    thumbnail = plane(cv2.resize(frame.bgr, (width // 2, height // 2), interpolation=cv2.INTER_AREA))
    return thumbnail[..., ::2] - thumbnail[..., 1:2]


def _lower_mean(values: Plane) -> float:
    """Return the mean of the lower 60 % of values, which ignores a few edges or raindrops."""
    flat = values.ravel()[:: max(1, values.size // 10000)]
    return float(np.partition(flat, int(flat.size * 0.6))[: int(flat.size * 0.6)].mean())


def _share(mask: Mask) -> float:
    return cv2.countNonZero(mask.view(np.uint8)) / mask.size


def _smeared(down: Plane, across: Plane) -> Mask:
    """Return the cells in which many blocks are flat in one direction only."""
    size = (max(1, across.shape[1] // BLOCK), max(1, down.shape[0] // BLOCK))
    rows = cv2.resize(down, size, interpolation=cv2.INTER_AREA)
    columns = cv2.resize(across, size, interpolation=cv2.INTER_AREA)
    drawn_out = ((rows < FLAT_STEP) & (columns > CONTRAST_STEP)) | ((columns < FLAT_STEP) & (rows > CONTRAST_STEP))
    return np.asarray(cell_means(plane(drawn_out)) > SMEARED_SHARE)

"""Compares the present picture with the remembered one."""

from dataclasses import dataclass

import cv2
import numpy as np

from pantau_agent.picture.cells import Mask, Plane, cell_means, plane
from pantau_agent.picture.edge_prominence import edge_prominence
from pantau_agent.picture.measures import PictureMeasures
from pantau_agent.picture.reference import Reference
from pantau_agent.picture.structure import COARSE, FINE, Structure, agreement, products, structure

MIN_AGREEMENT = 0.4
"""Usual agreement with the remembered picture from which a cell shows something static."""
GONE_BELOW = 0.15
"""Part of a cell's remembered contrast below which the cell is gone."""
HIDDEN_BELOW = 0.3
"""Part of a cell's remembered contrast below which the cell may be hidden."""
VISIBLE_FROM = 0.5
"""Part of a cell's remembered contrast from which the cell is plainly visible."""
GLARE_RATIO = 1.3
"""Ratio of a cell's grey level to its usual one from which a lamp blinds it, rather than something hiding it."""

SATURATED = 245.0
"""Mean grey level of a cell at the end of the range: the sensor can no longer resolve what is there."""

VEIL_ONSET = 0.6
"""Log of fine contrast added, beyond the change of coarse contrast, from which a picture begins to be veiled."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """How the present picture differs from the remembered one, per cell and as a whole.

    Per cell: `agreement` with the remembered structure. Cells that usually agree are `static`. Static cells are
    `lost` if they and their neighbourhood no longer agree, and `gone` if they show (almost) nothing of the
    remembered contrast. A saturated cell can be neither, and does not count as static. `hidden` cells show nothing
    of the remembered structure, fine or coarse, and no glare; `visible` cells show it well. `visibility` is the
    part of the remembered contrast that comes through.

    As a whole: `lost_share` and `gone_share` are shares of the static cells, saturated ones included.
    `median_visibility` is the median over static cells. `match_score` is the agreement of all pixels of static
    cells. `blur` is the log of the detail lost beyond the loss of coarse contrast, at the sharpest static cells;
    `outlines` is the part of the coarse contrast there that still is the remembered one; `haze` is the log of the
    coarse contrast lost. `cast` is how far colours moved off the line between grey and the baseline (log of
    ratios). `edge_prominence` describes what is seen in place of the remembered scene.
    """

    agreement: Plane
    static: Mask
    lost: Mask
    gone: Mask
    hidden: Mask
    visible: Mask
    visibility: Plane
    lost_share: float
    gone_share: float
    median_visibility: float
    match_score: float
    blur: float
    outlines: float
    haze: float
    cast: float
    edge_prominence: float

    @property
    def clarity(self) -> float:
        """How clear the view is, in [0, 1]: 0 under a veil of fine detail, such as heavy rain or snow.

        Under a veil nothing can be concluded about what is in its place. Neither another view nor a cover adds
        that much detail.
        """
        return min(1.0, max(0.0, (self.blur + VEIL_ONSET + 0.5) / 0.5))


def compare(measures: PictureMeasures, reference: Reference, masked: Mask) -> Comparison:
    """Compare a picture with the remembered one of the same size, leaving masked cells out."""
    now, past = measures.fine, structure(reference.thumbnail, FINE)
    coarse = structure(reference.thumbnail, COARSE)
    both, present, remembered = products(now, past)
    agreeing = plane(both / (np.sqrt(present * remembered) + 1e-3))
    static = np.zeros(agreeing.shape, np.bool_)
    if reference.settled:
        static = (
            (reference.agreement > MIN_AGREEMENT)
            & (reference.agreement_spread * 2 < reference.agreement)
            & ~masked
        )
    count = max(1, int(static.sum()))
    static &= measures.light < SATURATED
    lost = static & (_around(agreeing * static) < 0.5 * _around(reference.agreement * static))
    visibility = _visibility(measures, now, past, reference)
    gone = static & (visibility < GONE_BELOW)
    outlined = _around(agreement(measures.coarse, coarse) * static) >= 0.5 * _around(plane(static))
    glare = measures.light > GLARE_RATIO * reference.light + 8
    blur = outlines = haze = 0.0
    if static.any():
        detail = reference.detail - measures.detail
        contrast = reference.contrast - measures.contrast
        sharp = static & (reference.detail >= np.median(reference.detail[static]))
        blur = float(np.median((detail - contrast)[sharp]))
        outlines = float(np.median(_outlines(measures.coarse, coarse)[sharp]))
        haze = float(np.median(contrast[static]))
    lost_share = float(lost.sum()) / count
    return Comparison(
        agreement=agreeing,
        static=static,
        lost=lost,
        gone=gone,
        hidden=(gone | lost) & (visibility < HIDDEN_BELOW) & ~outlined & ~glare,
        visible=(visibility > VISIBLE_FROM) & ~lost,
        visibility=visibility,
        lost_share=lost_share,
        gone_share=float(gone.sum()) / count,
        median_visibility=float(np.median(visibility[static])) if static.any() else 1.0,
        match_score=float(both[static].sum() / (np.sqrt(present[static].sum() * remembered[static].sum()) + 1e-6)),
        blur=blur,
        outlines=outlines,
        haze=haze,
        cast=_cast(measures, reference, masked),
        edge_prominence=edge_prominence(now.strength, gone | lost),
    )


def _around(cells: Plane) -> Plane:
    """Return the mean of each cell's 3x3 neighbourhood."""
    return plane(cv2.boxFilter(plane(cells), -1, (3, 3), borderType=cv2.BORDER_CONSTANT))


def _visibility(measures: PictureMeasures, now: Structure, past: Structure, reference: Reference) -> Plane:
    """Return, per cell, the least-squares part of the remembered gradients in the present ones.

    A picture that is darker as a whole shows less contrast without hiding anything. Half of that (on a log scale)
    is compensated, and no more, because a dark cover is darker too.
    """
    both = cell_means((now.x * past.x + now.y * past.y) * now.soft * past.soft)
    own = cell_means(past.strength**2)
    light = float(np.median(measures.light)) / max(1.0, float(np.median(reference.light)))
    return plane(both / (own + 1e-4) / np.sqrt(min(1.0, max(light, 0.01))))


def _outlines(now: Structure, past: Structure) -> Plane:
    """Return, per cell, the part of the remembered gradients in the present ones, or the reverse if less."""
    both = cell_means((now.x * past.x + now.y * past.y) * now.soft * past.soft)
    return plane(both / (np.maximum(cell_means(past.strength**2), cell_means(now.strength**2)) + 1e-4))


def _cast(measures: PictureMeasures, reference: Reference, masked: Mask) -> float:
    """Return how far the median cell's colour is off the line between grey and its usual colour (log of ratios).

    Dusk and the switch to infrared move colours along that line; a stuck filter or a lost channel moves them off
    it. The median ignores passing and parked objects, which change the colours of a few cells only.
    """
    lit = (measures.light > 20) & (measures.light < 235) & (reference.light > 20) & ~masked
    if lit.sum() < lit.size / 8:
        return 0.0
    colour, usual_colour = measures.colour[lit], reference.colour[lit]
    along = np.clip(np.median((colour * usual_colour).sum(axis=1) / ((usual_colour**2).sum(axis=1) + 1e-6)), 0, 1)
    return float(np.hypot(*np.median(colour - along * usual_colour, axis=0)))

"""The present picture beside the remembered one."""

from dataclasses import dataclass

import cv2
import numpy as np

from pantau_agent.picture.cells import Mask, Plane, cell_means, plane
from pantau_agent.picture.edge_prominence import edge_prominence
from pantau_agent.picture.measures import PictureMeasures
from pantau_agent.picture.reference import Reference
from pantau_agent.picture.structure import COARSE, FINE, Structure, agreement, products, structure

MIN_AGREEMENT = 0.4
"""Cells that usually agree at least so well with the remembered picture show something that stands still."""
GONE_BELOW = 0.15
"""A cell of which less contrast than this part comes through is gone."""
HIDDEN_BELOW, VISIBLE_FROM = 0.3, 0.5
"""Parts of a cell's remembered contrast under which it may be hidden, and from which it is plainly there."""
GLARE_RATIO = 1.3
"""A cell brighter than usual by so much is blinded by a lamp rather than hidden."""

SATURATED = 245.0
"""Mean level of a cell that is at the end of the range: whatever it shows, the sensor can no longer tell it."""

VEIL_ONSET = 0.6
"""Log of fine contrast added, beyond what coarse contrast was, from which a picture begins to be veiled."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the two pictures say, by cell and as a whole.

    By cell: `agree` with the remembered structure; `fixed` cells usually do; of these `lost` do not, in their
    neighbourhood, and `gone` show (almost) nothing of the remembered contrast. A cell that is burned out to white
    can be neither, and is not counted as fixed. The shares are of all cells that usually agree. `hidden` cells
    show nothing of the remembered structure, fine or coarse, and no glare; `plain` ones show it well.

    `shown` is the part of the remembered contrast that comes through, `seen` that in the median cell, and
    `match` the agreement of all pixels of fixed cells. `blur` is how much detail went (log) beyond what coarse
    contrast went, at the sharpest fixed cells; `outlines` the part of coarse contrast that is the remembered one
    there; `haze` how much coarse contrast went (log). `cast` says how far colours moved off the line
    between grey and the usual (log of ratios). `relief` tells of what is seen in place of the remembered.
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
        """In [0, 1]: 0 where a veil of fine detail lies over all, as heavy rain or snow does.

        Nothing can be said then of what is in its place; another view, or a cover, never adds so much.
        """
        return min(1.0, max(0.0, (self.blur + VEIL_ONSET + 0.5) / 0.5))


def compare(measures: PictureMeasures, reference: Reference, masked: Mask) -> Comparison:
    """Compares a picture with the remembered one of the same size, leaving masked cells out."""
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
    return plane(cv2.boxFilter(plane(cells), -1, (3, 3), borderType=cv2.BORDER_CONSTANT))


def _visibility(measures: PictureMeasures, now: Structure, past: Structure, reference: Reference) -> Plane:
    """By cell, the least-squares part of the remembered gradients in the present ones.

    A picture that is darker as a whole shows less contrast without hiding anything; half of that (on a log
    scale) is allowed for, since a dark cover is darker too.
    """
    both = cell_means((now.x * past.x + now.y * past.y) * now.soft * past.soft)
    own = cell_means(past.strength**2)
    light = float(np.median(measures.light)) / max(1.0, float(np.median(reference.light)))
    return plane(both / (own + 1e-4) / np.sqrt(min(1.0, max(light, 0.01))))


def _outlines(now: Structure, past: Structure) -> Plane:
    """By cell, the part of the remembered gradients in the present ones, or of the present in them: the lesser."""
    both = cell_means((now.x * past.x + now.y * past.y) * now.soft * past.soft)
    return plane(both / (np.maximum(cell_means(past.strength**2), cell_means(now.strength**2)) + 1e-4))


def _cast(measures: PictureMeasures, reference: Reference, masked: Mask) -> float:
    """How far the median cell's colour is off the line between grey and its usual one.

    Dusk and the switch to infra-red move colours along that line; a stuck filter or a lost channel moves them
    off it. What passes or parks changes the colours of a few cells.
    """
    lit = (measures.light > 20) & (measures.light < 235) & (reference.light > 20) & ~masked
    if lit.sum() < lit.size / 8:
        return 0.0
    colour, usual_colour = measures.colour[lit], reference.colour[lit]
    along = np.clip(np.median((colour * usual_colour).sum(axis=1) / ((usual_colour**2).sum(axis=1) + 1e-6)), 0, 1)
    return float(np.hypot(*np.median(colour - along * usual_colour, axis=0)))

"""The present picture beside the remembered one."""

from dataclasses import dataclass

import cv2
import numpy as np

from pantau_agent.picture.cells import Mask, Plane, cell_means, plane
from pantau_agent.picture.frame import Frame
from pantau_agent.picture.measures import Measures
from pantau_agent.picture.reference import Reference
from pantau_agent.picture.structure import FINE, Structure, agreement, structure

USUAL = 0.4
"""Cells that usually agree at least so well with the remembered picture show something that stands still."""
HIDDEN = 0.15
"""A cell of which less contrast than this part comes through is gone."""

BURNED = 245.0
"""Mean level of a cell that is at the end of the range: whatever it shows, the sensor can no longer tell it."""

VEILED = 0.6
"""Log of fine contrast added, beyond what coarse contrast was, from which a picture begins to be veiled."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the two pictures say, by cell and as a whole.

    By cell: `agree` with the remembered structure; `fixed` cells usually do; of these `lost` do not, in their
    neighbourhood, and `gone` show (almost) nothing of the remembered contrast. A cell that is burned out to white
    can be neither, and is not counted as fixed. The shares are of all cells that usually agree.

    `shown` is the part of the remembered contrast that comes through, `seen` that in the median cell, and
    `match` the agreement of all pixels in place. `blur` is how much detail went (log) beyond what coarse
    contrast went, at the sharpest fixed cells; `haze` how much coarse contrast went (log). `cast` says how far
    colours moved off the line between grey and the usual (log of ratios). `richness` and `unevenness` tell of
    what is seen where the remembered is not: its contrasts beside the remembered ones there, weak and strong,
    whichever is the lesser part; and its strongest contrasts beside their own mean.
    """

    agree: Plane
    fixed: Mask
    lost: Mask
    gone: Mask
    shown: Plane
    lost_share: float
    gone_share: float
    seen: float
    match: float
    blur: float
    haze: float
    cast: float
    richness: float
    unevenness: float

    @property
    def clarity(self) -> float:
        """In [0, 1]: 0 where a veil of fine detail lies over all, as heavy rain or snow does.

        Nothing can be said then of what is in its place; another view, or a cover, never adds so much.
        """
        return min(1.0, max(0.0, (self.blur + VEILED + 0.5) / 0.5))


def compare(frame: Frame, measures: Measures, reference: Reference, masked: Mask) -> Comparison:
    """Compares a picture with the remembered one of the same size, leaving masked cells out."""
    now, past = measures.fine, structure(reference.small, FINE)
    agree = agreement(now, past)
    fixed = np.zeros(agree.shape, np.bool_)
    if reference.settled:
        fixed = (reference.agree > USUAL) & (reference.agree_off * 2 < reference.agree) & ~masked
    count = max(1, int(fixed.sum()))
    fixed &= measures.light < BURNED
    lost = fixed & (_around(agree * fixed) < 0.5 * _around(reference.agree * fixed))
    shown = _shown(measures, now, past, reference)
    blur = haze = 0.0
    if fixed.any():
        detail = reference.detail - measures.detail
        contrast = reference.contrast - measures.contrast
        sharp = fixed & (reference.detail >= np.median(reference.detail[fixed]))
        blur = float(np.median((detail - contrast)[sharp]))
        haze = float(np.median(contrast[fixed]))
    gone = fixed & (shown < HIDDEN)
    richness, unevenness = _foreign(frame, now, past, gone | lost, fixed)
    return Comparison(
        agree=agree,
        fixed=fixed,
        lost=lost,
        gone=gone,
        shown=shown,
        lost_share=float(lost.sum()) / count,
        gone_share=float(gone.sum()) / count,
        seen=float(np.median(shown[fixed])) if fixed.any() else 1.0,
        match=_match(now, past),
        blur=blur,
        haze=haze,
        cast=_cast(measures, reference, masked),
        richness=richness,
        unevenness=unevenness,
    )


def _around(cells: Plane) -> Plane:
    return plane(cv2.boxFilter(plane(cells), -1, (3, 3), borderType=cv2.BORDER_CONSTANT))


def _shown(measures: Measures, now: Structure, past: Structure, reference: Reference) -> Plane:
    """By cell, the least-squares part of the remembered gradients in the present ones.

    A picture that is darker as a whole shows less contrast without hiding anything; half of that (on a log
    scale) is allowed for, since a dark cover is darker too.
    """
    both = cell_means((now.x * past.x + now.y * past.y) * now.soft * past.soft)
    own = cell_means(past.strength**2)
    light = float(np.median(measures.light)) / max(1.0, float(np.median(reference.light)))
    return plane(both / (own + 1e-4) / np.sqrt(min(1.0, max(light, 0.01))))


def _match(now: Structure, past: Structure) -> float:
    both = float((now.x * past.x + now.y * past.y).sum())
    return both / float(np.sqrt(now.energy * past.energy) + 1e-6)


def _foreign(frame: Frame, now: Structure, past: Structure, strange: Mask, fixed: Mask) -> tuple[float, float]:
    """`richness` and `unevenness`."""
    height, width = frame.small.shape

    def within(cells: Mask) -> Mask:
        size = (width, height)
        return np.asarray(cv2.resize(cells.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0)

    if not strange.any():
        return 0.0, 0.0
    where = within(strange)
    quantiles = (25, 50, 75, 90)
    seen = np.percentile(now.strength[where], quantiles) + 0.05
    usual = np.percentile(past.strength[where], quantiles) + 0.05
    around = now.strength[within(strange | ~fixed)]
    return float((seen / usual).min()), float(np.percentile(around, 98)) / (float(around.mean()) + 0.1)


def _cast(measures: Measures, reference: Reference, masked: Mask) -> float:
    """Distance of the present mean colour from the line between grey and the usual one.

    Dusk and the switch to infra-red move colours along that line; a stuck filter or a lost channel moves them
    off it.
    """
    lit = (measures.light > 20) & (measures.light < 235) & (reference.light > 20) & ~masked
    if lit.sum() < lit.size / 8:
        return 0.0
    now = np.median(measures.colour[lit], axis=0)
    usual = np.median(reference.colour[lit], axis=0)
    length = float(usual @ usual)
    along = min(1.0, max(0.0, float(now @ usual) / length)) if length > 0 else 0.0
    return float(np.hypot(*(now - along * usual)))

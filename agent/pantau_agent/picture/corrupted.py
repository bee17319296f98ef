"""Corrupted: lost or damaged data, which the decoder conceals with grey, smears or pieces of other pictures."""

import cv2
import numpy as np

from pantau_agent.picture.cells import Mask, Plane, plane
from pantau_agent.picture.comparison import GONE_BELOW, Comparison
from pantau_agent.picture.frame import Frame
from pantau_agent.picture.measures import PictureMeasures
from pantau_agent.picture.previous_picture import PreviousPicture
from pantau_agent.picture.score_baseline import ScoreBaseline
from pantau_agent.picture.structure import FINE, agreement, structure
from pantau_agent.picture.verdict import NO_EVIDENCE, FaultEvidence
from pantau_contract.words.evidence import detail

NEUTRAL = 5
"""Levels around mid-grey that a decoder shows where it never had a picture (Y, Cb and Cr all at 128)."""
SHARE_LIMIT = 0.2
"""Share of the picture by which mid-grey, jumping or smeared cells may exceed the baseline."""
TOGGLING_LIMIT = 0.33
"""Share of the scene by which toggling cells may exceed the baseline."""
MAX_SMEAR = 0.5
"""Most that smears can contribute: alone they prove nothing, because coarse encoding makes some too."""
VISIBLE_FROM = 0.5
"""Part of a cell's remembered contrast from which the cell is plainly visible."""
SAME_STRUCTURE = 0.5
"""Agreement of a cell with the previous picture from which both show the same."""
TRAFFIC = 1.0
"""How many times the usual share of abruptly changed cells traffic causes in an unfamiliar view."""
JUMP = 0.12
"""Log of the change of light from one picture to the next from which a cell's change is abrupt."""


def mid_grey_share(frame: Frame) -> float:
    """Return the share of pixels at mid-grey."""
    low = (128 - NEUTRAL,) * 3
    high = (128 + NEUTRAL,) * 3
    return cv2.countNonZero(cv2.inRange(frame.bgr, low, high)) / frame.shown


def brightness_change(measures: PictureMeasures, previous: PreviousPicture) -> Plane:
    """Return, per cell, the log of the change of light since the previous picture, less the picture's median."""
    change = np.log((measures.light + 8) / (previous.light + 8))
    return plane(change - np.median(change))


def abruptly_changed(measures: PictureMeasures, previous: PreviousPicture | None) -> Mask:
    """Return the cells whose light jumped since the previous picture.

    A jump that continues or undoes the cell's last change does not count: what creeps in, as a cover does, changes
    a cell the same way several times, and a glare goes the way it came.
    """
    if previous is None:
        return np.zeros(measures.light.shape, np.bool_)
    change = brightness_change(measures, previous)
    turned = (np.abs(previous.change) <= JUMP) | (np.sign(previous.change) != np.sign(change))
    returned = np.abs(change + previous.change) <= JUMP
    return np.asarray((np.abs(change) > JUMP) & turned & ~returned)


def jumping_share(
    measures: PictureMeasures, changed: Mask, previous: PreviousPicture | None, comparison: Comparison
) -> float:
    """Return the share of the scene that is unfamiliar in another way than in the previous picture.

    A cover or a new view stays the same once it is there, and damage does not; a passing glare disappears again. A
    cover hides more and more, whereas damage hides some cells and reveals others.
    """
    if previous is None:
        return 0.0
    static = max(1, int(comparison.static.sum()))
    hidden = comparison.gone & (previous.visibility > VISIBLE_FROM)
    reappeared = comparison.static & (previous.visibility < GONE_BELOW) & (comparison.visibility > VISIBLE_FROM)
    swapped = min(int(hidden.sum()), int(reappeared.sum())) / static
    unfamiliar = previous.lost & changed
    if unfamiliar.any():
        # a lamp jumps too, but leaves the structure that it lights
        unfamiliar &= agreement(measures.fine, structure(plane(previous.thumbnail), FINE)) < SAME_STRUCTURE
    return min(comparison.lost_share, float(unfamiliar.sum()) / static) + swapped


def corrupted(
    neutral: float, jumping: float, toggling: float, smeared: float, baseline: ScoreBaseline | None
) -> FaultEvidence:
    """Return the combined evidence of four signs, each relative to the camera's own baseline.

    All are shares of the picture: new mid-grey (`neutral`), pieces that jump (`jumping`), cells that are hidden,
    visible and hidden again (`toggling`), and smears over cells that no longer show their own content (`smeared`).
    Without a `baseline` only mid-grey counts.
    """
    if baseline is None:
        return (
            FaultEvidence(min(1.0, neutral), detail("grey", share=f"{neutral:.0%}"))
            if neutral > 0.2
            else NO_EVIDENCE
        )
    jumping -= TRAFFIC * baseline.level_of("stir")
    signs = (
        (neutral - baseline.level_of("neutral")) / baseline.threshold("neutral", SHARE_LIMIT),
        (jumping - baseline.level_of("jumps")) / baseline.threshold("jumps", SHARE_LIMIT),
        (toggling - baseline.level_of("restless")) / baseline.threshold("restless", TOGGLING_LIMIT),
        min(MAX_SMEAR, (smeared - baseline.level_of("smear")) / baseline.threshold("smear", SHARE_LIMIT)),
    )
    value = sum(max(0.0, sign) for sign in signs)
    if value < 0.2:
        return NO_EVIDENCE
    return FaultEvidence(min(1.0, 0.5 * value), detail("corrupted"))

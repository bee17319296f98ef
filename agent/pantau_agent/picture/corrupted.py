"""Corrupted: lost or damaged data, concealed by the decoder with grey, smears or pieces of other pictures."""

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
"""Levels around mid-grey: what a decoder shows where it never had a picture (all of Y, Cb, Cr at 128)."""
SHARE_LIMIT = 0.2
TOGGLING_LIMIT = 0.33
MAX_SMEAR = 0.5
"""Smears alone prove nothing: coarse encoding makes some too."""
VISIBLE_FROM = 0.5
"""Part of a cell's remembered contrast from which it is plainly there."""
SAME_STRUCTURE = 0.5
"""Agreement of a cell with the picture before from which it shows the same."""
TRAFFIC = 1.0
"""How many times the usual stir traffic makes in a strange view."""
JUMP = 0.12
"""Log of light by which a cell jumps from one picture to the next."""


def mid_grey_share(frame: Frame) -> float:
    """The share of pixels at mid-grey."""
    low = (128 - NEUTRAL,) * 3
    high = (128 + NEUTRAL,) * 3
    return cv2.countNonZero(cv2.inRange(frame.bgr, low, high)) / frame.grey.size


def brightness_change(measures: PictureMeasures, previous: PreviousPicture) -> Plane:
    """By cell, how the light (log) changed since the picture before, beyond what it did everywhere."""
    change = np.log((measures.light + 8) / (previous.light + 8))
    return plane(change - np.median(change))


def abruptly_changed(measures: PictureMeasures, previous: PreviousPicture | None) -> Mask:
    """The cells whose light jumped since the picture before, and neither the way it jumped then nor back again.

    What creeps in, as a cover does, makes a cell change the same way several times; a glare goes as it came.
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
    """The share of the scene that is strange in another way than in the picture before.

    A cover or a new view stays the same once it is there, damage does not; a passing glare is gone again. And a
    cover hides more and more: damage hides here and gives back there.
    """
    if previous is None:
        return 0.0
    static = max(1, int(comparison.static.sum()))
    hidden = comparison.gone & (previous.visibility > VISIBLE_FROM)
    given_back = comparison.static & (previous.visibility < GONE_BELOW) & (comparison.visibility > VISIBLE_FROM)
    exchanged = min(int(hidden.sum()), int(given_back.sum())) / static
    strange = previous.lost & changed
    if strange.any():
        # a lamp jumps too, and leaves what it lights
        strange &= agreement(measures.fine, structure(plane(previous.thumbnail), FINE)) < SAME_STRUCTURE
    return min(comparison.lost_share, float(strange.sum()) / static) + exchanged


def corrupted(
    neutral: float, jumping: float, toggling: float, smeared: float, baseline: ScoreBaseline | None
) -> FaultEvidence:
    """The sum of four signs, each against the camera's own past; all are shares of the picture.

    Grey that was not there (`neutral`), pieces that jump, cells that are hidden and shown and hidden again
    (`restless`), and what is drawn out over cells that no longer show their own.
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

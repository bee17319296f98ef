"""Corrupted: lost or damaged data, concealed by the decoder with grey, smears or pieces of other pictures."""

import cv2
import numpy as np

from pantau_agent.picture.before import Before
from pantau_agent.picture.cells import Mask, Plane, plane
from pantau_agent.picture.comparison import HIDDEN, Comparison
from pantau_agent.picture.frame import Frame
from pantau_agent.picture.measures import Measures
from pantau_agent.picture.structure import FINE, agreement, structure
from pantau_agent.picture.usual import Usual
from pantau_agent.picture.verdict import NONE, Evidence
from pantau_contract.words.evidence import detail

NEUTRAL = 5
"""Levels around mid-grey: what a decoder shows where it never had a picture (all of Y, Cb, Cr at 128)."""
LIMIT = 0.2
RESTLESS = 0.33
MOST_SMEARED = 0.5
"""Smears alone prove nothing: coarse encoding makes some too."""
SHOWN = 0.5
"""Part of a cell's remembered contrast from which it is plainly there."""
SAME = 0.5
"""Agreement of a cell with the picture before from which it shows the same."""
TRAFFIC = 1.0
"""How many times the usual stir traffic makes in a strange view."""
JUMP = 0.12
"""Log of light by which a cell jumps from one picture to the next."""


def neutral_share(frame: Frame) -> float:
    """The share of pixels at mid-grey."""
    low = (128 - NEUTRAL,) * 3
    high = (128 + NEUTRAL,) * 3
    return cv2.countNonZero(cv2.inRange(frame.bgr, low, high)) / frame.grey.size


def change_of_light(measures: Measures, before: Before) -> Plane:
    """By cell, how the light (log) changed since the picture before, beyond what it did everywhere."""
    change = np.log((measures.light + 8) / (before.light + 8))
    return plane(change - np.median(change))


def stir(measures: Measures, before: Before | None) -> Mask:
    """The cells whose light jumped since the picture before, and neither the way it jumped then nor back again.

    What creeps in, as a cover does, makes a cell change the same way several times; a glare goes as it came.
    """
    if before is None:
        return np.zeros(measures.light.shape, np.bool_)
    change = change_of_light(measures, before)
    turned = (np.abs(before.change) <= JUMP) | (np.sign(before.change) != np.sign(change))
    returned = np.abs(change + before.change) <= JUMP
    return np.asarray((np.abs(change) > JUMP) & turned & ~returned)


def jumps(measures: Measures, stirred: Mask, before: Before | None, comparison: Comparison) -> float:
    """The share of the scene that is strange in another way than in the picture before.

    A cover or a new view stays the same once it is there, damage does not; a passing glare is gone again. And a
    cover hides more and more: damage hides here and gives back there.
    """
    if before is None:
        return 0.0
    fixed = max(1, int(comparison.fixed.sum()))
    hidden = comparison.gone & (before.shown > SHOWN)
    given_back = comparison.fixed & (before.shown < HIDDEN) & (comparison.shown > SHOWN)
    exchanged = min(int(hidden.sum()), int(given_back.sum())) / fixed
    strange = before.lost & stirred
    if strange.any():
        # a lamp jumps too, and leaves what it lights
        strange &= agreement(measures.fine, structure(plane(before.small), FINE)) < SAME
    return min(comparison.lost_share, float(strange.sum()) / fixed) + exchanged


def corrupted(neutral: float, jumping: float, restless: float, smeared: float, usual: Usual | None) -> Evidence:
    """The sum of four signs, each against the camera's own past; all are shares of the picture.

    Grey that was not there (`neutral`), pieces that jump, cells that are hidden and shown and hidden again
    (`restless`), and what is drawn out over cells that no longer show their own.
    """
    if usual is None:
        return Evidence(min(1.0, neutral), detail("grey", share=f"{neutral:.0%}")) if neutral > 0.2 else NONE
    jumping -= TRAFFIC * usual.of("stir")
    signs = (
        (neutral - usual.of("neutral")) / usual.limit("neutral", LIMIT),
        (jumping - usual.of("jumps")) / usual.limit("jumps", LIMIT),
        (restless - usual.of("restless")) / usual.limit("restless", RESTLESS),
        min(MOST_SMEARED, (smeared - usual.of("smear")) / usual.limit("smear", LIMIT)),
    )
    value = sum(max(0.0, sign) for sign in signs)
    if value < 0.2:
        return NONE
    return Evidence(min(1.0, 0.5 * value), detail("corrupted"))

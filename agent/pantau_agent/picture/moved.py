"""Moved: the camera looks elsewhere than it did."""

import math

from pantau_agent.picture.comparison import Comparison
from pantau_agent.picture.frame import Frame
from pantau_agent.picture.reference import Reference
from pantau_agent.picture.registration import Motion, register
from pantau_agent.picture.verdict import NO_EVIDENCE, FaultEvidence
from pantau_contract.words.evidence import detail

SUSPICIOUS = 0.12
"""Share of fixed cells that lost their structure from which it is looked for elsewhere."""
SHIFT = 0.035
"""Part of the picture; a mast in the wind sways by less."""
SCENIC = 0.85
"""Relief that is enough where the scene is found elsewhere."""
NEARLY_ALL = 0.75
UNRELATED = 0.12
"""Agreement of all pixels up to which two pictures show different places: chance makes half of it."""
GAIN = 0.3
"""How much better than in place the picture must match elsewhere."""


def moved(frame: Frame, comparison: Comparison, reference: Reference) -> FaultEvidence:
    """What was in its place is found elsewhere, or nothing is in its place and there is much to be seen."""
    if comparison.lost_share < SUSPICIOUS:
        return NO_EVIDENCE
    motion = register(frame.thumbnail, reference.thumbnail)
    found = comparison.clarity * _elsewhere(motion, comparison)
    if comparison.lost_share > 0.5:
        # in what shows no scene, any match is chance
        found = min(found, 0.5 * comparison.edge_prominence / SCENIC)
    foreign = comparison.clarity * _foreign(comparison)
    if found >= foreign:
        return FaultEvidence(found, motion.evidence) if found >= 0.1 else NO_EVIDENCE
    return FaultEvidence(foreign, detail("elsewhere"))


def _elsewhere(motion: Motion, comparison: Comparison) -> float:
    """In [0, 1], by how much the match elsewhere beats that in place, of what could be gained."""
    still = motion.turn == 0 and motion.zoom == 1 and math.hypot(motion.x, motion.y) < SHIFT
    if still:
        return 0.0
    gain = (motion.score - comparison.match_score) / max(0.2, 1 - comparison.match_score)
    return min(1.0, max(0.0, 0.5 * gain / GAIN))


def _foreign(comparison: Comparison) -> float:
    """In [0, 1]: hardly anything in its place, and in its stead what has the contrasts of a scene.

    Where a cover has holes, what shows through them matches.
    """
    signs = (
        comparison.lost_share / NEARLY_ALL,
        (1.5 * UNRELATED - comparison.match_score) / (0.5 * UNRELATED),
        comparison.edge_prominence,
    )
    return min(1.0, max(0.0, 0.5 * min(signs)))

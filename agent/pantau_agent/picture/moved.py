"""Moved: the camera no longer points where it did."""

import math

from pantau_agent.picture.comparison import Comparison
from pantau_agent.picture.frame import Frame
from pantau_agent.picture.reference import Reference
from pantau_agent.picture.registration import Motion, register
from pantau_agent.picture.verdict import NO_EVIDENCE, FaultEvidence
from pantau_contract.words.evidence import detail

SUSPICIOUS = 0.12
"""Share of static cells that lost their structure, from which the scene is searched for elsewhere."""
SHIFT = 0.035
"""Shift, in parts of the picture, that is tolerated; a mast in the wind sways by less."""
SCENIC = 0.85
"""Edge prominence that is enough if the scene is found elsewhere."""
NEARLY_ALL = 0.75
"""Share of static cells that are lost if the picture shows another place."""
UNRELATED = 0.12
"""Agreement of all pixels up to which two pictures show different places; chance makes half of it."""
GAIN = 0.3
"""Part of the possible improvement by which the picture must match better elsewhere than in place."""


def moved(frame: Frame, comparison: Comparison, reference: Reference) -> FaultEvidence:
    """Return evidence that the scene is found elsewhere, or that another scene is in its place."""
    if comparison.lost_share < SUSPICIOUS:
        return NO_EVIDENCE
    motion = register(frame.thumbnail, reference.thumbnail)
    found = comparison.clarity * _elsewhere(motion, comparison)
    if comparison.lost_share > 0.5:
        # if what is there is no scene, any match is chance
        found = min(found, 0.5 * comparison.edge_prominence / SCENIC)
    foreign = comparison.clarity * _foreign(comparison)
    if found >= foreign:
        return FaultEvidence(found, motion.evidence) if found >= 0.1 else NO_EVIDENCE
    return FaultEvidence(foreign, detail("elsewhere"))


def _elsewhere(motion: Motion, comparison: Comparison) -> float:
    """Return how far the match elsewhere beats the match in place, in [0, 1], relative to the possible gain."""
    in_place = motion.turn == 0 and motion.zoom == 1 and math.hypot(motion.x, motion.y) < SHIFT
    if in_place:
        return 0.0
    gain = (motion.score - comparison.match_score) / max(0.2, 1 - comparison.match_score)
    return min(1.0, max(0.0, 0.5 * gain / GAIN))


def _foreign(comparison: Comparison) -> float:
    """Return evidence, in [0, 1], that hardly anything is in its place, and that a scene replaces it.

    If a cover has holes, what shows through them matches.
    """
    signs = (
        comparison.lost_share / NEARLY_ALL,
        (1.5 * UNRELATED - comparison.match_score) / (0.5 * UNRELATED),
        comparison.edge_prominence,
    )
    return min(1.0, max(0.0, 0.5 * min(signs)))

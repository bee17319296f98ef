"""Overexposed: the picture is burned out to white."""

import math

import cv2
import numpy as np

from pantau_agent.picture.frame import Frame
from pantau_agent.picture.reference import Reference
from pantau_agent.picture.verdict import NO_EVIDENCE, FaultEvidence
from pantau_contract.words.evidence import detail

WHITE = 245
SHARE = 0.55
"""So much white hides any scene, whatever it is."""
RISE = 0.1
TIMES = 2.2
"""Less is enough where so many times the usual light burns out so much more than usual."""


def white_share(frame: Frame) -> float:
    """The share of pixels at the end of the range."""
    return cv2.countNonZero((frame.grey >= WHITE).view(np.uint8)) / frame.grey.size


def overexposed(frame: Frame, share: float, reference: Reference | None) -> FaultEvidence:
    """Much of the picture at the end of the range, or far more of it than usual in far more light than usual."""
    usual_share = reference.baseline.level_of("white") if reference else 0.0
    value = 0.5 * (share - usual_share) / (SHARE - min(usual_share, 0.3))
    if reference is not None:
        times = float(frame.grey.mean()) / max(4.0, float(reference.light.mean()))
        value = max(value, 0.5 * min((share - usual_share) / RISE, math.log(max(times, 1e-3)) / math.log(TIMES)))
    if value < 0.1:
        return NO_EVIDENCE
    return FaultEvidence(min(1.0, value), detail("overexposed", share=f"{share:.0%}"))

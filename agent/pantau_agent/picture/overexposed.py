"""Overexposed: the picture is burned out to white."""

import math

import cv2
import numpy as np

from pantau_agent.picture.frame import Frame
from pantau_agent.picture.reference import Reference
from pantau_agent.picture.verdict import NO_EVIDENCE, FaultEvidence
from pantau_contract.words.evidence import detail

WHITE = 245
"""Grey level from which a pixel is at the end of the range."""
SHARE = 0.55
"""Share of white pixels that hides any scene."""
RISE = 0.1
"""Rise of the share of white pixels that is enough in TIMES the usual light."""
TIMES = 2.2
"""Ratio of the picture's light to the usual light at which RISE is enough."""


def white_share(frame: Frame) -> float:
    """Return the share of pixels at the end of the range."""
    return cv2.countNonZero((frame.grey >= WHITE).view(np.uint8)) / frame.shown


def overexposed(frame: Frame, share: float, reference: Reference | None) -> FaultEvidence:
    """Return evidence that much of the picture is white, or far more than usual in far more light than usual."""
    usual_share = reference.baseline.level_of("white") if reference else 0.0
    value = 0.5 * (share - usual_share) / (SHARE - min(usual_share, 0.3))
    if reference is not None:
        light_ratio = float(frame.grey.mean()) / max(4.0, float(reference.light.mean()))
        value = max(
            value, 0.5 * min((share - usual_share) / RISE, math.log(max(light_ratio, 1e-3)) / math.log(TIMES))
        )
    if value < 0.1:
        return NO_EVIDENCE
    return FaultEvidence(min(1.0, value), detail("overexposed", share=f"{share:.0%}"))

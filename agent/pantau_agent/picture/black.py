"""Black: no light reaches the sensor, or the encoder gets none of it."""

import cv2
import numpy as np

from pantau_agent.picture.comparison import Comparison
from pantau_agent.picture.frame import Frame
from pantau_agent.picture.verdict import NO_EVIDENCE, FaultEvidence
from pantau_contract.words.evidence import detail

DARK_LEVEL = 34
"""Level under which all channels of a black pixel are: video's black is 16 (ITU-R BT.709), noise lies on it."""
SHARE = 0.97
FLAT_SPAN = 8.0
"""Grey levels between the darkest and the brightest twentieth: less shows nothing, even of a dark yard."""


def black(frame: Frame, comparison: Comparison | None) -> FaultEvidence:
    """Nearly every pixel dark and nothing to be told apart in it; what little is bright may be a clock.

    A camera that usually shows a dark yard shows at least that: where most of it still stands, it is not black.
    """
    share = (
        cv2.countNonZero(cv2.inRange(frame.bgr, (0, 0, 0), (DARK_LEVEL, DARK_LEVEL, DARK_LEVEL))) / frame.grey.size
    )
    if share < SHARE:
        return NO_EVIDENCE
    span = float(np.percentile(frame.grey, 95) - np.percentile(frame.grey, 5))
    value = float(np.clip(1 - 0.5 * span / FLAT_SPAN, 0, 1))
    if comparison is not None and comparison.median_visibility > 0.5:
        value = min(value, 0.2)
    return FaultEvidence(value, detail("black", share=f"{share:.0%}"))

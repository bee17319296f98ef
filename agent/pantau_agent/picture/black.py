"""Black: no light reaches the sensor, or the encoder gets none of it."""

import cv2
import numpy as np

from pantau_agent.picture.comparison import Comparison
from pantau_agent.picture.frame import Frame
from pantau_agent.picture.verdict import NO_EVIDENCE, FaultEvidence
from pantau_contract.words.evidence import detail

DARK_LEVEL = 34
"""Level below which every channel of a black pixel lies: video black is 16 (ITU-R BT.709), plus noise."""
SHARE = 0.97
"""Share of dark pixels from which a picture may be black."""
FLAT_SPAN = 8.0
"""Grey levels between the 5th and the 95th percentile below which nothing is visible, not even a dark yard."""


def black(frame: Frame, comparison: Comparison | None) -> FaultEvidence:
    """Return evidence that nearly all pixels are dark and show nothing; the few bright ones may be a clock.

    A camera whose healthy picture is a dark yard still shows that yard: while most of it is visible, the picture
    is not black.
    """
    dark = cv2.countNonZero(cv2.inRange(frame.bgr, (0, 0, 0), (DARK_LEVEL, DARK_LEVEL, DARK_LEVEL)))
    share = (dark - (frame.grey.size - frame.shown)) / frame.shown
    if share < SHARE:
        return NO_EVIDENCE
    grey = frame.grey if frame.hidden is None else frame.grey[~frame.hidden]
    span = float(np.percentile(grey, 95) - np.percentile(grey, 5))
    value = float(np.clip(1 - 0.5 * span / FLAT_SPAN, 0, 1))
    if comparison is not None and comparison.median_visibility > 0.5:
        value = min(value, 0.2)
    return FaultEvidence(value, detail("black", share=f"{share:.0%}"))

"""No signal: a recorder or encoder shows a card (one colour, bars, text) in place of the camera."""

import cv2
import numpy as np

from pantau_agent.picture.cells import Mask, cell_means
from pantau_agent.picture.comparison import Comparison
from pantau_agent.picture.corrupted import mid_grey_share
from pantau_agent.picture.frame import Frame
from pantau_agent.picture.verdict import NO_EVIDENCE, FaultEvidence
from pantau_contract.words.evidence import detail

BLOCK = 8
"""Pixels per side of a block."""
FLAT_SPAN = 3
"""Span of levels up to which a block is flat: those of a card are, those of a sensor hardly."""
ONE_COLOUR_SHARE = 0.5
"""Share of the blocks that are flat and of one colour; text takes the rest."""
BARS_SHARE = 0.4
"""Share of the blocks that are flat and of a few colours, bar by bar; the edges of the bars take the rest."""
COLOUR_BIN = 5
"""Levels of a channel that are taken for the same colour."""
TEXT_CONTRAST = 60
"""Grey levels by which text stands out."""


def no_signal(frame: Frame, comparison: Comparison | None, overlay: Mask, still: float) -> FaultEvidence:
    """Return evidence that flat blocks of one colour, or of a few, cover most of a static picture.

    Black without text is a black picture, white an overexposed one, and mid-grey without text is what a decoder
    shows without a picture: other modules judge those. `overlay` are the cells where the camera itself writes.
    `still` is the evidence that the picture equals a recent one bit by bit: a card does, a plain wall does not.
    """
    if still < 0.1:
        return NO_EVIDENCE
    kernel = np.ones((BLOCK, BLOCK), np.uint8)
    high = cv2.dilate(frame.bgr, kernel)[BLOCK // 2 :: BLOCK, BLOCK // 2 :: BLOCK]
    low = cv2.erode(frame.bgr, kernel)[BLOCK // 2 :: BLOCK, BLOCK // 2 :: BLOCK]
    flat = (high.astype(np.int16) - low).max(axis=2) <= FLAT_SPAN
    blocks = flat.size
    if frame.hidden is not None:
        shown = ~frame.hidden[BLOCK // 2 :: BLOCK, BLOCK // 2 :: BLOCK]
        flat, blocks = flat & shown, max(1, int(shown.sum()))
    if flat.sum() < BARS_SHARE / 2 * blocks:
        return NO_EVIDENCE
    colours = ((high.astype(np.int32) + low) // 2)[flat]
    codes = (colours // COLOUR_BIN) @ np.array([1 << 16, 1 << 8, 1])
    kinds, counts = np.unique(codes, return_counts=True)
    main = colours[codes == kinds[counts.argmax()]].mean(axis=0)
    bars = counts[counts >= 0.04 * blocks] / blocks
    one = float(counts.max()) / blocks / ONE_COLOUR_SHARE
    few = float(bars.sum()) / BARS_SHARE if len(bars) >= 4 else 0.0
    value = min(still, 0.5 * max(one, few))
    if one >= few:
        dark, grey, white = main.max() < 34, mid_grey_share(frame) > 0.4, main.min() > 235
        if white or ((dark or grey) and not _has_text(frame, float(main.mean()), overlay)):
            value = 0.0
    if comparison is not None and comparison.median_visibility > 0.3:
        value = min(value, 0.2)
    if value < 0.1:
        return NO_EVIDENCE
    return FaultEvidence(min(1.0, value), detail("card", share=f"{flat.sum() / blocks:.0%}"))


def _has_text(frame: Frame, level: float, overlay: Mask) -> bool:
    """Return whether something stands out of a plain card where the camera itself writes nothing.

    The camera's clock appears on black too, at the top or the bottom.
    """
    marks = cell_means((frame.grey > level + TEXT_CONTRAST).astype(np.float32)) > 0.02
    return int((marks & ~overlay)[2:-2].sum()) >= 2

"""Noisy: snow, specks, hum bars, torn lines, and what an encoder without enough bits makes of snow."""

from pantau_agent.picture.comparison import Comparison
from pantau_agent.picture.measures import PictureMeasures
from pantau_agent.picture.score_baseline import ScoreBaseline
from pantau_agent.picture.verdict import NO_EVIDENCE, FaultEvidence
from pantau_contract.words.evidence import detail

GRAIN = 1.2
"""Log of dense noise above the baseline: rain and failing light stay below half of it."""
CAST = 0.17
"""Log of a ratio of channels by which all colours moved."""
FLICKER = 1.0
"""Log of the colours' flicker above the baseline: everything harmless stays below half of it."""
SPECKS = 0.006
"""Share of isolated pixels above the baseline."""
LINES = 0.36
"""Log of row-to-row over column-to-column contrast above the baseline: torn lines raise it, rain lowers it."""
IN_PLACE = 0.65
"""Part of LINES that is enough while the scene is in its place: only another view may have other lines in it."""
ADDED = 0.25
"""Log of detail added with which torn lines count in full."""
WAVE = 0.28
"""Share of the whitened spectrum in one wave, above the baseline."""


def noisy(
    measures: PictureMeasures, flickering: float, wave: float, comparison: Comparison, baseline: ScoreBaseline
) -> FaultEvidence:
    """Return the strongest of five signs, each relative to the camera's own baseline.

    Torn lines add detail; another view with other lines in it may just as well have less. A colour cast amplifies
    the scene's own fine colours, which sway with leaves and traffic, whereas noise leaves the mean colour as it
    was.
    """
    torn = min(1.0, max(0.0, -comparison.blur / ADDED))
    lines = LINES * min(1.0, IN_PLACE + comparison.lost_share)
    neutral = max(0.0, 1 - comparison.cast / baseline.threshold("cast", CAST))
    coloured = (flickering - baseline.level_of("flicker")) / baseline.threshold("flicker", FLICKER)
    signs = (
        ((measures.grain - baseline.level_of("grain")) / baseline.threshold("grain", GRAIN), "grain"),
        (neutral * coloured, "flicker"),
        ((measures.specks - baseline.level_of("specks")) / baseline.threshold("specks", SPECKS), "specks"),
        (torn * (measures.lines - baseline.level_of("lines")) / baseline.threshold("lines", lines), "torn"),
        ((wave - baseline.level_of("wave")) / baseline.threshold("wave", WAVE), "wave"),
    )
    strength, key = max(signs)
    if strength < 0.2:
        return NO_EVIDENCE
    return FaultEvidence(min(1.0, 0.5 * strength), detail(key))

"""Noisy: snow, specks, hum bars, torn lines; and what an encoder makes of snow that it has no bits for."""

from pantau_agent.picture.comparison import Comparison
from pantau_agent.picture.measures import PictureMeasures
from pantau_agent.picture.score_baseline import ScoreBaseline
from pantau_agent.picture.verdict import NO_EVIDENCE, FaultEvidence
from pantau_contract.words.evidence import detail

GRAIN = 1.2
"""Log of dense noise, against the usual: rain and a failing light stay under half of it."""
CAST = 0.17
"""Log of a ratio of channels by which all colours moved."""
FLICKER = 1.0
"""Log of the colours' flicker, against the usual: all that is harmless stays under half of it."""
SPECKS = 0.006
LINES = 0.36
"""Log of row-to-row over column-to-column contrast: torn lines raise it, rain lowers it."""
IN_PLACE = 0.65
"""Part of LINES that is enough while the scene is in its place: only another view may have other lines in it."""
ADDED = 0.25
WAVE = 0.28
"""Share of the whitened spectrum in one wave."""


def noisy(
    measures: PictureMeasures, flickering: float, wave: float, comparison: Comparison, baseline: ScoreBaseline
) -> FaultEvidence:
    """The strongest of five signs, each against the camera's own past.

    Torn lines add detail; another view with other lines in it may as well have less. A colour cast strengthens the
    scene's own fine colours, which sway with leaves and traffic: noise leaves the mean colour as it was.
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

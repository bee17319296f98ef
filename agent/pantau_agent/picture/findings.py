"""Collects the evidence of one picture for every fault, in the order in which one fault explains another."""

from dataclasses import dataclass

import cv2

from pantau_agent.picture.black import black
from pantau_agent.picture.cells import Mask, plane
from pantau_agent.picture.colour_cast import colour_cast
from pantau_agent.picture.comparison import Comparison, compare
from pantau_agent.picture.corrupted import abruptly_changed, corrupted, jumping_share, mid_grey_share
from pantau_agent.picture.covered import covered
from pantau_agent.picture.defocused import defocused
from pantau_agent.picture.frame import Frame
from pantau_agent.picture.frozen import RecentFingerprints, frozen
from pantau_agent.picture.measures import PictureMeasures, flicker
from pantau_agent.picture.moved import moved
from pantau_agent.picture.no_signal import no_signal
from pantau_agent.picture.noisy import WAVE, noisy
from pantau_agent.picture.overexposed import overexposed, white_share
from pantau_agent.picture.previous_picture import PreviousPicture
from pantau_agent.picture.reference import Reference
from pantau_agent.picture.score_baseline import ScoreBaseline
from pantau_agent.picture.spectrum import strongest_wave
from pantau_agent.picture.toggling import CellToggles
from pantau_agent.picture.verdict import FaultEvidence
from pantau_contract.states import Cause

SOME_LOST = 0.1
"""Share of the scene out of its place from which grey may be a decoder's; fog is as grey, but moves nothing."""


@dataclass(frozen=True, slots=True)
class PictureFindings:
    """Evidence by fault, the comparison it rests on, the scores to learn from, and the cells' toggles so far."""

    evidence: dict[Cause, FaultEvidence]
    comparison: Comparison
    scores: dict[str, float]
    toggles: CellToggles


def find_faults(
    frame: Frame,
    measures: PictureMeasures,
    previous: PreviousPicture | None,
    fingerprints: RecentFingerprints,
    reference: Reference,
    baseline: ScoreBaseline,
    daylight: float,
    overlay: Mask,
    masked: Mask,
    *,
    fixed_view: bool,
) -> PictureFindings:
    """Ask each fault's module. Without a settled reference only whole-picture faults are judged.

    `baseline` holds the usual scores in this lighting at this hour, and `daylight` is the grey level of the
    brightest hour. `overlay` are the cells that the camera itself writes on; `masked` are those a person left out.
    Without a `fixed_view`, faults that need the scene to be in its place are not judged.
    """
    comparison = compare(measures, reference, masked | overlay)
    settled = reference if reference.settled else None
    compared = comparison if settled and fixed_view else None
    white, neutral = white_share(frame), mid_grey_share(frame)
    if compared is not None and comparison.static.any():
        neutral *= min(1.0, comparison.lost_share / SOME_LOST)
    still = frozen(frame, fingerprints)
    found = {
        Cause.NO_SIGNAL: no_signal(frame, compared, overlay, still.value),
        Cause.BLACK: black(frame, compared),
        Cause.OVEREXPOSED: overexposed(frame, white, settled),
        Cause.FROZEN: still,
    }
    wave = _wave(frame, measures, previous, reference)
    flickering = baseline.level_of("flicker")
    if previous is not None and previous.tint.shape == measures.tint.shape:
        flickering = flicker(measures.tint, plane(previous.tint))
    changed = abruptly_changed(measures, previous)
    jumping = comparison.clarity * jumping_share(measures, changed, previous, comparison) if fixed_view else 0.0
    toggles = (previous.toggles if previous else CellToggles()).updated(comparison)
    toggling = toggles.toggling_share(comparison)
    drawn_out = measures.smeared & (comparison.lost | comparison.gone)
    smeared = float(drawn_out.sum()) / max(1, int(comparison.static.sum()))
    scores = {
        "white": white,
        "neutral": neutral,
        "smear": smeared,
        "blur": max(0.0, comparison.blur),
        "cast": comparison.cast,
        "grain": measures.grain,
        "flicker": flickering,
        "specks": measures.specks,
        "lines": measures.lines,
        "wave": wave,
        "gone": comparison.gone_share,
        "jumps": jumping,
        "restless": toggling,
        "light": float(measures.light.mean()),
        "stir": float(changed.mean()),
    }
    if settled is None:
        found[Cause.CORRUPTED] = corrupted(neutral, 0.0, 0.0, 0.0, None)
        return PictureFindings(found, comparison, scores, toggles)
    found[Cause.NOISY] = noisy(measures, flickering, wave, comparison, baseline)
    found[Cause.CORRUPTED] = corrupted(neutral, jumping, toggling if fixed_view else 0.0, smeared, baseline)
    if not fixed_view:
        return PictureFindings(found, comparison, scores, toggles)
    found[Cause.MOVED] = moved(frame, comparison, settled)
    found[Cause.DEFOCUSED] = defocused(comparison, baseline)
    explained = max(found[Cause.MOVED].value, found[Cause.DEFOCUSED].value)
    found[Cause.COVERED] = covered(comparison, baseline, explained)
    found[Cause.COLOUR_CAST] = colour_cast(measures, comparison, baseline, daylight)
    return PictureFindings(found, comparison, scores, toggles)


def _wave(
    frame: Frame, measures: PictureMeasures, previous: PreviousPicture | None, reference: Reference
) -> float:
    """Return the strongest wave in both differences: to the remembered picture and to the previous one.

    Hum bars roll from picture to picture; a striped cover does not.
    """
    height, width = frame.grey.shape
    light = float(measures.light.mean()) / max(1.0, float(reference.light.mean()))
    expected = plane(cv2.resize(reference.thumbnail, (width, height))) * min(4.0, light)
    wave = strongest_wave(frame.grey - expected)
    if wave > WAVE / 2 and previous is not None and previous.grey.shape == frame.grey.shape:
        wave = min(wave, strongest_wave(frame.grey - plane(previous.grey)))
    return wave

"""All that one picture says of each fault, in the order in which one explains the other."""

from dataclasses import dataclass

import cv2

from pantau_agent.picture.before import Before
from pantau_agent.picture.black import black
from pantau_agent.picture.cells import Mask, plane
from pantau_agent.picture.colour_cast import colour_cast
from pantau_agent.picture.comparison import Comparison, compare
from pantau_agent.picture.corrupted import corrupted, jumps, neutral_share, stir
from pantau_agent.picture.covered import covered
from pantau_agent.picture.defocused import defocused
from pantau_agent.picture.frame import Frame
from pantau_agent.picture.frozen import Stills, frozen
from pantau_agent.picture.measures import Measures, flicker
from pantau_agent.picture.moved import moved
from pantau_agent.picture.no_signal import no_signal
from pantau_agent.picture.noisy import WAVE, noisy
from pantau_agent.picture.overexposed import overexposed, white_share
from pantau_agent.picture.reference import Reference
from pantau_agent.picture.restless import Turns
from pantau_agent.picture.spectrum import strongest_wave
from pantau_agent.picture.usual import Usual
from pantau_agent.picture.verdict import Evidence
from pantau_contract.states import Cause

SOME_LOST = 0.1
"""Share of the scene out of its place from which grey may be a decoder's; fog is as grey, and moves nothing."""


@dataclass(frozen=True, slots=True)
class Findings:
    """Evidence by fault, the comparison it rests on, the scores to learn from, and the cells' turns up to now."""

    evidence: dict[Cause, Evidence]
    comparison: Comparison
    scores: dict[str, float]
    turns: Turns


def find(
    frame: Frame,
    measures: Measures,
    before: Before | None,
    stills: Stills,
    reference: Reference,
    usual: Usual,
    daylight: float,
    overlay: Mask,
    masked: Mask,
    *,
    fixed_view: bool,
) -> Findings:
    """Asks each fault's module. Without a settled reference only the whole-picture faults are told.

    `usual` are the scores' usual values in this lighting at this hour, `daylight` the grey level of the
    brightest hour, `overlay` the cells that the camera itself writes on, `masked` those left out by a person.
    Without a `fixed_view` nothing is said of what is in its place.
    """
    comparison = compare(measures, reference, masked | overlay)
    settled = reference if reference.settled else None
    compared = comparison if settled and fixed_view else None
    white, neutral = white_share(frame), neutral_share(frame)
    if compared is not None and comparison.fixed.any():
        neutral *= min(1.0, comparison.lost_share / SOME_LOST)
    still = frozen(frame, stills)
    found = {
        Cause.NO_SIGNAL: no_signal(frame, compared, overlay, still.value),
        Cause.BLACK: black(frame, compared),
        Cause.OVEREXPOSED: overexposed(frame, white, settled),
        Cause.FROZEN: still,
    }
    wave = _wave(frame, measures, before, reference)
    flickering = usual.of("flicker")
    if before is not None and before.tint.shape == measures.tint.shape:
        flickering = flicker(measures.tint, plane(before.tint))
    stirred = stir(measures, before)
    jumping = comparison.clarity * jumps(measures, stirred, before, comparison) if fixed_view else 0.0
    turns = (before.turns if before else Turns()).after(comparison)
    restless = turns.restless(comparison)
    drawn_out = measures.smeared & (comparison.lost | comparison.gone)
    smeared = float(drawn_out.sum()) / max(1, int(comparison.fixed.sum()))
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
        "restless": restless,
        "light": float(measures.light.mean()),
        "stir": float(stirred.mean()),
    }
    if settled is None:
        found[Cause.CORRUPTED] = corrupted(neutral, 0.0, 0.0, 0.0, None)
        return Findings(found, comparison, scores, turns)
    found[Cause.NOISY] = noisy(measures, flickering, wave, comparison, usual)
    found[Cause.CORRUPTED] = corrupted(neutral, jumping, restless if fixed_view else 0.0, smeared, usual)
    if not fixed_view:
        return Findings(found, comparison, scores, turns)
    found[Cause.MOVED] = moved(frame, comparison, settled)
    found[Cause.DEFOCUSED] = defocused(comparison, usual)
    otherwise = max(found[Cause.MOVED].value, found[Cause.DEFOCUSED].value)
    found[Cause.COVERED] = covered(comparison, usual, otherwise)
    found[Cause.COLOUR_CAST] = colour_cast(measures, comparison, usual, daylight)
    return Findings(found, comparison, scores, turns)


def _wave(frame: Frame, measures: Measures, before: Before | None, reference: Reference) -> float:
    """Of what differs from the remembered picture and from the one before: hum rolls, a striped cover does not."""
    height, width = frame.grey.shape
    light = float(measures.light.mean()) / max(1.0, float(reference.light.mean()))
    usual = plane(cv2.resize(reference.small, (width, height))) * min(4.0, light)
    wave = strongest_wave(frame.grey - usual)
    if wave > WAVE / 2 and before is not None and before.grey.shape == frame.grey.shape:
        wave = min(wave, strongest_wave(frame.grey - plane(before.grey)))
    return wave

"""What one camera looks like in one lighting, learned from its own past."""

from copy import deepcopy
from dataclasses import dataclass

import numpy as np

from pantau_agent.picture.cells import GRID, Plane
from pantau_agent.picture.measures import PictureMeasures
from pantau_agent.picture.score_baseline import WINDOW, ScoreBaseline

MAX_GREY_STEP = 32.0
"""Grey levels of a difference that count at most, after FOUNDING_PICTURES: traffic passes and does not stay."""
MAX_COLOUR_STEP = 0.1
"""Log of a ratio of channels that counts at most, after FOUNDING_PICTURES."""
FOUNDING_PICTURES = 4
"""Pictures after which the remembered picture is good enough to measure the usual agreement with it."""
SETTLED_PICTURES = 7
"""Pictures after which the usual values are good enough to compare with."""
PROVISIONAL_PICTURES = 120
"""Pictures for which limits stay widened by PROVISIONAL_WIDENING in a new lighting."""
DETAIL_KNOWN_PICTURES = 40
"""Pictures after which the scene's detail is known."""
DETAIL_RISE_SLOWDOWN = 16
"""How many times slower more detail is learned than less: rain passes, and was never part of the scene."""
PROVISIONAL_WIDENING = 1.6
"""Factor on all limits while a lighting is new."""


@dataclass(slots=True)
class Reference:
    """One lighting of one camera.

    `thumbnail` is the remembered picture. `detail`, `contrast`, `light` and `colour` are running means per cell
    (see `PictureMeasures`). `agreement` is the usual agreement with `thumbnail` per cell, and `agreement_spread`
    its usual deviation; `baseline` is the same for the scores. `pictures` counts the pictures learned from, and
    `provisional` how many more are needed until a lighting that was copied from another is known.
    """

    thumbnail: Plane
    agreement: Plane
    agreement_spread: Plane
    detail: Plane
    contrast: Plane
    light: Plane
    colour: Plane
    baseline: ScoreBaseline
    pictures: int = 0
    provisional: int = 0

    @property
    def settled(self) -> bool:
        """True once enough was seen to compare with."""
        return self.pictures >= SETTLED_PICTURES

    def learn(
        self, thumbnail: Plane, measures: PictureMeasures, agreement: Plane, scores: dict[str, float], trust: float
    ) -> None:
        """Learn from one more healthy picture; `trust` in (0, 1] weights it."""
        rate = trust / min(self.pictures + 1, WINDOW)
        step, tint = thumbnail - self.thumbnail, measures.colour - self.colour
        if self.pictures >= FOUNDING_PICTURES:
            step, tint = (
                np.clip(step, -MAX_GREY_STEP, MAX_GREY_STEP),
                np.clip(tint, -MAX_COLOUR_STEP, MAX_COLOUR_STEP),
            )
        self.thumbnail += step * rate
        detail_step = measures.detail - self.detail
        if self.pictures >= DETAIL_KNOWN_PICTURES:
            detail_step = np.where(detail_step > 0, detail_step / DETAIL_RISE_SLOWDOWN, detail_step)
        self.detail += detail_step * rate
        self.contrast += (measures.contrast - self.contrast) * rate
        self.light += (measures.light - self.light) * rate
        self.colour += tint * rate
        # the agreement with the first few pictures is not representative
        if self.pictures >= FOUNDING_PICTURES:
            compared = self.pictures - FOUNDING_PICTURES
            agreement_rate = trust / min(compared + 1, WINDOW)
            if compared:
                self.agreement_spread += (
                    np.abs(agreement - self.agreement) - self.agreement_spread
                ) * agreement_rate
            self.agreement += (agreement - self.agreement) * agreement_rate
            self.baseline.learn(scores, trust)
        self.pictures += 1
        self.mark_provisional(max(0, self.provisional - 1))

    def mark_provisional(self, pictures: int) -> None:
        """Keep the limits wide for this many more pictures."""
        self.provisional = pictures
        self.baseline.widening = PROVISIONAL_WIDENING if pictures else 1.0

    def for_new_lighting(self) -> "Reference":
        """Return a copy to learn another lighting from: the scene is kept, weights are light and limits wide."""
        copy = deepcopy(self)
        copy.pictures = min(self.pictures, 8)
        copy.mark_provisional(PROVISIONAL_PICTURES)
        return copy


def new_reference(thumbnail: Plane, measures: PictureMeasures) -> Reference:
    """Return a reference that starts with this picture and has learned nothing from it yet."""
    return Reference(
        thumbnail=thumbnail.copy(),
        agreement=np.zeros(GRID, np.float32),
        agreement_spread=np.zeros(GRID, np.float32),
        detail=measures.detail.copy(),
        contrast=measures.contrast.copy(),
        light=measures.light.copy(),
        colour=measures.colour.copy(),
        baseline=ScoreBaseline(),
    )

"""What one camera looks like in one lighting, learned from its own past."""

from copy import deepcopy
from dataclasses import dataclass

import numpy as np

from pantau_agent.picture.cells import GRID, Plane
from pantau_agent.picture.measures import PictureMeasures
from pantau_agent.picture.score_baseline import WINDOW, ScoreBaseline

MAX_GREY_STEP = 32.0
MAX_COLOUR_STEP = 0.1
"""Grey levels of a difference, and logs of a ratio of channels, that count, once the picture is founded: traffic
passes, it does not stay."""
FOUNDING_PICTURES = 4
SETTLED_PICTURES = 7
"""Pictures after which the remembered one, and then what is usual of it, can be compared with."""
PROVISIONAL_PICTURES = 120
"""Pictures for which the limits stay wide in a new lighting, by so many times WIDE."""
DETAIL_KNOWN_PICTURES = 40
"""Pictures after which the scene's detail is known."""
DETAIL_RISE_SLOWDOWN = 16
"""How many times slower more detail is learned than less: rain passes, and was never the scene's."""
PROVISIONAL_WIDENING = 1.6


@dataclass(slots=True)
class Reference:
    """`small` is the remembered small picture; `detail` to `colour` are running means by cell (see Measures).

    `agree` and `agree_off` are the usual agreement with `small`, by cell, and its usual departure from that;
    `usual` the same of the scores. `pictures` counts what was learned from, `young` how many more until a
    lighting that was copied from another is known.
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
        """Whether enough was seen to compare with."""
        return self.pictures >= SETTLED_PICTURES

    def learn(
        self, thumbnail: Plane, measures: PictureMeasures, agreement: Plane, scores: dict[str, float], trust: float
    ) -> None:
        """Takes one more healthy picture in; `trust` in (0, 1] weighs it."""
        rate = trust / min(self.pictures + 1, WINDOW)
        step, tint = thumbnail - self.thumbnail, measures.colour - self.colour
        if self.pictures >= FOUNDING_PICTURES:
            step, tint = (
                np.clip(step, -MAX_GREY_STEP, MAX_GREY_STEP),
                np.clip(tint, -MAX_COLOUR_STEP, MAX_COLOUR_STEP),
            )
        self.thumbnail += step * rate
        more = measures.detail - self.detail
        if self.pictures >= DETAIL_KNOWN_PICTURES:
            more = np.where(more > 0, more / DETAIL_RISE_SLOWDOWN, more)
        self.detail += more * rate
        self.contrast += (measures.contrast - self.contrast) * rate
        self.light += (measures.light - self.light) * rate
        self.colour += tint * rate
        # agreement with a picture that is still being founded says nothing of the usual
        if self.pictures >= FOUNDING_PICTURES:
            seen = self.pictures - FOUNDING_PICTURES
            late = trust / min(seen + 1, WINDOW)
            if seen:
                self.agreement_spread += (np.abs(agreement - self.agreement) - self.agreement_spread) * late
            self.agreement += (agreement - self.agreement) * late
            self.baseline.learn(scores, trust)
        self.pictures += 1
        self.mark_provisional(max(0, self.provisional - 1))

    def mark_provisional(self, pictures: int) -> None:
        """Keeps the limits wide for so many more pictures."""
        self.provisional = pictures
        self.baseline.widening = PROVISIONAL_WIDENING if pictures else 1.0

    def for_new_lighting(self) -> "Reference":
        """A copy to learn another lighting from: the scene stays, the weights are light, the limits wide."""
        copy = deepcopy(self)
        copy.pictures = min(self.pictures, 8)
        copy.mark_provisional(PROVISIONAL_PICTURES)
        return copy


def new_reference(thumbnail: Plane, measures: PictureMeasures) -> Reference:
    """A reference that begins with this picture, and has learned nothing from it yet."""
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

"""What one camera looks like in one lighting, learned from its own past."""

from copy import deepcopy
from dataclasses import dataclass

import numpy as np

from pantau_agent.picture.cells import GRID, Plane
from pantau_agent.picture.measures import Measures
from pantau_agent.picture.usual import SLOWEST, Usual

STEP = 32.0
TINT = 0.1
"""Grey levels of a difference, and logs of a ratio of channels, that count, once the picture is founded: traffic
passes, it does not stay."""
FOUNDED = 4
SETTLED = 7
"""Pictures after which the remembered one, and then what is usual of it, can be compared with."""
YOUNG = 120
"""Pictures for which the limits stay wide in a new lighting, by so many times WIDE."""
SHARP = 40
"""Pictures after which the scene's detail is known."""
PASSING = 16
"""How many times slower more detail is learned than less: rain passes, and was never the scene's."""
WIDE = 1.6


@dataclass(slots=True)
class Reference:
    """`small` is the remembered small picture; `detail` to `colour` are running means by cell (see Measures).

    `agree` and `agree_off` are the usual agreement with `small`, by cell, and its usual departure from that;
    `usual` the same of the scores. `pictures` counts what was learned from, `young` how many more until a
    lighting that was copied from another is known.
    """

    small: Plane
    agree: Plane
    agree_off: Plane
    detail: Plane
    contrast: Plane
    light: Plane
    colour: Plane
    usual: Usual
    pictures: int = 0
    young: int = 0

    @property
    def settled(self) -> bool:
        """Whether enough was seen to compare with."""
        return self.pictures >= SETTLED

    def learn(
        self, small: Plane, measures: Measures, agree: Plane, scores: dict[str, float], trust: float
    ) -> None:
        """Takes one more healthy picture in; `trust` in (0, 1] weighs it."""
        rate = trust / min(self.pictures + 1, SLOWEST)
        step, tint = small - self.small, measures.colour - self.colour
        if self.pictures >= FOUNDED:
            step, tint = np.clip(step, -STEP, STEP), np.clip(tint, -TINT, TINT)
        self.small += step * rate
        more = measures.detail - self.detail
        if self.pictures >= SHARP:
            more = np.where(more > 0, more / PASSING, more)
        self.detail += more * rate
        self.contrast += (measures.contrast - self.contrast) * rate
        self.light += (measures.light - self.light) * rate
        self.colour += tint * rate
        # agreement with a picture that is still being founded says nothing of the usual
        if self.pictures >= FOUNDED:
            seen = self.pictures - FOUNDED
            late = trust / min(seen + 1, SLOWEST)
            if seen:
                self.agree_off += (np.abs(agree - self.agree) - self.agree_off) * late
            self.agree += (agree - self.agree) * late
            self.usual.learn(scores, trust)
        self.pictures += 1
        self.mark_young(max(0, self.young - 1))

    def mark_young(self, pictures: int) -> None:
        """Keeps the limits wide for so many more pictures."""
        self.young = pictures
        self.usual.wide = WIDE if pictures else 1.0

    def for_new_lighting(self) -> "Reference":
        """A copy to learn another lighting from: the scene stays, the weights are light, the limits wide."""
        copy = deepcopy(self)
        copy.pictures = min(self.pictures, 8)
        copy.mark_young(YOUNG)
        return copy


def found(small: Plane, measures: Measures) -> Reference:
    """A reference that begins with this picture, and has learned nothing from it yet."""
    return Reference(
        small=small.copy(),
        agree=np.zeros(GRID, np.float32),
        agree_off=np.zeros(GRID, np.float32),
        detail=measures.detail.copy(),
        contrast=measures.contrast.copy(),
        light=measures.light.copy(),
        colour=measures.colour.copy(),
        usual=Usual(),
    )

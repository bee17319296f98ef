"""What is usual of a camera's whole-picture scores: in each lighting, and at each hour of the day."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from pantau_agent.picture.cells import Plane, plane

SCORES = (
    "blur",
    "cast",
    "grain",
    "flicker",
    "specks",
    "lines",
    "wave",
    "neutral",
    "smear",
    "white",
    "gone",
    "jumps",
    "restless",
    "stir",
    "light",
)
"""The scores whose usual level and spread are learned."""
LINES = SCORES.index("lines")
SLOWEST = 60
"""After so many pictures the past counts as a running mean over as many."""
KNOWN = 40
"""Pictures after which an hour of the day speaks for itself: low sun, a market, headlights come daily."""


@dataclass(slots=True)
class Usual:
    """Running means of each score (`level`) and of its departure from that (`spread`), over `pictures`.

    `wide` widens all limits, while the lighting is new.
    """

    level: Plane = field(default_factory=lambda: np.zeros(len(SCORES), np.float32))
    spread: Plane = field(default_factory=lambda: np.zeros(len(SCORES), np.float32))
    pictures: int = 0
    wide: float = 1.0

    def of(self, name: str) -> float:
        """The usual value of a score."""
        return float(self.level[SCORES.index(name)])

    def limit(self, name: str, least: float) -> float:
        """By how much a score may leave the usual: `least`, up to twice as much where it was always restless."""
        return self.wide * least + min(least, 2.0 * float(self.spread[SCORES.index(name)]))

    def learn(self, scores: dict[str, float], trust: float) -> None:
        """Takes one more healthy picture's scores in; `trust` in (0, 1] weighs them."""
        numbers = plane([scores[name] for name in SCORES])
        rate = trust / min(self.pictures + 1, SLOWEST)
        if self.pictures:
            self.spread += (np.abs(numbers - self.level) - self.spread) * rate
            self.level += (numbers - self.level) * rate
        else:
            self.level = numbers
        self.pictures += 1


def at_hour(lighting: Usual, hour: Usual, hours: Iterable[Usual]) -> Usual:
    """What is usual in this lighting at this `hour`, of all `hours`: that may widen a limit, not narrow it.

    Hours of rain wash level lines out, and become the usual; what is back when it ends is what other hours show.
    """
    level = lighting.level.copy()
    level[LINES] = max([level[LINES], *(each.level[LINES] for each in hours if each.pictures >= KNOWN)])
    known = hour.pictures >= KNOWN
    spread = np.maximum(lighting.spread, hour.spread) if known else lighting.spread
    return Usual(level, spread, lighting.pictures, lighting.wide)

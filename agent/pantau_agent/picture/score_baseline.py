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
_LINES = SCORES.index("lines")
WINDOW = 60
"""After so many pictures the past counts as a running mean over as many."""
HOUR_KNOWN = 40
"""Pictures after which an hour of the day speaks for itself: low sun, a market, headlights come daily."""


@dataclass(slots=True)
class ScoreBaseline:
    """Running means of each score (`level`) and of its departure from that (`spread`), over `pictures`.

    `wide` widens all limits, while the lighting is new.
    """

    level: Plane = field(default_factory=lambda: np.zeros(len(SCORES), np.float32))
    spread: Plane = field(default_factory=lambda: np.zeros(len(SCORES), np.float32))
    pictures: int = 0
    widening: float = 1.0

    def level_of(self, name: str) -> float:
        """The usual value of a score."""
        return float(self.level[SCORES.index(name)])

    def threshold(self, name: str, minimum: float) -> float:
        """By how much a score may leave the usual: `least`, up to twice as much where it was always restless."""
        return self.widening * minimum + min(minimum, 2.0 * float(self.spread[SCORES.index(name)]))

    def learn(self, scores: dict[str, float], trust: float) -> None:
        """Takes one more healthy picture's scores in; `trust` in (0, 1] weighs them."""
        numbers = plane([scores[name] for name in SCORES])
        rate = trust / min(self.pictures + 1, WINDOW)
        if self.pictures:
            self.spread += (np.abs(numbers - self.level) - self.spread) * rate
            self.level += (numbers - self.level) * rate
        else:
            self.level = numbers
        self.pictures += 1


def hourly_baseline(lighting: ScoreBaseline, hour: ScoreBaseline, hours: Iterable[ScoreBaseline]) -> ScoreBaseline:
    """What is usual in this lighting at this `hour`, of all `hours`: that may widen a limit, not narrow it.

    Hours of rain wash level lines out, and become the usual; what is back when it ends is what other hours show.
    """
    level = lighting.level.copy()
    level[_LINES] = max([level[_LINES], *(each.level[_LINES] for each in hours if each.pictures >= HOUR_KNOWN)])
    known = hour.pictures >= HOUR_KNOWN
    spread = np.maximum(lighting.spread, hour.spread) if known else lighting.spread
    return ScoreBaseline(level, spread, lighting.pictures, lighting.widening)

"""The baseline of a camera's whole-picture scores: in each lighting, and at each hour of the day."""

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
"""The scores whose usual level and spread are learned. Names and order are part of the memory's file format."""
_LINES = SCORES.index("lines")
WINDOW = 60
"""Pictures after which the past counts as a running mean over this many."""
HOUR_KNOWN = 40
"""Pictures after which an hour has a baseline of its own: low sun, markets and headlights come daily."""


@dataclass(slots=True)
class ScoreBaseline:
    """Running means of each score (`level`) and of its deviation from that (`spread`), over `pictures`.

    `widening` is a factor on all limits while the lighting is new.
    """

    level: Plane = field(default_factory=lambda: np.zeros(len(SCORES), np.float32))
    spread: Plane = field(default_factory=lambda: np.zeros(len(SCORES), np.float32))
    pictures: int = 0
    widening: float = 1.0

    def level_of(self, name: str) -> float:
        """Return the usual value of a score."""
        return float(self.level[SCORES.index(name)])

    def threshold(self, name: str, minimum: float) -> float:
        """Return by how much a score may deviate: at least `minimum`, and up to twice that if it always varied."""
        return self.widening * minimum + min(minimum, 2.0 * float(self.spread[SCORES.index(name)]))

    def learn(self, scores: dict[str, float], trust: float) -> None:
        """Learn from one more healthy picture's scores; `trust` in (0, 1] weights them."""
        numbers = plane([scores[name] for name in SCORES])
        rate = trust / min(self.pictures + 1, WINDOW)
        if self.pictures:
            self.spread += (np.abs(numbers - self.level) - self.spread) * rate
            self.level += (numbers - self.level) * rate
        else:
            self.level = numbers
        self.pictures += 1


def hourly_baseline(lighting: ScoreBaseline, hour: ScoreBaseline, hours: Iterable[ScoreBaseline]) -> ScoreBaseline:
    """Return the lighting's baseline adapted to the present `hour`, which may widen a limit but not narrow it.

    `hours` are the baselines of all hours. Hours of rain blur the level lines of a scene until that is the
    baseline; when the rain ends, the lines return that other hours show.
    """
    level = lighting.level.copy()
    level[_LINES] = max([level[_LINES], *(each.level[_LINES] for each in hours if each.pictures >= HOUR_KNOWN)])
    known = hour.pictures >= HOUR_KNOWN
    spread = np.maximum(lighting.spread, hour.spread) if known else lighting.spread
    return ScoreBaseline(level, spread, lighting.pictures, lighting.widening)

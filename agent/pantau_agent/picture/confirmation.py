"""Confirmation (debouncing) of faults: one picture proves nothing, and one good picture rarely ends a fault."""

from dataclasses import dataclass

THRESHOLD = 0.5
"""Evidence from which a picture counts for a fault."""
PLAIN_THRESHOLD = 0.65
"""Evidence from which a picture is beyond doubt."""
DOUBT_DECAY = 0.2
"""How much a doubtful picture counts against a fault that is being confirmed; a clear one counts 1."""


@dataclass(frozen=True, slots=True)
class ConfirmationRule:
    """When a fault is confirmed and when it ends.

    It is confirmed once pictures for it outnumber those against it by `keyframes`, over at least `min_seconds`. It
    ends after `clear_after` pictures in a row that do not count for it. Evidence between `doubt_from` and
    THRESHOLD, as intermittent faults produce, hardly counts against a fault that is being confirmed. If the sizes
    of the stream's own frames corroborate the fault, `corroborated_keyframes` pictures are enough, however soon,
    provided that the last is plain; 0 disables this.
    """

    keyframes: int
    min_seconds: float = 0.0
    clear_after: int = 2
    doubt_from: float = THRESHOLD
    corroborated_keyframes: int = 0


class Confirmation:
    """Confirms one fault. Times are in milliseconds; if the clock steps back, the seconds start again."""

    def __init__(self, rule: ConfirmationRule) -> None:
        self._rule = rule
        self._lead = 0.0
        self._clear_in_a_row = 0
        self._since_ms = 0
        self.confirmed = False

    def update(self, value: float, time_ms: int, *, corroborated: bool = False) -> bool:
        """Add one picture's evidence, and return whether the fault is confirmed now.

        `corroborated` says that the sizes of the stream's own frames point to the fault too.
        """
        if value >= THRESHOLD:
            if not self._lead or time_ms < self._since_ms:
                self._since_ms = time_ms
            self._lead = min(self._lead + 1, self._rule.keyframes)
            self._clear_in_a_row = 0
            long_enough = time_ms - self._since_ms >= self._rule.min_seconds * 1000
            enough = self._lead >= self._rule.keyframes and long_enough
            early = (
                corroborated and value >= PLAIN_THRESHOLD and 0 < self._rule.corroborated_keyframes <= self._lead
            )
            self.confirmed = self.confirmed or enough or early
        else:
            self._lead = max(0.0, self._lead - (1.0 if value < self._rule.doubt_from else DOUBT_DECAY))
            self._clear_in_a_row += 1
            if self._clear_in_a_row >= self._rule.clear_after:
                self.confirmed = False
        return self.confirmed

    def explains(self, value: float) -> bool:
        """Return whether the fault explains a picture with this evidence, so that it counts for no other fault."""
        return value >= THRESHOLD or (value >= self._rule.doubt_from and self._lead > 0)

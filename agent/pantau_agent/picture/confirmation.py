"""Confirmation: one picture proves nothing, and one good picture ends little."""

from dataclasses import dataclass

THRESHOLD = 0.5
"""Evidence from which a picture speaks for a fault."""
PLAIN_THRESHOLD = 0.65
"""Evidence from which it does so beyond doubt."""
DOUBT_DECAY = 0.2
"""Part of a picture that one in doubt counts against a fault."""


@dataclass(frozen=True, slots=True)
class ConfirmationRule:
    """A fault stands once pictures that speak for it outnumber the others by `keyframes`, over `seconds` at least.

    It ends once `clear` pictures in a row did not speak for it. Evidence between `doubt` and LIMIT, of faults that
    come and go, hardly speaks against one that is being confirmed.
    Where the stream's own sizes bear it out, `borne_out` pictures are enough, the last of them plain, however
    soon; 0 is never.
    """

    keyframes: int
    min_seconds: float = 0.0
    clear_after: int = 2
    doubt_from: float = THRESHOLD
    corroborated_keyframes: int = 0


class Confirmation:
    """Confirms one fault. Times are in milliseconds; a clock that runs back starts the seconds anew."""

    def __init__(self, rule: ConfirmationRule) -> None:
        self._rule = rule
        self._lead = 0.0
        self._against = 0
        self._since_ms = 0
        self.confirmed = False

    def update(self, value: float, time_ms: int, *, corroborated: bool = False) -> bool:
        """Takes one picture's evidence, which the stream itself may bear out; whether the fault stands now."""
        if value >= THRESHOLD:
            if not self._lead or time_ms < self._since_ms:
                self._since_ms = time_ms
            self._lead = min(self._lead + 1, self._rule.keyframes)
            self._against = 0
            long_enough = time_ms - self._since_ms >= self._rule.min_seconds * 1000
            enough = self._lead >= self._rule.keyframes and long_enough
            early = (
                corroborated and value >= PLAIN_THRESHOLD and 0 < self._rule.corroborated_keyframes <= self._lead
            )
            self.confirmed = self.confirmed or enough or early
        else:
            self._lead = max(0.0, self._lead - (1.0 if value < self._rule.doubt_from else DOUBT_DECAY))
            self._against += 1
            if self._against >= self._rule.clear_after:
                self.confirmed = False
        return self.confirmed

    def explains(self, value: float) -> bool:
        """Whether a picture with this evidence is explained by the fault, so that it speaks for no other."""
        return value >= THRESHOLD or (value >= self._rule.doubt_from and self._lead > 0)

"""How long to wait before a camera is tried again."""

import random

from pantau_agent.failure import Failure, Kind

DELAYS_S = (0.2, 1.0, 2.0, 3.0, 5.0, 5.0, 10.0, 10.0, 15.0, 20.0, 30.0)
"""The first tries come fast: most outages are a dropped connection. A recovery is seen within half a minute."""
JITTER = 0.2
HOLD_S = 30 * 60.0
"""After a refused password: cameras lock accounts, and a locked one stays so for about as long."""
EXPIRY_S = 70.0
"""After a refusal of a password that was taken before, once: by then a session of ours that was cut off, and still
counts against the camera's limit, has expired (60 s)."""
FULL_S = 60.0

_REFUSALS = {401, 403, 423}
_FULL = {453, 503}


class Backoff:
    """One camera's. Told each failure, and each success."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._failures = 0
        self._refusals = 0

    def succeeded(self) -> None:
        """The stream has run for a while."""
        self._failures = self._refusals = 0

    def after(self, failure: Failure) -> float:
        """Seconds from this failure to the next try."""
        if failure.kind is Kind.WRONG_PASSWORD or (failure.kind is Kind.STATUS and failure.status in _REFUSALS):
            self._refusals += 1
            return EXPIRY_S if failure.trusted and self._refusals == 1 else HOLD_S
        delay = DELAYS_S[min(self._failures, len(DELAYS_S) - 1)]
        self._failures += 1
        if failure.status in _FULL:
            delay = max(delay, FULL_S)
        return delay * self._rng.uniform(1 - JITTER, 1 + JITTER)

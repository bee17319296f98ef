"""How long to wait before a camera is tried again."""

import random

from pantau_agent.assessment.camera_memory import HOLD_S, CameraMemory, Refusal
from pantau_agent.clock import Clock
from pantau_agent.streams.failure import Failure, Kind

DELAYS_S = (0.2, 1.0, 2.0, 3.0, 5.0, 5.0, 10.0, 10.0, 15.0, 20.0, 30.0)
"""The first tries come fast: most outages are a dropped connection. A recovery is seen within half a minute."""
JITTER = 0.2
EXPIRY_S = 70.0
"""After a refusal of a password that was taken before, once: by then a session of ours that was cut off, and still
counts against the camera's limit, has expired (60 s)."""
FULL_S = 60.0

_REFUSALS = {401, 403, 423}
_FULL = {453, 503}


class Backoff:
    """One camera's. Told each failure, and each success. Refusals are on the page, which outlives a restart."""

    def __init__(self, rng: random.Random, page: CameraMemory, clock: Clock) -> None:
        self._rng = rng
        self._page = page
        self._clock = clock
        self._failures = 0

    def held(self) -> tuple[Failure, float] | None:
        """How the camera refused us before this start, and for how many seconds it is to be left alone yet."""
        refusal = self._page.refusal
        if refusal is None or (left_s := refusal.left_s(self._clock.time_ms())) == 0:
            return None
        return refusal.failure, left_s

    def succeeded(self) -> None:
        """The stream has run for a while."""
        self._failures = 0
        self._page.refusal = None

    def after(self, failure: Failure) -> float:
        """Seconds from this failure to the next try."""
        if failure.kind is Kind.WRONG_PASSWORD or (failure.kind is Kind.STATUS and failure.status in _REFUSALS):
            times = self._page.refusal.times + 1 if self._page.refusal is not None else 1
            held_s = EXPIRY_S if failure.trusted and times == 1 else HOLD_S
            self._page.refusal = Refusal(failure, self._clock.time_ms() + int(held_s * 1000), times)
            return held_s
        delay = DELAYS_S[min(self._failures, len(DELAYS_S) - 1)]
        self._failures += 1
        if failure.status in _FULL:
            delay = max(delay, FULL_S)
        return delay * self._rng.uniform(1 - JITTER, 1 + JITTER)

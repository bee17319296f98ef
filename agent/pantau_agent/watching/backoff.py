"""The back-off: how long to wait before a camera is tried again."""

import random

from pantau_agent.assessment.camera_memory import HOLD_S, CameraMemory, Refusal
from pantau_agent.clock import Clock
from pantau_agent.streams.failure import Failure, Kind

DELAYS_S = (0.2, 1.0, 2.0, 3.0, 5.0, 5.0, 10.0, 10.0, 15.0, 20.0, 30.0)
"""Seconds before each retry; the last delay repeats.

The first come fast, because most outages are a dropped connection. A recovery is seen within half a minute.
"""
JITTER = 0.2
"""Share by which each delay varies at random."""
EXPIRY_S = 70.0
"""Seconds without a login after the first refusal of a password that was accepted before.

By then a session of ours that was cut off, and still counts against the camera's limit, has expired (60 s).
"""
FULL_S = 60.0
"""Least seconds before the next attempt if the camera has no free session."""
FLOOD_HOLDS_S = (60.0, 300.0, 1800.0)
"""Seconds before each retry of a camera that has exceeded its budget; the last one repeats.

A retry costs some seconds of a processor core.
"""

_REFUSALS = {401, 403, 423}
_FULL = {453, 503}


def must_wait(failure: Failure) -> bool:
    """Return whether the camera must be left alone for all of the delay: another attempt could do harm."""
    return failure.kind in {Kind.WRONG_PASSWORD, Kind.FLOODING} or (
        failure.kind is Kind.STATUS and failure.status in _REFUSALS | _FULL
    )


class Backoff:
    """One camera's back-off. Refusals are kept in the camera's memory, which outlives a restart."""

    def __init__(self, rng: random.Random, memory: CameraMemory, clock: Clock) -> None:
        self._rng = rng
        self._memory = memory
        self._clock = clock
        self._failures = self._floods = 0

    def remembered_refusal(self) -> tuple[Failure, float] | None:
        """Return how the camera refused us before this start, and for how many more seconds to leave it alone.

        None if it did not, or that time is over.
        """
        refusal = self._memory.refusal
        if refusal is None or (remaining_s := refusal.remaining_s(self._clock.time_ms())) == 0:
            return None
        return refusal.failure, remaining_s

    def record_success(self) -> None:
        """Start again with the shortest delay, because the stream has run for a while."""
        self._failures = self._floods = 0
        self._memory.refusal = None

    def delay_after(self, failure: Failure) -> float:
        """Record a failure, and return the seconds to wait before the next attempt."""
        if failure.kind is Kind.WRONG_PASSWORD or (failure.kind is Kind.STATUS and failure.status in _REFUSALS):
            times = self._memory.refusal.times + 1 if self._memory.refusal is not None else 1
            hold_s = EXPIRY_S if failure.trusted and times == 1 else HOLD_S
            self._memory.refusal = Refusal(failure, self._clock.time_ms() + int(hold_s * 1000), times)
            return hold_s
        if failure.kind is Kind.FLOODING:
            delay = FLOOD_HOLDS_S[min(self._floods, len(FLOOD_HOLDS_S) - 1)]
            self._floods += 1
        else:
            delay = DELAYS_S[min(self._failures, len(DELAYS_S) - 1)]
            self._failures += 1
        if failure.status in _FULL:
            delay = max(delay, FULL_S)
        return delay * self._rng.uniform(1 - JITTER, 1 + JITTER)

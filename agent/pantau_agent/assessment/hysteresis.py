"""The state hold: diagnoses must last before they change the reported state, and recoveries must last longer."""

from pantau_agent.assessment.diagnosis import Diagnosis
from pantau_contract.states import Cause, State
from pantau_contract.words.evidence import NO_DETAIL

DEGRADED_AFTER_S = 1.0
"""Seconds for which a measure must be bad before the camera is degraded: two assessments in a row."""
LOW_BITRATE_AFTER_S = 12.0
"""Seconds for which the bit rate must be low.

A black or still picture lowers it too, and is then reported first.
"""
IMMEDIATE = {Cause.PACKET_LOSS, Cause.LONG_GOP}
"""Causes reported at once: they count what was missed over seconds, so a second assessment would see the same."""
GOOD_AFTER_S = 15.0
"""Seconds for which a degraded camera must be ok again before it is reported ok.

It is longer than the measures' window, so a fault that comes and goes stays degraded.
"""

_SAME_OUTAGE = {(Cause.STALLED, Cause.NO_MEDIA)}
"""Reported and diagnosed causes that are one outage: a stopped stream that does not restart is still stopped."""


class Hysteresis:
    """One camera's reported state, cause and detail, and since when (monotonic seconds).

    It begins as `unknown`, `starting`. Without `patient` every diagnosis takes effect at once.
    """

    def __init__(self, now: float, *, patient: bool = True) -> None:
        self._patient = patient
        self.state = State.UNKNOWN
        self.cause: Cause | None = Cause.STARTING
        self.since = now
        self.detail = NO_DETAIL
        self._pending: tuple[State, Cause | None] | None = None
        self._pending_since = 0.0

    @property
    def shows_picture(self) -> bool:
        """True if the reported state is one in which the camera streams."""
        return self.state in {State.OK, State.DEGRADED, State.IMPAIRED}

    def update(self, diagnosis: Diagnosis | None, now: float, *, since: float | None = None) -> bool:
        """Apply a diagnosis made at `now`, and return True if the reported state or cause changed.

        `diagnosis` is None if nothing is known. `since` is when the diagnosed state began, if that was earlier.
        """
        if diagnosis is None or (self.cause, diagnosis.cause) in _SAME_OUTAGE:
            return False
        diagnosed = diagnosis.state, diagnosis.cause
        if diagnosed == (self.state, self.cause):
            self._pending = None
            self.detail = diagnosis.detail or self.detail
            return False
        if diagnosed != self._pending:
            self._pending, self._pending_since = diagnosed, now
        if now - self._pending_since < self._hold_s(diagnosis):
            return False
        if diagnosis.state is not self.state:
            self.since = max(self.since, min(now, since if since is not None else now))
        self.state, self.cause, self.detail, self._pending = *diagnosed, diagnosis.detail, None
        return True

    def _hold_s(self, diagnosis: Diagnosis) -> float:
        if not self._patient or diagnosis.cause in IMMEDIATE:
            return 0.0
        if diagnosis.state is State.DEGRADED and self.state in {State.OK, State.DEGRADED}:
            return LOW_BITRATE_AFTER_S if diagnosis.cause is Cause.LOW_BITRATE else DEGRADED_AFTER_S
        if diagnosis.state is State.OK and self.state is State.DEGRADED:
            return GOOD_AFTER_S
        return 0.0

"""What is said of a camera, and since when: diagnoses made steady."""

from pantau_agent.assessment.diagnosis import Diagnosis
from pantau_contract.states import Cause, State
from pantau_contract.words.evidence import NO_DETAIL

DEGRADED_AFTER_S = 1.0
"""A measure must be bad on two looks in a row."""
LOW_BITRATE_AFTER_S = 12.0
"""A picture that went black or still is told as that: pictures have their say first."""
AT_ONCE = {Cause.PACKET_LOSS, Cause.LONG_GOP}
"""These count over seconds what did not come: another look would see the same."""
GOOD_AFTER_S = 15.0
"""Longer than the measures' window: what comes and goes stays degraded. It is recoveries that are held back."""

_SAME_OUTAGE = {(Cause.STALLED, Cause.NO_MEDIA)}
"""A stream that stopped, and on being asked for again does not begin, has still stopped."""


class Hysteresis:
    """Begins as `unknown`, `starting`. Without patience every diagnosis is said at once."""

    def __init__(self, now_ms: int, *, patient: bool = True) -> None:
        self._patient = patient
        self.state = State.UNKNOWN
        self.cause: Cause | None = Cause.STARTING
        self.since_ms = now_ms
        self.detail = NO_DETAIL
        self._next: tuple[State, Cause | None] | None = None
        self._next_since = 0.0

    @property
    def shows(self) -> bool:
        """Whether the camera is said to show something."""
        return self.state in {State.OK, State.DEGRADED, State.IMPAIRED}

    def update(self, diagnosis: Diagnosis | None, now: float, now_ms: int, *, since_ms: int | None = None) -> bool:
        """Takes a diagnosis (None: nothing can be told) at `now` (monotonic seconds) and `now_ms` (UTC).

        `since_ms` is when it began, where that is known. Returns whether state or cause are others than before.
        """
        if diagnosis is None or (self.cause, diagnosis.cause) in _SAME_OUTAGE:
            return False
        said = diagnosis.state, diagnosis.cause
        if said == (self.state, self.cause):
            self._next = None
            self.detail = diagnosis.detail or self.detail
            return False
        if said != self._next:
            self._next, self._next_since = said, now
        if now - self._next_since < self._patience(diagnosis):
            return False
        if diagnosis.state is not self.state:
            self.since_ms = max(self.since_ms, min(now_ms, since_ms if since_ms is not None else now_ms))
        self.state, self.cause, self.detail, self._next = *said, diagnosis.detail, None
        return True

    def _patience(self, diagnosis: Diagnosis) -> float:
        if not self._patient or diagnosis.cause in AT_ONCE:
            return 0.0
        if diagnosis.state is State.DEGRADED and self.state in {State.OK, State.DEGRADED}:
            return LOW_BITRATE_AFTER_S if diagnosis.cause is Cause.LOW_BITRATE else DEGRADED_AFTER_S
        if diagnosis.state is State.OK and self.state is State.DEGRADED:
            return GOOD_AFTER_S
        return 0.0

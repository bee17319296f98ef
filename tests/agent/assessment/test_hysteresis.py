import pytest

from pantau_agent.assessment.diagnosis import Diagnosis
from pantau_agent.assessment.hysteresis import Hysteresis
from pantau_contract.states import Cause, State
from pantau_contract.words.evidence import Detail

OK = Diagnosis(State.OK)
STALLED = Diagnosis(State.DOWN, Cause.STALLED, Detail("no packet"))
NO_MEDIA = Diagnosis(State.DOWN, Cause.NO_MEDIA, Detail("none came"))
REFUSED = Diagnosis(State.DOWN, Cause.REFUSED)
LOSS = Diagnosis(State.DEGRADED, Cause.PACKET_LOSS)
LOW_FPS = Diagnosis(State.DEGRADED, Cause.LOW_FPS)
FROZEN = Diagnosis(State.IMPAIRED, Cause.FROZEN)


class Seconds:
    """A hysteresis that is given a diagnosis twice a second."""

    def __init__(self, *, patient: bool = True) -> None:
        self.hysteresis = Hysteresis(0, patient=patient)
        self.now = 0.0

    def changes(
        self, diagnosis: Diagnosis | None, seconds: float = 1, *, since: float | None = None
    ) -> list[Cause | None]:
        """Return each cause it changed to within `seconds` of this diagnosis."""
        found = []
        end = self.now + seconds
        while self.now < end:
            self.now += 0.5
            if self.hysteresis.update(diagnosis, self.now, since=since):
                found.append(self.hysteresis.cause)
        return found


def test_it_begins_as_unknown_and_stays_so_while_nothing_is_known() -> None:
    it = Seconds()
    assert it.changes(None, 60) == []
    assert (it.hysteresis.state, it.hysteresis.cause, it.hysteresis.since) == (State.UNKNOWN, Cause.STARTING, 0)


@pytest.mark.parametrize("diagnosis", [OK, STALLED, LOSS, FROZEN])
def test_the_first_diagnosis_is_said_at_once(diagnosis: Diagnosis) -> None:
    assert Seconds().changes(diagnosis, 0.5) == [diagnosis.cause]


def test_down_and_impaired_are_said_at_once_and_so_is_their_end() -> None:
    it = Seconds()
    it.changes(OK)
    assert it.changes(STALLED, 0.5) == [Cause.STALLED]
    assert it.changes(OK, 0.5) == [None]
    assert it.changes(FROZEN, 0.5) == [Cause.FROZEN]
    assert it.changes(OK, 0.5) == [None]


def test_degraded_must_last_and_its_end_must_last_longer() -> None:
    it = Seconds()
    it.changes(OK)
    assert it.changes(LOW_FPS, 0.5) == []
    assert it.changes(OK) == []
    assert it.changes(LOW_FPS, 1) == []
    assert it.changes(LOW_FPS, 0.5) == [Cause.LOW_FPS]
    assert it.changes(OK, 15) == []
    assert it.changes(LOW_FPS) == []
    assert it.changes(OK, 15) == []
    assert it.changes(OK, 0.5) == [None]


def test_a_low_bit_rate_waits_for_what_the_picture_shows() -> None:
    it, low = Seconds(), Diagnosis(State.DEGRADED, Cause.LOW_BITRATE)
    it.changes(OK)
    assert it.changes(low, 10) == []
    assert it.changes(FROZEN, 0.5) == [Cause.FROZEN]
    other = Seconds()
    other.changes(OK)
    assert other.changes(low, 12) == []
    assert other.changes(low, 0.5) == [Cause.LOW_BITRATE]


@pytest.mark.parametrize("cause", [Cause.PACKET_LOSS, Cause.LONG_GOP])
def test_what_was_counted_over_seconds_is_said_at_once_and_its_end_must_last(cause: Cause) -> None:
    it = Seconds()
    it.changes(OK)
    assert it.changes(Diagnosis(State.DEGRADED, cause), 0.5) == [cause]
    assert it.changes(OK, 15) == []
    assert it.changes(OK, 0.5) == [None]


def test_a_state_is_dated_from_where_it_began_and_keeps_its_date() -> None:
    it = Seconds()
    it.changes(OK, 10)
    it.changes(STALLED, 0.5, since=7)
    assert it.hysteresis.since == 7
    it.changes(REFUSED, 5, since=7)
    assert (it.hysteresis.cause, it.hysteresis.since) == (Cause.REFUSED, 7)
    it.changes(OK, 0.5)
    assert it.hysteresis.since == 16


def test_no_date_lies_before_the_state_before_or_in_the_future() -> None:
    it = Seconds()
    it.changes(OK, 10)
    it.changes(STALLED, 0.5, since=-0.005)
    assert it.hysteresis.since == 0.5
    it.changes(OK, 0.5, since=10.0**6)
    assert it.hysteresis.since == 11


def test_a_stopped_stream_that_does_not_begin_again_has_still_stopped() -> None:
    it = Seconds()
    it.changes(OK)
    it.changes(STALLED)
    assert it.changes(NO_MEDIA, 60) == []
    assert it.hysteresis.cause is Cause.STALLED
    assert it.changes(REFUSED) == [Cause.REFUSED]


def test_without_patience_all_is_said_at_once() -> None:
    it = Seconds(patient=False)
    assert it.changes(OK, 0.5) == [None]
    assert it.changes(LOSS, 0.5) == [Cause.PACKET_LOSS]
    assert it.changes(OK, 0.5) == [None]

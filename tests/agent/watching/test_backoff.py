import random

import pytest

from pantau_agent.assessment.camera_memory import CameraMemory
from pantau_agent.streams.failure import Failure, Kind, Step
from pantau_agent.watching.backoff import Backoff
from pantau_contract.words.evidence import NO_DETAIL
from tests.agent.fake_clock import FakeClock

REFUSED = Failure(Step.CONNECT, Kind.OS_ERROR, NO_DETAIL)
HALF_AN_HOUR_S = 1800
WRONG = Failure(Step.DESCRIBE, Kind.WRONG_PASSWORD, NO_DETAIL, status=401)


def backoff(seed: int = 1, memory: CameraMemory | None = None, clock: FakeClock | None = None) -> Backoff:
    return Backoff(random.Random(seed), memory or CameraMemory(), clock or FakeClock())


def test_the_first_tries_come_fast_and_later_ones_slower_with_jitter() -> None:
    one, other = backoff(), backoff(seed=2)
    delays = [one.delay_after(REFUSED) for _ in range(15)]
    for delay, middle in zip(delays, [0.2, 1, 2, 3, 5, 5, 10, 10, 15, 20, 30, 30, 30, 30, 30], strict=True):
        assert middle * 0.8 <= delay <= middle * 1.2
    assert delays != [other.delay_after(REFUSED) for _ in range(15)]
    assert len(set(delays[-4:])) == 4


def test_success_makes_it_fast_again() -> None:
    it = backoff()
    for _ in range(8):
        it.delay_after(REFUSED)
    it.record_success()
    assert it.delay_after(REFUSED) < 1


@pytest.mark.parametrize(
    "failure",
    [
        WRONG,
        Failure(Step.DESCRIBE, Kind.STATUS, NO_DETAIL, status=403),
        Failure(Step.DESCRIBE, Kind.STATUS, NO_DETAIL, status=423),
    ],
)
def test_a_refused_password_is_held_back_for_half_an_hour(failure: Failure) -> None:
    assert [backoff().delay_after(failure)] == [HALF_AN_HOUR_S]


def test_a_password_that_was_taken_before_is_tried_once_more() -> None:
    it = backoff()
    trusted = Failure(Step.DESCRIBE, Kind.WRONG_PASSWORD, NO_DETAIL, status=401, trusted=True)
    assert [it.delay_after(trusted) for _ in range(3)] == [70, HALF_AN_HOUR_S, HALF_AN_HOUR_S]


def test_no_password_at_all_locks_nothing() -> None:
    assert backoff().delay_after(Failure(Step.DESCRIBE, Kind.NO_PASSWORD, NO_DETAIL, status=401)) < 1


def test_a_full_camera_is_given_a_minute() -> None:
    assert backoff().delay_after(Failure(Step.SETUP, Kind.STATUS, NO_DETAIL, status=453)) >= 60 * 0.8


def test_a_refusal_is_held_over_a_restart_for_the_rest_of_its_half_hour() -> None:
    memory, clock = CameraMemory(), FakeClock()
    assert backoff(memory=memory, clock=clock).remembered_refusal() is None
    backoff(memory=memory, clock=clock).delay_after(WRONG)
    clock.pass_s(600)
    assert backoff(memory=memory, clock=clock).remembered_refusal() == (WRONG, HALF_AN_HOUR_S - 600)
    clock.step_s(-86_400)  # after the restart the clock is not set yet
    assert backoff(memory=memory, clock=clock).remembered_refusal() == (WRONG, HALF_AN_HOUR_S)
    clock.pass_s(86_400 + HALF_AN_HOUR_S)
    assert backoff(memory=memory, clock=clock).remembered_refusal() is None


def test_the_second_refusal_of_a_password_that_was_taken_before_is_the_second_after_a_restart_too() -> None:
    memory = CameraMemory()
    trusted = Failure(Step.DESCRIBE, Kind.WRONG_PASSWORD, NO_DETAIL, status=401, trusted=True)
    assert [backoff(memory=memory).delay_after(trusted) for _ in range(2)] == [70, HALF_AN_HOUR_S]

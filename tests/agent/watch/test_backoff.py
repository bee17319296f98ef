import random

import pytest

from pantau_agent.backoff import DELAYS_S, EXPIRY_S, HOLD_S, JITTER, Backoff
from pantau_agent.failure import Failure, Kind, Step

REFUSED = Failure(Step.CONNECT, Kind.OS_ERROR, "")
WRONG = Failure(Step.DESCRIBE, Kind.WRONG_PASSWORD, "", status=401)


def backoff() -> Backoff:
    return Backoff(random.Random(1))


def test_the_first_tries_come_fast_and_later_ones_slower_with_jitter() -> None:
    one, other = backoff(), Backoff(random.Random(2))
    delays = [one.after(REFUSED) for _ in range(15)]
    for delay, middle in zip(delays, [*DELAYS_S, *[DELAYS_S[-1]] * 4], strict=True):
        assert middle * (1 - JITTER) <= delay <= middle * (1 + JITTER)
    assert delays != [other.after(REFUSED) for _ in range(15)]
    assert len(set(delays[-4:])) == 4


def test_success_makes_it_fast_again() -> None:
    it = backoff()
    for _ in range(8):
        it.after(REFUSED)
    it.succeeded()
    assert it.after(REFUSED) < 1


@pytest.mark.parametrize(
    "failure",
    [
        WRONG,
        Failure(Step.DESCRIBE, Kind.STATUS, "", status=403),
        Failure(Step.DESCRIBE, Kind.STATUS, "", status=423),
    ],
)
def test_a_refused_password_is_held_back_for_half_an_hour(failure: Failure) -> None:
    assert [backoff().after(failure)] == [HOLD_S]
    assert HOLD_S == 1800


def test_a_password_that_was_taken_before_is_tried_once_more() -> None:
    it = backoff()
    trusted = Failure(Step.DESCRIBE, Kind.WRONG_PASSWORD, "", status=401, trusted=True)
    assert [it.after(trusted) for _ in range(3)] == [EXPIRY_S, HOLD_S, HOLD_S]


def test_no_password_at_all_locks_nothing() -> None:
    assert backoff().after(Failure(Step.DESCRIBE, Kind.NO_PASSWORD, "", status=401)) < 1


def test_a_full_camera_is_given_a_minute() -> None:
    assert backoff().after(Failure(Step.SETUP, Kind.STATUS, "", status=453)) >= 60 * (1 - JITTER)

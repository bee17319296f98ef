"""The judge's own behaviour: documented thresholds, learning, settings, and every kind of bad input."""

import numpy as np
import pytest
from numpy.typing import NDArray

from pantau_agent.picture.confirmation import Confirmation
from pantau_agent.picture.judge import RULES, WHOLE_PICTURE, Judge
from pantau_agent.picture.memory import PictureMemory
from pantau_agent.picture.settings import PictureSettings
from pantau_contract.states import Cause
from pantau_contract.words.evidence import detail
from tests.agent.picture.street import Street, judged, trained_judge
from tests.agent.picture.test_view import covered, defocused

HOUR_MS = 3_600_000


@pytest.mark.parametrize(
    ("cause", "pictures", "seconds", "clear"),
    [
        (Cause.NO_SIGNAL, 2, 4, 1),
        (Cause.BLACK, 3, 4, 1),
        (Cause.FROZEN, 3, 4, 1),
        (Cause.OVEREXPOSED, 4, 20, 2),
        (Cause.NOISY, 4, 20, 2),
        (Cause.CORRUPTED, 4, 30, 3),
        (Cause.MOVED, 6, 50, 2),
        (Cause.COVERED, 6, 50, 2),
        (Cause.DEFOCUSED, 6, 50, 2),
        (Cause.COLOUR_CAST, 6, 50, 2),
    ],
)
def test_each_fault_takes_its_documented_pictures_and_seconds(
    cause: Cause, pictures: int, seconds: int, clear: int
) -> None:
    slow, fast, doubtful = (Confirmation(RULES[cause]) for _ in range(3))
    assert [slow.update(0.5, k * 60_000) for k in range(pictures)] == [False] * (pictures - 1) + [True]
    confirmed_s = next(second for second in range(60) if fast.update(0.5, second * 1000))
    assert confirmed_s == max(seconds, pictures - 1)
    assert [slow.update(0.0, (pictures + k) * 60_000) for k in range(clear)] == [True] * (clear - 1) + [False]
    assert not any(doubtful.update(0.49, k * 60_000) for k in range(60))


def test_the_stream_s_own_sizes_speed_up_three_faults() -> None:
    assert {
        cause: rule.corroborated_keyframes for cause, rule in RULES.items() if rule.corroborated_keyframes
    } == {
        Cause.NO_SIGNAL: 1,
        Cause.BLACK: 2,
        Cause.FROZEN: 1,
    }


def test_five_faults_alarm_during_the_first_two_hours_and_a_dozen_pictures_are_the_least() -> None:
    assert {str(cause) for cause in WHOLE_PICTURE} == {"frozen", "black", "overexposed", "no_signal", "corrupted"}
    assert PictureSettings().learning_s == 7200
    street, judge = Street(), Judge(10, PictureSettings(learning_s=0))
    learning = []
    for k in range(13):
        judged(judge, street.picture(k), k)
        learning.append(judge.learning)
    assert learning == [True] * 11 + [False] * 2


def test_a_new_camera_says_that_it_is_learned_and_alarms_only_for_the_whole_picture() -> None:
    street, judge = Street(), Judge(10)
    for k in range(20):
        assert "learning" in judged(judge, street.picture(k), k).reason
    verdicts = [judged(judge, covered(street, k), k) for k in range(20, 30)]
    assert {verdict.cause for verdict in verdicts} == {None}
    assert verdicts[-1].evidence[Cause.COVERED] > 0.5


def test_learning_ends_after_the_hours_that_were_set() -> None:
    street, judge = Street(), Judge(10, PictureSettings(learning_s=100))
    alarms = ["learning" in judged(judge, street.picture(k), k).reason for k in range(16)]
    assert alarms == [True] * 11 + [True] * (alarms.count(True) - 11) + [False] * alarms.count(False)
    assert 11 <= alarms.count(True) <= 13


def test_a_fault_that_is_report_only_is_measured_and_never_alarms() -> None:
    street = Street()
    judge = trained_judge(street, PictureSettings(learning_s=0, report_only=frozenset({Cause.COVERED})))
    verdicts = [judged(judge, covered(street, k), k) for k in range(20, 30)]
    assert Cause.COVERED not in {verdict.cause for verdict in verdicts}
    assert verdicts[-1].evidence[Cause.COVERED] > 0.5


def test_less_sensitivity_is_more_patience() -> None:
    street = Street()
    deaf = trained_judge(street, PictureSettings(learning_s=0, sensitivity={Cause.DEFOCUSED: 0}))
    assert {judged(deaf, defocused(street, k), k).cause for k in range(20, 30)} == {None}


def garbage() -> dict[str, NDArray[np.generic] | None]:
    rng = np.random.default_rng(3)
    return {
        "none": None,
        "16x16": rng.integers(0, 255, (16, 16, 3), np.uint8),
        "empty": np.zeros((0, 0, 3), np.uint8),
        "a line": np.zeros((1, 4000, 3), np.uint8),
        "one number": np.zeros((), np.uint8),
        "floats": np.zeros((100, 100, 3), np.float64),
        "five channels": np.zeros((100, 100, 5), np.uint8),
        "8000x6000": np.broadcast_to(
            rng.integers(0, 255, (60, 80, 1), np.uint8).repeat(100, 0).repeat(100, 1), (6000, 8000, 3)
        ),
        "odd size": rng.integers(0, 255, (241, 333, 3), np.uint8),
        "tall": rng.integers(0, 255, (2000, 33, 3), np.uint8),
        "wide": rng.integers(0, 255, (33, 2000, 3), np.uint8),
        "grey": rng.integers(0, 255, (240, 320), np.uint8),
        "grey with an axis": rng.integers(0, 255, (240, 320, 1), np.uint8),
        "four channels": rng.integers(0, 255, (240, 320, 4), np.uint8),
        "10 bit": rng.integers(0, 1023, (240, 320, 3), np.uint16),
        "not contiguous": rng.integers(0, 255, (480, 640, 3), np.uint8)[::2, ::-2],
    }


@pytest.mark.parametrize("what", garbage())
def test_bad_input_never_crashes_and_never_alarms_by_itself(what: str) -> None:
    picture = garbage()[what]
    street = Street()
    judge = trained_judge(street, pictures=14)
    for k in range(14, 24):
        verdict = judge.update(picture if k % 2 else street.picture(k), k * 10_000)  # type: ignore[arg-type] # on purpose
        assert verdict.cause is None


@pytest.mark.parametrize("what", ["none", "16x16", "empty", "floats"])
def test_what_cannot_be_judged_says_so_and_keeps_the_cause_that_stood(what: str) -> None:
    street = Street()
    judge = trained_judge(street, pictures=14)
    still = street.picture(14)
    assert [judged(judge, still, k).cause for k in range(14, 20)][-1] is Cause.FROZEN
    verdict = judge.update(garbage()[what], 200_000)  # type: ignore[arg-type] # on purpose
    assert verdict.cause is Cause.FROZEN
    assert verdict.reason.startswith("cannot tell")
    assert verdict.evidence == {}


def test_another_shape_is_learned_anew_and_another_resolution_of_the_same_is_not() -> None:
    street = Street()
    judge = trained_judge(street)
    double = street.picture(20).repeat(2, axis=0).repeat(2, axis=1)
    assert "learning" not in judged(judge, double, 20).reason
    square = street.picture(21)[:, :360]
    verdict = judged(judge, square, 21)
    assert verdict.cause is None
    assert "learning anew" in verdict.reason
    assert "360x360" in verdict.reason


def test_a_clock_that_runs_back_or_leaps_raises_nothing() -> None:
    street, judge = Street(), Judge(10, PictureSettings(learning_s=3600))
    times = [0, 10_000, 5_000, -7_000, 10**15, 0, 20_000, 30_000, 30_000, 30_000]
    for k in range(30):
        assert judge.update(street.picture(k), times[k % len(times)] + k).cause is None
    assert judge.learning


def test_one_picture_an_hour_is_judged_too() -> None:
    street, judge = Street(), Judge(3600, PictureSettings(learning_s=0))
    assert {judge.update(street.picture(k), k * HOUR_MS).cause for k in range(20)} == {None}
    alarms = [judge.update(covered(street, k), k * HOUR_MS).cause for k in range(20, 27)]
    assert alarms[:5] == [None] * 5
    assert alarms[-1] is Cause.COVERED


def test_a_judge_whose_memory_was_lost_says_so_while_it_learns() -> None:
    judge = Judge(10, memory=PictureMemory(), note=detail("memory_lost", why="cut short"))
    assert "its memory was lost" in judged(judge, Street().picture(0), 0).reason

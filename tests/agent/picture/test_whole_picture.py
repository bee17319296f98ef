"""Faults recognised without knowing the camera, through the judge."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from pantau_agent.picture.confirmation import PLAIN_THRESHOLD, Confirmation
from pantau_agent.picture.judge import RULES, Judge
from pantau_contract.states import Cause
from tests.agent.picture.street import HEIGHT, WIDTH, Picture, Street, judged, trained_judge


def causes(judge: Judge, picture: Callable[[int], Picture], pictures: range) -> list[Cause | None]:
    return [judged(judge, picture(k), k).cause for k in pictures]


def recoded(picture: Picture, quality: int) -> Picture:
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def test_healthy_traffic_raises_nothing() -> None:
    street = Street()
    judge = trained_judge(street)
    assert set(causes(judge, street.picture, range(20, 60))) == {None}


def test_one_unchanging_picture_is_frozen_within_four_looks_and_clears_with_the_first_new_one() -> None:
    street, judge = Street(), Judge(2)
    still = street.picture(5)
    alarms = [judge.update(street.picture(k), k * 2000).cause for k in range(5)]
    alarms += [judge.update(still, k * 2000).cause for k in range(5, 9)]
    assert alarms == [None] * 8 + [Cause.FROZEN]
    assert judge.update(street.picture(9), 18000).cause is None


def test_one_repeated_picture_of_a_stream_in_which_nothing_moves_is_enough() -> None:
    street, judge = Street(), Judge(30)
    still = street.picture(5)
    alarms = [judge.update(street.picture(k), k * 30_000, static_stream=True).cause for k in range(5)]
    alarms += [judge.update(still, 150_000 + k * 2000, static_stream=True).cause for k in range(2)]
    assert alarms == [None] * 6 + [Cause.FROZEN]


def test_a_doubtful_likeness_is_not_enough_though_nothing_moves() -> None:
    rule = RULES[Cause.FROZEN]
    held = Confirmation(rule)
    assert not held.update(PLAIN_THRESHOLD - 0.1, 0, corroborated=True)
    assert held.update(PLAIN_THRESHOLD, 2000, corroborated=True)


def test_a_frozen_picture_under_a_ticking_clock_that_is_encoded_anew_each_time_is_frozen() -> None:
    street = Street()
    judge = trained_judge(street)
    still = street.finish(street.scene(20), 20)
    quality = (80, 74, 77, 80, 77, 74, 80, 77)
    shown = [recoded(street.with_clock(still.copy(), k), quality[k % 8]) for k in range(20, 30)]
    alarms = [judged(judge, picture, 20 + k).cause for k, picture in enumerate(shown)]
    assert alarms[0] is None
    assert alarms[-1] is Cause.FROZEN


def test_a_quiet_scene_with_sensor_noise_is_not_frozen() -> None:
    street = Street(clock=False)
    judge = trained_judge(street)
    scene = street.scene(3)
    quiet = [recoded(street.finish(scene, 0, noise=0.6), 60) for _ in range(20)]
    assert {judged(judge, picture, 20 + k).cause for k, picture in enumerate(quiet)} == {None}


def test_footage_that_comes_round_again_is_not_frozen() -> None:
    street = Street(clock=False)
    loop = [street.picture(k) for k in range(5)]
    judge = Judge(2)
    assert {judge.update(loop[k % 5], k * 2000).cause for k in range(40)} == {None}


def test_a_quiet_loop_of_five_looks_is_not_frozen() -> None:
    street = Street(clock=False)
    scene = street.scene(3)
    loop = [street.finish(scene, 0, noise=0.8) for _ in range(5)]
    judge = Judge(2)
    assert {judge.update(loop[k % 5], k * 2000).cause for k in range(40)} == {None}


def black(street: Street, k: int) -> Picture:
    return street.finish(street.scene(k) * 0.02 + 6, k)


def white(street: Street, k: int) -> Picture:
    return street.finish(street.scene(k) * 6 + 40, k)


def blue_card(_street: Street, _k: int) -> Picture:
    card = np.full((HEIGHT, WIDTH, 3), (220, 20, 10), np.uint8)
    cv2.putText(card, "VIDEO LOSS", (180, 180), cv2.FONT_HERSHEY_SIMPLEX, 1.4, (255, 255, 255), 3)
    return card


def black_card(_street: Street, _k: int) -> Picture:
    card = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    cv2.putText(card, "NO SIGNAL", (180, 180), cv2.FONT_HERSHEY_SIMPLEX, 1.4, (255, 255, 255), 3)
    return card


def bars(_street: Street, _k: int) -> Picture:
    card = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    colours = ((191, 191, 191), (0, 191, 191), (191, 191, 0), (0, 191, 0), (191, 0, 191), (0, 0, 191), (191, 0, 0))
    for i, colour in enumerate(colours):
        card[:, i * WIDTH // 7 : (i + 1) * WIDTH // 7] = colour
    return card


def grey_smear(street: Street, k: int) -> Picture:
    picture = street.picture(k)
    top = (k * 53) % 120
    picture[top : top + 230] = 128
    picture[top + 40 : top + 70, 100 + k % 7 * 50 : 180 + k % 7 * 50] = 70
    return picture


def strips_of_other_pictures(street: Street, k: int) -> Picture:
    picture = street.picture(k)
    rng = np.random.default_rng(k)
    for top in range(0, HEIGHT, 60):
        if rng.random() < 0.7:
            left = int(rng.integers(0, WIDTH - 40))
            picture[top : top + 60] = picture[top : top + 60, left : left + 1]
    return picture


FAULTS = [
    (black, Cause.BLACK),
    (white, Cause.OVEREXPOSED),
    (blue_card, Cause.NO_SIGNAL),
    (black_card, Cause.NO_SIGNAL),
    (bars, Cause.NO_SIGNAL),
    (grey_smear, Cause.CORRUPTED),
    (strips_of_other_pictures, Cause.CORRUPTED),
]


@pytest.mark.parametrize(("fault", "cause"), FAULTS, ids=[fault.__name__ for fault, _ in FAULTS])
def test_a_whole_picture_fault_is_named_first_and_clears(
    fault: Callable[[Street, int], Picture], cause: Cause
) -> None:
    street = Street()
    judge = trained_judge(street)
    alarms = causes(judge, lambda k: fault(street, k), range(20, 30))
    assert next(name for name in alarms if name) is cause
    assert alarms[-1] is cause
    assert causes(judge, street.picture, range(30, 34))[-1] is None


@pytest.mark.parametrize(("fault", "cause"), FAULTS[:2], ids=["black", "white"])
def test_whole_picture_faults_alarm_while_the_camera_is_still_being_learned(
    fault: Callable[[Street, int], Picture], cause: Cause
) -> None:
    street, judge = Street(), Judge(10)
    for k in range(3):
        assert "learning" in judged(judge, street.picture(k), k).reason
    assert causes(judge, lambda k: fault(street, k), range(3, 10))[-1] is cause


def test_a_dark_yard_with_a_lit_house_is_not_black() -> None:
    street = Street()
    yard = street.world * 0.03
    house = (slice(160, 300), slice(300, 520))
    yard[house] = street.world[house] * 0.25
    judge = Judge(10)
    scene = street.view(yard)
    assert {judged(judge, street.finish(scene, k, noise=1.0), k).cause for k in range(20)} == {None}


def test_the_decoder_s_word_that_it_concealed_damage_is_corrupted() -> None:
    street = Street()
    judge = trained_judge(street)
    alarms = [judged(judge, street.picture(k), k, damaged=True).cause for k in range(20, 26)]
    assert alarms[0] is None
    assert alarms[-1] is Cause.CORRUPTED


def test_damage_that_the_decoder_conceals_the_same_way_each_time_is_corrupted_and_not_frozen() -> None:
    street = Street()
    judge = trained_judge(street)
    concealed = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
    concealed[: HEIGHT // 6] = street.picture(20)[: HEIGHT // 6]
    alarms = [judged(judge, concealed, k, damaged=True).cause for k in range(20, 30)]
    assert {*alarms} == {None, Cause.CORRUPTED}

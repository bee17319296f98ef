"""What a technician sees of a remembered view, and accepting a new one."""

import cv2
import numpy as np

from pantau_agent.picture.explanation_image import explanation_image
from pantau_agent.picture.judge import Judge
from pantau_agent.picture.memory import PictureMemory, accept_view
from pantau_agent.picture.settings import PictureSettings
from pantau_contract.states import Cause
from tests.agent.picture.street import HEIGHT, WIDTH, Picture, Street, judged, trained_judge
from tests.agent.picture.test_view import half_covered, shifted


def decoded(jpeg: bytes) -> Picture:
    return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), np.uint8)


def red(picture: Picture) -> int:
    return int(((picture[..., 2] > 180) & (picture[..., 1] < 90) & (picture[..., 0] < 90)).sum())


def test_an_accepted_view_is_the_right_one_from_then_on() -> None:
    street = Street()
    judge = trained_judge(street)
    assert [judged(judge, shifted(street, k), k).cause for k in range(20, 30)][-1] is Cause.MOVED
    memory = accept_view(judge.memory, shifted(street, 30))
    judge = Judge(10, PictureSettings(learning_s=0), memory)
    assert {judged(judge, shifted(street, k), k).cause for k in range(31, 50)} == {None}
    assert [judged(judge, street.picture(k), k).cause for k in range(50, 60)][-1] is Cause.MOVED


def test_the_remembered_view_stands_beside_the_present_one_with_what_is_hidden_framed() -> None:
    street = Street()
    judge = trained_judge(street)
    same = decoded(explanation_image(judge.memory, street.picture(20)))
    hidden = decoded(explanation_image(judge.memory, half_covered(street, 20)))
    assert same.shape == hidden.shape == (HEIGHT, 2 * WIDTH, 3)
    assert red(hidden) > 5000 + red(same)
    assert red(hidden[:, WIDTH : WIDTH + 200]) < red(hidden[:, WIDTH + 300 :])


def test_a_camera_that_is_not_known_yet_is_shown_without_a_remembered_view() -> None:
    assert decoded(explanation_image(PictureMemory(), Street().picture(0))).shape == (HEIGHT, 2 * WIDTH, 3)

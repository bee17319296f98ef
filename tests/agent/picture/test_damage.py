"""Intermittent damage that the decoder does not report, and harmless things that hide and show a scene."""

from collections.abc import Callable

import numpy as np
import pytest

from pantau_agent.picture.confirmation import THRESHOLD
from pantau_agent.picture.corrupted import corrupted
from pantau_agent.picture.frame import prepare
from pantau_agent.picture.measures import measure
from pantau_agent.picture.score_baseline import ScoreBaseline
from pantau_contract.states import Cause
from tests.agent.picture.street import HEIGHT, WIDTH, Picture, Street, judged, trained_judge
from tests.agent.picture.test_view import cloth

Shown = Callable[[Street, int], Picture]


def drawn_out(street: Street, k: int) -> Picture:
    """Stretch lines downwards, elsewhere in each picture; some pictures are intact."""
    rng = np.random.default_rng(k)
    picture = street.picture(k)
    for _ in range(int(rng.integers(0, 4))):
        top, left = int(rng.integers(0, HEIGHT - 120)), int(rng.integers(0, WIDTH - 320))
        picture[top : top + 120, left : left + 320] = picture[top, left : left + 320]
    return picture


def pieces_of_before(street: Street, k: int) -> Picture:
    """Replace slices of the picture by another place."""
    rng = np.random.default_rng(k)
    picture = street.picture(k)
    for band in rng.permutation(4)[: int(rng.integers(0, 4))]:
        rows = slice(int(band) * 90, int(band) * 90 + 90)
        picture[rows] = np.roll(picture[rows], int(rng.integers(60, 300)), axis=1)
    return picture


@pytest.mark.parametrize("damage", [drawn_out, pieces_of_before])
def test_damage_elsewhere_in_each_picture_is_corrupted_and_over_soon_after(damage: Shown) -> None:
    street = Street()
    judge = trained_judge(street)
    alarms = [judged(judge, damage(street, k), k).cause for k in range(20, 40)]
    assert {*alarms} == {None, Cause.CORRUPTED}
    after = [judged(judge, street.picture(k), k).cause for k in range(40, 45)]
    assert after[-1] is None


def lorries(street: Street, k: int) -> Picture:
    """Hide the scene in two pictures out of four, like a queue at a junction."""
    scene = street.scene(k)
    if k % 4 < 2:
        left = 40 * (k % 5)
        scene[100:340, left : left + 380] = cloth(k, (120, 130, 140))[100:340, left : left + 380]
    return street.finish(scene, k)


def lamps(street: Street, k: int) -> Picture:
    """Add a glare that comes and goes all night."""
    rng = np.random.default_rng(k)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    scene = street.scene(k) * 0.3
    if rng.random() < 0.7:
        distance = np.hypot(x - rng.uniform(0.2, 0.8) * WIDTH, y - rng.uniform(0.4, 0.8) * HEIGHT) / 180
        scene += 0.7 * (230 * np.exp(-2 * distance**2) + 90 * np.exp(-0.6 * distance))[..., None]
    return street.finish(scene, k)


def test_lorries_that_hide_the_scene_again_and_again_are_no_damage() -> None:
    street = Street()
    judge = trained_judge(street)
    assert {judged(judge, lorries(street, k), k).cause for k in range(20, 70)} == {None}


def test_a_lamp_s_glare_leaves_what_it_lights_and_is_not_even_taken_for_damage() -> None:
    street = Street()
    judge = trained_judge(street)
    alarms = [judged(judge, lamps(street, k), k) for k in range(20, 70)]
    assert {verdict.cause for verdict in alarms} == {None}
    assert max(verdict.evidence[Cause.CORRUPTED] for verdict in alarms) < THRESHOLD


def test_what_is_drawn_out_is_found_where_it_is_and_alone_proves_nothing() -> None:
    street = Street()
    picture = street.picture(3)
    assert not measure(prepare(picture)).smeared.any()
    picture[120:240] = picture[120]
    smeared = measure(prepare(picture)).smeared
    assert smeared[3:6].mean() > 0.5
    assert not smeared[[0, 1, 7, 8]].any()
    assert 0.2 < corrupted(0, 0, 0, smeared=1.0, baseline=ScoreBaseline()).value < 0.3

"""Faults recognised by the memory of the camera, and harmless changes that must not look like one."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from pantau_agent.picture.judge import Judge
from pantau_agent.picture.memory import Lighting
from pantau_agent.picture.overlay import overlay_mask
from pantau_agent.picture.settings import PictureSettings
from pantau_contract.states import Cause
from tests.agent.picture.street import EDGE, HEIGHT, WIDTH, Float, Picture, Street, judged, trained_judge

Shown = Callable[[Street, int], Picture]


def shifted(street: Street, k: int) -> Picture:
    return street.finish(street.view(street.with_traffic(k), dx=70, dy=20), k)


def turned(street: Street, k: int) -> Picture:
    return street.finish(street.view(street.with_traffic(k), turn=8), k)


def zoomed(street: Street, k: int) -> Picture:
    return street.finish(street.view(street.with_traffic(k), zoom=1.4), k)


def another_street(street: Street, k: int) -> Picture:
    other = Street(99)
    return street.finish(other.view(other.with_traffic(k), dy=-60), k)


def cloth(seed: int, colour: tuple[int, int, int]) -> Float:
    soft = np.random.default_rng(seed).standard_normal((9, 16, 3)).astype(np.float32)
    return np.asarray(cv2.resize(soft, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC) * 9 + colour, np.float32)


def half_covered(street: Street, k: int) -> Picture:
    scene = street.scene(k)
    scene[:, 270:] = cloth(4, (60, 80, 110))[:, 270:]
    return street.finish(scene, k)


def covered(street: Street, k: int) -> Picture:
    return street.finish(street.scene(k) * 0.04 + cloth(4, (90, 120, 160)) * 0.96, k)


def sprayed(street: Street, k: int) -> Picture:
    blobs = cv2.resize(np.random.default_rng(8).standard_normal((8, 14)).astype(np.float32), (WIDTH, HEIGHT))
    scene = street.scene(k)
    scene[blobs > -0.2] = (40, 35, 30)
    return street.finish(scene, k)


def soft_corner(street: Street, k: int) -> Picture:
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    leaf = np.clip((y / HEIGHT + x / WIDTH - 1.26) / 0.03, 0, 1)[..., None].astype(np.float32)
    return street.finish(street.scene(k) * (1 - leaf) + cloth(5, (40, 110, 60)) * leaf, k)


def defocused(street: Street, k: int) -> Picture:
    return street.finish(np.asarray(cv2.GaussianBlur(street.scene(k), (0, 0), 4), np.float32), k)


def badly_defocused(street: Street, k: int) -> Picture:
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (41, 41)).astype(np.float32)
    return street.finish(np.asarray(cv2.filter2D(street.scene(k), -1, disc / disc.sum()), np.float32), k)


def pink(street: Street, k: int) -> Picture:
    return street.finish(street.scene(k) * np.array([1.15, 1.0, 1.5], np.float32), k)


def snow(street: Street, k: int) -> Picture:
    return street.finish(street.scene(k), k, noise=35)


def hum(street: Street, k: int) -> Picture:
    wave = np.sin(np.arange(HEIGHT) * 0.19 + k * 2.1)[:, None, None].astype(np.float32)
    return street.finish(street.scene(k) + wave * 45, k)


def torn(street: Street, k: int) -> Picture:
    rng = np.random.default_rng(k)
    lines = np.stack([np.roll(line, int(rng.normal(0, 25))) for line in street.scene(k)[..., 1]])
    return street.finish(np.repeat(lines[..., None], 3, axis=2), k)


def slightly_torn(street: Street, k: int) -> Picture:
    rng = np.random.default_rng(k)
    lines = [np.roll(line, int(rng.normal(0, 2.5)), axis=0) for line in street.scene(k)]
    return street.finish(np.stack(lines), k)


FAULTS: list[tuple[Shown, Cause]] = [
    (shifted, Cause.MOVED),
    (turned, Cause.MOVED),
    (zoomed, Cause.MOVED),
    (another_street, Cause.MOVED),
    (half_covered, Cause.COVERED),
    (covered, Cause.COVERED),
    (sprayed, Cause.COVERED),
    (soft_corner, Cause.COVERED),
    (defocused, Cause.DEFOCUSED),
    (badly_defocused, Cause.DEFOCUSED),
    (pink, Cause.COLOUR_CAST),
    (snow, Cause.NOISY),
    (hum, Cause.NOISY),
    (torn, Cause.NOISY),
    (slightly_torn, Cause.NOISY),
]


@pytest.mark.parametrize(("fault", "cause"), FAULTS, ids=[fault.__name__ for fault, _ in FAULTS])
def test_a_fault_is_named_first_and_clears(fault: Shown, cause: Cause) -> None:
    street = Street()
    judge = trained_judge(street)
    alarms = [judged(judge, fault(street, k), k).cause for k in range(20, 30)]
    assert next(name for name in alarms if name) is cause
    assert alarms[-1] is cause
    assert [judged(judge, street.picture(k), k).cause for k in range(30, 35)][-1] is None


def fog(street: Street, k: int) -> Picture:
    clear = max(0.45, 1 - (k - 19) * 0.08)
    scene = cv2.GaussianBlur(street.scene(k) * clear + 190 * (1 - clear), (0, 0), 0.5)
    return street.finish(np.asarray(scene, np.float32), k)


def rain(street: Street, k: int) -> Picture:
    rng = np.random.default_rng(k)
    drops = np.zeros((HEIGHT, WIDTH), np.float32)
    for x, y in zip(rng.integers(0, WIDTH, 500), rng.integers(0, HEIGHT, 500), strict=True):
        cv2.line(drops, (int(x), int(y)), (int(x) + 3, int(y) + 18), float(rng.uniform(25, 90)), 1)
    rain = np.asarray(cv2.GaussianBlur(drops, (0, 0), 0.6), np.float32)
    return street.finish(np.asarray(street.scene(k) * 0.93 + 10 + rain[..., None], np.float32), k)


def infrared(street: Street, k: int) -> Picture:
    grey = street.scene(k).mean(axis=2, keepdims=True)
    return street.finish(np.asarray(np.repeat(grey, 3, axis=2) ** 1.2 * 0.35, np.float32), k, noise=3)


def exposure_jump(street: Street, k: int) -> Picture:
    return street.finish(street.scene(k) * (1.45 if k % 2 else 0.65), k)


def sun_on_a_wall(street: Street, k: int) -> Picture:
    scene = street.scene(k)
    scene[:, :200] = scene[:, :200] * 4 + 180
    return street.finish(scene, k)


def dusk(street: Street, k: int) -> Picture:
    return street.finish(street.scene(k) * max(0.25, 1 - (k - 19) * 0.04), k)


def swaying_mast(street: Street, k: int) -> Picture:
    return street.finish(street.view(street.with_traffic(k), dx=2 * np.sin(k * 1.7), dy=1.5 * np.sin(k * 2.3)), k)


def lorry_for_two_looks(street: Street, k: int) -> Picture:
    scene = street.scene(k)
    if k in {22, 23, 40, 41}:
        scene[60:340, 60:600] = cloth(k, (120, 130, 140))[60:340, 60:600]
    return street.finish(scene, k)


def parked_van(street: Street, k: int) -> Picture:
    scene = street.scene(k)
    scene[200:320, 100:300] = cloth(2, (150, 150, 160))[200:320, 100:300]
    return street.finish(scene, k)


def parked_lorry(street: Street, k: int) -> Picture:
    scene = street.scene(k)
    scene[160:350, 40:345] = cloth(2, (150, 150, 160))[160:350, 40:345]
    for x in range(50, 315, 40):
        scene[180:240, x : x + 25] = (40, 35, 30)
        scene[260:264, x : x + 30] = (230, 230, 230)
    return street.finish(scene, k)


def looks_away_and_comes_home(street: Street, k: int) -> Picture:
    return shifted(street, k) if k in {24, 25, 26} else street.picture(k)


def coarser_encoding(street: Street, k: int) -> Picture:
    _, data = cv2.imencode(".jpg", street.picture(k), [cv2.IMWRITE_JPEG_QUALITY, 35])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


HARMLESS: list[Shown] = [
    sun_on_a_wall,
    fog,
    rain,
    infrared,
    exposure_jump,
    dusk,
    swaying_mast,
    lorry_for_two_looks,
    parked_van,
    parked_lorry,
    looks_away_and_comes_home,
    coarser_encoding,
]


@pytest.mark.parametrize("shown", HARMLESS, ids=[shown.__name__ for shown in HARMLESS])
def test_what_happens_to_healthy_cameras_raises_nothing(shown: Shown) -> None:
    street = Street()
    judge = trained_judge(street)
    verdicts = [judged(judge, shown(street, k), k) for k in range(20, 45)]
    assert {verdict.cause for verdict in verdicts} == {None}, verdicts


def test_each_lighting_is_learned_for_itself_and_the_day_is_known_again_next_morning() -> None:
    street = Street()
    judge = trained_judge(street)
    night = {judged(judge, infrared(street, k), k).cause for k in range(20, 45)}
    day = {judged(judge, street.picture(k), k).cause for k in range(45, 55)}
    assert night == day == {None}
    assert {*judge.memory.references} == {Lighting.DAY, Lighting.INFRARED}


def test_a_cover_at_night_is_told_by_the_night_s_own_memory() -> None:
    street = Street()
    judge = trained_judge(street)
    for k in range(20, 45):
        judged(judge, infrared(street, k), k)
    cover = np.repeat(cloth(4, (60, 60, 60)).mean(axis=2, keepdims=True), 3, axis=2)
    alarms = [judged(judge, street.finish(cover, k, noise=3), k).cause for k in range(45, 55)]
    assert alarms[-1] is Cause.COVERED


def test_a_colour_cast_is_told_of_a_camera_that_never_sees_full_daylight() -> None:
    street = Street()
    street.world = street.world * np.float32(0.3)
    judge = trained_judge(street, PictureSettings(learning_s=0))
    alarms = [judged(judge, pink(street, k), k).cause for k in range(20, 30)]
    assert next(name for name in alarms if name) is Cause.COLOUR_CAST


def test_a_camera_first_seen_by_infra_red_has_no_colour_cast_in_the_morning() -> None:
    street = Street()
    street.world = street.world * np.array([0.7, 0.9, 1.2], np.float32)
    judge = Judge(10, PictureSettings(learning_s=0))
    night = {judged(judge, infrared(street, k), k).cause for k in range(20)}
    morning = {judged(judge, street.picture(k), k).cause for k in range(20, 60)}
    assert night == morning == {None}


def test_a_lighting_of_which_little_was_seen_is_not_taken_for_known() -> None:
    street = Street()
    judge = Judge(10, PictureSettings(learning_s=0))
    for k in range(40):
        judged(judge, infrared(street, k) if k > 4 else street.picture(k), k)
    alarms = [judged(judge, half_covered(street, k), k).cause for k in range(40, 50)]
    assert alarms[-1] is Cause.COVERED


def test_a_camera_that_moves_on_purpose_is_not_told_to_have_moved_but_may_freeze() -> None:
    street = Street()
    judge = trained_judge(street, PictureSettings(learning_s=0, moves_on_purpose=True))
    assert {judged(judge, shifted(street, k), k).cause for k in range(20, 30)} == {None}
    still = street.picture(30)
    assert [judged(judge, still, k).cause for k in range(30, 35)][-1] is Cause.FROZEN


def test_a_camera_on_a_tour_of_places_raises_nothing() -> None:
    street = Street()
    judge = trained_judge(street, PictureSettings(learning_s=0, moves_on_purpose=True))
    places = [Street(seed) for seed in (1, 5, 9, 13)]
    alarms = [judged(judge, places[k // 2 % 4].picture(k), k) for k in range(20, 60)]
    assert {verdict.cause for verdict in alarms} == {None}
    assert Cause.MOVED not in alarms[-1].evidence
    assert [judged(judge, snow(street, k), k).cause for k in range(60, 70)][-1] is Cause.NOISY


def test_the_burned_in_clock_is_found_and_left_out() -> None:
    street = Street()
    judge = trained_judge(street)
    overlay = overlay_mask(judge.memory.overlay_frequency)
    assert overlay[0, :6].sum() >= 5
    assert overlay[1:].sum() + overlay[0, 8:].sum() <= 3


def test_a_masked_region_may_be_hidden() -> None:
    street = Street()
    judge = trained_judge(street, PictureSettings(learning_s=0, masked=((0.4, 0, 1, 1),)))
    assert {judged(judge, half_covered(street, k), k).cause for k in range(20, 32)} == {None}


def test_the_world_beyond_the_view_is_real() -> None:
    assert EDGE > 70  # `shifted` shows street there, not a border

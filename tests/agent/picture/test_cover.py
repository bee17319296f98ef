"""Objects in front of the lens and objects in the scene, distinguished by the contrasts that they show."""

from dataclasses import replace

import numpy as np
import pytest

from pantau_agent.picture.cells import GRID, plane
from pantau_agent.picture.comparison import Comparison, compare
from pantau_agent.picture.confirmation import THRESHOLD
from pantau_agent.picture.covered import covered
from pantau_agent.picture.edge_prominence import CELL_SIDE, edge_prominence
from pantau_agent.picture.frame import prepare
from pantau_agent.picture.measures import measure
from pantau_agent.picture.memory import Lighting
from pantau_agent.picture.score_baseline import ScoreBaseline
from tests.agent.picture.street import Street, trained_judge

EVERYWHERE = np.ones(GRID, np.bool_)
NOWHERE = np.zeros(GRID, np.bool_)


def compared(street: Street, shown: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> Comparison:
    """Compare a scene with what the judge remembers of the street."""
    reference = trained_judge(street).memory.references[Lighting.DAY]
    return compare(measure(prepare(street.finish(shown, 20))), reference, NOWHERE)


@pytest.mark.parametrize(("prominence", "alarms"), [(0.5, True), (1.2, False)])
def test_what_is_out_of_focus_need_hide_less_than_what_may_be_parked(prominence: float, alarms: bool) -> None:
    street = Street()
    hidden = replace(compared(street, street.scene(20)), gone_share=0.17, edge_prominence=prominence)
    assert (covered(hidden, ScoreBaseline(), 0.0).value >= THRESHOLD) is alarms


def test_in_a_new_lighting_what_shows_no_relief_may_lie_in_the_dark() -> None:
    street = Street()
    hidden = replace(compared(street, street.scene(20)), gone_share=0.24, edge_prominence=0.5)
    assert (
        covered(hidden, ScoreBaseline(widening=1.25), 0.0).value
        < THRESHOLD
        < covered(hidden, ScoreBaseline(), 0.0).value
    )


def test_where_a_lamp_blinds_the_camera_nothing_is_hidden() -> None:
    street = Street()
    dark = street.scene(20)
    dark[180:] = 12
    bright = street.scene(20)
    bright[180:] = 225
    assert compared(street, dark).hidden.sum() > 20
    assert compared(street, bright).hidden.sum() == 0


def noise() -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Return the gradients of an even texture, with CELL_SIDE pixels per side of a cell."""
    rows, columns = GRID
    return plane(np.random.default_rng(3).rayleigh(0.4, (rows * CELL_SIDE, columns * CELL_SIDE)))


def test_an_even_texture_has_no_relief_and_a_few_cells_with_edges_are_enough_for_a_scene() -> None:
    texture = noise()
    assert edge_prominence(texture, EVERYWHERE) < 1
    scene = texture.copy()
    for column in range(0, scene.shape[1], 3 * CELL_SIDE):
        scene[:, column : column + 1] *= 12
    assert edge_prominence(scene, EVERYWHERE) >= 1


def test_relief_is_asked_of_some_cells_only() -> None:
    assert edge_prominence(noise(), NOWHERE) == 0

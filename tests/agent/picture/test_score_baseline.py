"""The baseline of a camera's scores: by lighting, by hour, and by day."""

from dataclasses import replace

import numpy as np
import pytest

from pantau_agent.picture.cells import GRID
from pantau_agent.picture.comparison import compare
from pantau_agent.picture.confirmation import THRESHOLD
from pantau_agent.picture.frame import prepare
from pantau_agent.picture.measures import measure
from pantau_agent.picture.memory import Lighting
from pantau_agent.picture.noisy import noisy
from pantau_agent.picture.score_baseline import HOUR_KNOWN, SCORES, ScoreBaseline, hourly_baseline
from tests.agent.picture.street import Street, trained_judge

NOON, EVENING = 12, 17
LEVEL, WASHED_OUT = 0.4, -0.25


def usual(lines: float, pictures: int = HOUR_KNOWN) -> ScoreBaseline:
    learned = ScoreBaseline()
    for _ in range(pictures):
        learned.learn(dict.fromkeys(SCORES, 0.0) | {"lines": lines}, 1.0)
    return learned


@pytest.mark.parametrize(("lines", "alarms"), [(LEVEL, False), (LEVEL + 0.4, True)])
def test_level_lines_that_are_back_after_hours_of_rain_are_not_torn_ones(lines: float, alarms: bool) -> None:
    street = Street()
    measures = measure(prepare(street.picture(20)))
    reference = trained_judge(street).memory.references[Lighting.DAY]
    sharper = replace(compare(measures, reference, np.zeros(GRID, np.bool_)), blur=-0.3)
    hours = [ScoreBaseline() for _ in range(24)]
    hours[NOON], hours[EVENING] = usual(LEVEL), usual(WASHED_OUT)
    raining = usual(WASHED_OUT)

    def evidence(known: ScoreBaseline) -> float:
        return noisy(replace(measures, lines=lines), 0.0, 0.0, sharper, known).value

    assert (evidence(hourly_baseline(raining, hours[EVENING], hours)) >= THRESHOLD) is alarms
    assert evidence(raining) >= THRESHOLD


def test_an_hour_of_which_little_was_seen_does_not_speak_for_the_day() -> None:
    hours = [usual(LEVEL, HOUR_KNOWN - 1), *(ScoreBaseline() for _ in range(23))]
    assert hourly_baseline(usual(WASHED_OUT), hours[1], hours).level_of("lines") == pytest.approx(WASHED_OUT)


def test_an_hour_may_widen_a_limit_and_not_narrow_it() -> None:
    calm, stirred = usual(0.0), usual(0.0)
    stirred.spread[SCORES.index("gone")] = 0.1
    hours = [calm, stirred]
    assert hourly_baseline(calm, stirred, hours).threshold("gone", 0.2) > calm.threshold("gone", 0.2)
    assert hourly_baseline(stirred, calm, hours).threshold("gone", 0.2) == stirred.threshold("gone", 0.2)

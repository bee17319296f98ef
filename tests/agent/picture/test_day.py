"""A whole day of a healthy street: dawn, rain, dusk, infrared night, headlights, jumps of exposure."""

import pytest

from benchmarks import picture_day
from tests.agent.picture.street import Street


@pytest.mark.parametrize("seed", [1, 5])
def test_a_healthy_day_and_night_raise_nothing(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_day, "INTERVAL_S", 120)
    monkeypatch.setattr(picture_day, "KEYFRAMES", 720)
    street = Street(seed)
    assert picture_day.watch_a_day([street.picture(k) for k in range(40)], seed) == {}

import tomllib
from pathlib import Path

import pytest

from pantau_collector.config import CollectorConfig
from pantau_collector.picture_retention import PictureRetention
from pantau_collector.pictures import PictureFiles
from pantau_contract.states import State
from tests.collector.intake.messages import NOW, about, jpeg
from tests.collector.web.cities import camera, city, site

DAY_MS = 86_400_000


@pytest.fixture
def pictures(tmp_path: Path) -> PictureFiles:
    return PictureFiles(tmp_path, time_ms=lambda: NOW)


def put(pictures: PictureFiles, *, days_ago: float = 0, camera: str = "cam1", state: State = State.OK) -> None:
    taken = about(NOW - int(days_ago * DAY_MS), camera=camera, state=state)
    assert pictures.put(taken, jpeg(taken))


def test_pictures_are_kept_for_thirty_days_unless_the_configuration_says_another_time() -> None:
    example = Path(__file__).parents[2] / "collector" / "collector.example.toml"
    assert CollectorConfig().keep_pictures_days == 30
    assert tomllib.loads(example.read_text())["keep_pictures_days"] == 30


def test_what_is_too_old_is_removed_and_the_rest_stays(pictures: PictureFiles) -> None:
    put(pictures, days_ago=31)
    put(pictures, days_ago=1, state=State.DOWN)
    put(pictures, days_ago=31, camera="cam2")
    put(pictures, days_ago=29, camera="cam3")
    PictureRetention(pictures, 30, lambda: NOW).check()
    assert pictures.cameras() == {("nagoya", "cam1"), ("nagoya", "cam3")}
    assert pictures.latest("nagoya", "cam1") is not None
    assert pictures.latest_good("nagoya", "cam1") is None


def test_a_camera_that_is_missing_twice_is_no_more(pictures: PictureFiles) -> None:
    put(pictures)
    put(pictures, camera="cam2")
    put(pictures, camera="cam3")
    retention = PictureRetention(pictures, 30, lambda: NOW)
    retention.check()
    here = [city([site("Nagoya", [camera("cam1")])])]
    retention.compare_with(lambda: here[0])
    retention.check()
    assert len(pictures.cameras()) == 3
    here[0] = city([site("Nagoya", [camera("cam1"), camera("cam2")])])
    retention.check()
    assert pictures.cameras() == {("nagoya", "cam1"), ("nagoya", "cam2")}

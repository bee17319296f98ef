import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pantau_collector.data_dir import DataDir
from pantau_collector.store import Store
from tests.collector.reports.small_city import SmallCity, kabil, nongsa


@pytest.fixture(scope="session")
def told_story(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state of a city that has its whole story, as a file to be copied."""
    path = tmp_path_factory.mktemp("city") / "store.sqlite"
    store = Store.at(path)
    SmallCity(store).enter([*kabil(), *nongsa()])
    store.close()
    return path


@pytest.fixture
def empty_city(tmp_path: Path) -> Iterator[SmallCity]:
    """A city from which nothing was heard; its state is where `configured` looks for it."""
    store = Store.at(DataDir(tmp_path / "data").store)
    yield SmallCity(store)
    store.close()


@pytest.fixture
def city(told_story: Path, tmp_path: Path) -> Iterator[SmallCity]:
    """The city with its whole story; its state is where `configured` looks for it."""
    path = DataDir(tmp_path / "data").store
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(told_story, path)
    store = Store.at(path)
    yield SmallCity(store)
    store.close()

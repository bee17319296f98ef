"""Fixtures for all tests of sending."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pantau_collector.store import Store
from tests.collector.delivery.sending import Clock


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.at(tmp_path / "store.sqlite")
    yield store
    store.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()

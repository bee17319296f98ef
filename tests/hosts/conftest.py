"""Fixtures: a city of booted hosts. These tests take minutes and need root, so `make hosts` asks for them."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hosts.city import City

_ASKED = "PANTAU_HOSTS"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip these tests, unless they are asked for."""
    if not os.environ.get(_ASKED):
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.skip(reason="boots hosts for minutes: make hosts"))


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Iterator[City]:
    """Yield a city without hosts."""
    missing = [program for program in ("systemd-nspawn", "debootstrap", "nsenter") if not shutil.which(program)]
    assert not missing, f"{missing} not found: apt install systemd-container debootstrap"
    made = City(tmp_path_factory.mktemp("city"), wheel)
    try:
        yield made
    finally:
        made.remove()

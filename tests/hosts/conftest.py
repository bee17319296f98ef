"""Fixtures: a city of booted hosts. These tests take minutes and need root, so `make hosts` asks for them."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hosts.city import City
from tests.hosts.nspawn import why_not
from tests.servers.programs import fail_or_skip

_ASKED = "PANTAU_HOSTS"
_SHORT = "short"
"""The value that asks for a few of them (`make hosts SHORT=1`)."""
_OF_THE_SHORT_FORM = "test_upgrade.py"


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known."""
    config.addinivalue_line("markers", "long: not in the short form of the tests with booted hosts")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip these tests, unless they are asked for."""
    asked = os.environ.get(_ASKED)
    for item in items:
        if Path(__file__).parent not in item.path.parents:
            continue
        if not asked:
            item.add_marker(pytest.mark.skip(reason="boots hosts for minutes: make hosts"))
        elif asked == _SHORT and (item.path.name != _OF_THE_SHORT_FORM or item.get_closest_marker("long")):
            item.add_marker(pytest.mark.skip(reason="not in the short form: make hosts"))


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Iterator[City]:
    """Yield a city without hosts."""
    if reason := why_not(tmp_path_factory.mktemp("nspawn")):
        fail_or_skip(reason)
    made = City(tmp_path_factory.mktemp("city"), wheel)
    try:
        yield made
    finally:
        made.remove()

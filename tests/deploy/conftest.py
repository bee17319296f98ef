"""Fixtures: one machine, set up by the roles, for all tests of what they set up."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.site import Site
from tests.servers.process import Server, is_listening
from tests.servers.programs import require_program


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Site:
    """Return the machine, with broker and agent installed and nothing started."""
    return Site(tmp_path_factory.mktemp("site"), wheel)


@pytest.fixture(scope="session")
def broker(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Yield the same machine with its mosquitto running, configured as on Debian except for paths and user."""
    folder = tmp_path_factory.mktemp("mosquitto")
    configuration = folder / "mosquitto.conf"
    configuration.write_text(
        f"persistence true\npersistence_location {folder}/\nlog_dest stdout\nuser root\n"
        f"include_dir {site.root}/etc/mosquitto/conf.d\n"
    )
    command = [require_program("mosquitto"), "-c", str(configuration)]
    with Server(command, ready=lambda: is_listening(site.broker_port), log=folder / "log"):
        yield site

"""One machine, made by the roles, for every test of what they make."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.site import Site
from tests.servers.process import Server, answers
from tests.servers.programs import need


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Site:
    """The machine, with broker and agent installed and nothing started."""
    return Site(tmp_path_factory.mktemp("site"), wheel)


@pytest.fixture(scope="session")
def broker(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The same machine with its mosquitto running, configured as on Debian but for paths and user."""
    folder = tmp_path_factory.mktemp("mosquitto")
    debian = folder / "mosquitto.conf"
    debian.write_text(
        f"persistence true\npersistence_location {folder}/\nlog_dest stdout\nuser root\n"
        f"include_dir {site.root}/etc/mosquitto/conf.d\n"
    )
    command = [need("mosquitto"), "-c", str(debian)]
    with Server(command, ready=lambda: answers(site.broker_port), log=folder / "log"):
        yield site

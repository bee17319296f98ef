"""Debian's mosquitto."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.process import Server, answers, free_port
from tests.servers.programs import need


class Mosquitto(Server):
    """A broker that keeps sessions on disk, so that it may be killed and started again on the same port."""

    def __init__(self, folder: Path, *, settings: str = "allow_anonymous true\n", port: int | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port = port or free_port()
        configuration = folder / "mosquitto.conf"
        configuration.write_text(
            f"listener {self.port} 127.0.0.1\n"
            f"persistence true\npersistence_location {folder}/\nautosave_interval 1\nautosave_on_changes true\n"
            f"max_queued_messages 100000\nmax_inflight_messages 200\nuser root\n{settings}"
        )
        super().__init__(
            [need("mosquitto"), "-c", str(configuration)],
            ready=lambda: answers(self.port),
            log=folder / "mosquitto.log",
        )


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """A broker of this test's own, at `127.0.0.1:mosquitto.port`; it may be stopped, killed and started again."""
    broker = Mosquitto(tmp_path / "mosquitto")
    broker.start()
    yield broker
    broker.stop()

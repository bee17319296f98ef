"""Debian's MQTT broker, mosquitto."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.process import Server, free_port, is_listening
from tests.servers.programs import require_program


class Mosquitto(Server):
    """A broker that persists its sessions, so that it can be killed and started again on the same port.

    Of two `settings` of one name the later counts, and they come last. `database` is the file of its sessions.
    """

    def __init__(self, folder: Path, *, settings: str = "allow_anonymous true\n", port: int | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port = port or free_port()
        self.database = folder / "mosquitto.db"
        configuration = folder / "mosquitto.conf"
        configuration.write_text(
            f"listener {self.port} 127.0.0.1\n"
            f"persistence true\npersistence_location {folder}/\nautosave_interval 1\nautosave_on_changes true\n"
            f"max_queued_messages 100000\nmax_inflight_messages 200\nuser root\n{settings}"
        )
        super().__init__(
            [require_program("mosquitto"), "-c", str(configuration)],
            ready=lambda: is_listening(self.port),
            log=folder / "mosquitto.log",
        )


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """Yield a running broker for this test alone, which it may stop, kill and start again."""
    broker = Mosquitto(tmp_path / "mosquitto")
    broker.start()
    yield broker
    broker.stop()

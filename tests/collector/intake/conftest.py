from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.collector.intake.room import Room
from tests.servers.mosquitto import Mosquitto


@pytest.fixture
def room(tmp_path: Path, mosquitto: Mosquitto) -> Iterator[Room]:
    room = Room(tmp_path, mosquitto.port)
    yield room
    room.stop()

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from tests.collector.web.api_v1.control_room import TOKEN, VIEWER, ControlRoom


@pytest.fixture(scope="session")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlRoom]:
    room = ControlRoom(tmp_path_factory.mktemp("room"))
    yield room
    room.close()


@pytest.fixture
def room(watched: ControlRoom) -> Iterator[ControlRoom]:
    watched.who = VIEWER
    yield watched
    watched.who = VIEWER


@pytest.fixture
async def client(room: ControlRoom) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=room.app())
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1/api/v1", headers=TOKEN) as client:
        yield client

"""Sessions with a scripted camera."""

import contextlib
import time
from collections.abc import AsyncIterator

import pytest

from pantau_agent.rtsp.client import RtspSession
from pantau_agent.streams.credentials import Credentials
from pantau_agent.streams.failure import Failure, LookError
from pantau_agent.streams.keep_alive import KeepAlive
from pantau_agent.streams.url import parse
from tests.agent.eventually import eventually
from tests.agent.rtsp.scripted import Camera


@contextlib.asynccontextmanager
async def opened(
    camera: Camera,
    credentials: Credentials | None = None,
    *,
    timeout_s: float = 10,
    scheme: str = "rtsp",
    trusted: bool = False,
    keep_alive: KeepAlive | None = None,
) -> AsyncIterator[RtspSession]:
    url = parse(camera.url.replace("rtsp:", f"{scheme}:"))
    session = RtspSession(url, credentials, time.monotonic, trusted=trusted, keep_alive=keep_alive)
    await session.open(timeout_s)
    try:
        yield session
    finally:
        await session.close()


async def failure_of(
    camera: Camera, credentials: Credentials | None = None, *, timeout_s: float = 10, trusted: bool = False
) -> Failure:
    with pytest.raises(LookError) as raised:
        async with opened(camera, credentials, timeout_s=timeout_s, trusted=trusted):
            pass
    assert await eventually(lambda: camera.open_now == 0)
    return raised.value.failure

"""One TCP connection to a camera's web server, with or without TLS, read within the rate limit of `tcp`."""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import Any

from pantau_agent.streams import tcp
from pantau_agent.streams.failure import Step
from pantau_agent.streams.safeguards import Safeguards
from pantau_agent.streams.url import StreamUrl

CHUNK = 64 << 10
"""Most bytes that one read returns."""
CLOSE_S = 1.0
"""Seconds that closing waits for the camera's side, before the connection is aborted."""


class HttpConnection:
    """A connection that `connect` has made."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, monotonic: Callable[[], float]
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._monotonic = monotonic
        self._received = 0
        self._received_since = 0.0

    async def send(self, request: bytes) -> None:
        """Send a request. Raises `OSError`."""
        self._writer.write(request)
        await self._writer.drain()

    async def read(self) -> bytes:
        """Return what has come, or wait for more; empty at the connection's end. Raises `OSError`."""
        if self._received > tcp.MAX_BYTES_PER_SECOND:
            elapsed, self._received = self._monotonic() - self._received_since, 0
            await asyncio.sleep(max(0.0, 1 - elapsed))
            self._received_since = self._monotonic()
        data = await self._reader.read(CHUNK)
        self._received += len(data)
        return data

    async def close(self) -> None:
        """Close the connection, and abort it if the camera does not close its side within `CLOSE_S`."""
        self._writer.close()
        try:
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(CLOSE_S):
                    await self._writer.wait_closed()
        finally:
            self._writer.transport.abort()


async def connect(
    url: StreamUrl,
    monotonic: Callable[[], float],
    on_step: Callable[[Step], None],
    safeguards: Safeguards | None = None,
) -> HttpConnection:
    """Connect to the camera. `on_step` is called with each step as it begins, `safeguards` check the certificate.

    Raises:
        LookError: the camera is not reached.
    """

    async def make(connected: socket.socket, tls: dict[str, Any]) -> HttpConnection:
        return HttpConnection(*await asyncio.open_connection(sock=connected, **tls), monotonic)

    tls = safeguards or Safeguards() if url.scheme == "https" else None
    return await tcp.connect(url.host, url.port, make, on_step, tls=tls)

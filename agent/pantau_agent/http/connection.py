"""One TCP connection to a camera's web server, with TLS or without, read no faster than is fair."""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import Any

from pantau_agent.streams import tcp
from pantau_agent.streams.failure import Step
from pantau_agent.streams.url import StreamUrl

CHUNK = 64 << 10
FAREWELL_S = 1.0


class Connection:
    """What `connect` makes."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, monotonic: Callable[[], float]
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._monotonic = monotonic
        self._octets = 0
        self._octets_since = 0.0

    async def send(self, request: bytes) -> None:
        """Sends a request. Raises `OSError`."""
        self._writer.write(request)
        await self._writer.drain()

    async def read(self) -> bytes:
        """What has come, or comes next; empty at the end. Raises `OSError`."""
        if self._octets > tcp.MAX_OCTETS_PER_SECOND:
            elapsed, self._octets = self._monotonic() - self._octets_since, 0
            await asyncio.sleep(max(0.0, 1 - elapsed))
            self._octets_since = self._monotonic()
        data = await self._reader.read(CHUNK)
        self._octets += len(data)
        return data

    async def close(self) -> None:
        """Closes it; at once where the camera takes no leave."""
        self._writer.close()
        try:
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(FAREWELL_S):
                    await self._writer.wait_closed()
        finally:
            self._writer.transport.abort()


async def connect(url: StreamUrl, monotonic: Callable[[], float], reached: Callable[[Step], None]) -> Connection:
    """Connects to the camera. `reached` is told each step as it begins.

    Raises:
        LookError: it is not reached.
    """

    async def make(connected: socket.socket, tls: dict[str, Any]) -> Connection:
        return Connection(*await asyncio.open_connection(sock=connected, **tls), monotonic)

    return await tcp.connect(url.host, url.port, make, reached, tls=url.scheme == "https")

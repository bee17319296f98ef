"""One TCP connection to a camera's web server, with or without TLS, read within the camera's budget."""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import Any

from pantau_agent.streams import tcp
from pantau_agent.streams.budget import PIECES_PER_READ, Budget
from pantau_agent.streams.failure import LookError, Step
from pantau_agent.streams.safeguards import Safeguards
from pantau_agent.streams.tls_records import TlsRecords
from pantau_agent.streams.url import StreamUrl

CHUNK = 64 << 10
"""Most bytes that one read returns."""
CLOSE_S = 1.0
"""Seconds that closing waits for the camera's side, before the connection is aborted."""


class HttpConnection:
    """A connection that `connect` has made."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        monotonic: Callable[[], float],
        budget: Budget,
        tls_records: TlsRecords | None = None,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._monotonic = monotonic
        self._budget = budget
        self._tls_records = tls_records

    async def send(self, request: bytes) -> None:
        """Send a request. Raises `OSError`."""
        self._writer.write(request)
        await self._writer.drain()

    async def read(self) -> bytes:
        """Return what has come, or wait for more; empty at the connection's end.

        Raises:
            OSError: the connection broke.
            LookError: the camera has exceeded its budget.
        """
        if (pause_s := self.spend()) > 0:
            await asyncio.sleep(pause_s)
        data = await self._reader.read(CHUNK)
        self.spend(octets=len(data), pieces=PIECES_PER_READ)
        return data

    def spend(self, *, octets: int = 0, pieces: int = 0, cpu_s: float = 0.0) -> float:
        """Take from the camera's budget, and return for how many seconds to read no more.

        Raises:
            LookError: the camera has exceeded its budget.
        """
        if self._tls_records is not None:
            pieces += self._tls_records.count(octets)
        pause_s = self._budget.spend(self._monotonic(), octets=octets, pieces=pieces, cpu_s=cpu_s)
        if self._budget.exceeded:
            raise LookError(self._budget.failure)
        return pause_s

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
    budget: Budget,
    safeguards: Safeguards | None = None,
) -> HttpConnection:
    """Connect to the camera. `on_step` is called with each step as it begins; what is read is taken from `budget`.

    `safeguards` check the camera's certificate.

    Raises:
        LookError: the camera is not reached.
    """

    async def make(connected: socket.socket, tls: dict[str, Any]) -> HttpConnection:
        reader, writer = await asyncio.open_connection(sock=connected, **tls)
        return HttpConnection(reader, writer, monotonic, budget, TlsRecords(connected) if tls else None)

    tls = safeguards or Safeguards() if url.scheme == "https" else None
    return await tcp.connect(url.host, url.port, make, on_step, tls=tls)

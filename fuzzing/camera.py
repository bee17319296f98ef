"""A camera without a network: it sends its text piece by piece, whatever the client requests, and hangs up."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any, cast

from fuzzing.mutation import chunks
from pantau_agent.rtsp.connection import RtspConnection
from pantau_agent.streams.failure import Step
from pantau_agent.streams.url import StreamUrl

TURNS = 8
"""Turns of the event loop between two pieces, enough for the client to be waiting for the next one."""


class Wire(asyncio.Transport):
    """The client's side of the connection; it closes after the last piece."""

    def __init__(self, connection: RtspConnection, pieces: list[bytes], rng: random.Random) -> None:
        super().__init__({"peername": ("127.0.0.1", 554), "sockname": ("127.0.0.1", 40_000)})
        self._connection = connection
        self._pieces = pieces
        self._rng = rng
        self._closed = False
        self._count_down(TURNS)

    def write(self, _data: object) -> None:
        """Discard the request."""

    def is_closing(self) -> bool:
        """Return True once the connection is closed."""
        return self._closed

    def close(self) -> None:
        """Close the connection and notify the client."""
        if not self._closed:
            self._closed = True
            asyncio.get_running_loop().call_soon(self._connection.connection_lost, None)

    def abort(self) -> None:
        """Close the connection: nothing is buffered."""
        self.close()

    def get_write_buffer_size(self) -> int:
        """Return 0: requests are discarded at once."""
        return 0

    def pause_reading(self) -> None:
        """Do nothing: pieces are small and finite."""

    def resume_reading(self) -> None:
        """Do nothing: reading is never paused."""

    def _count_down(self, turns: int) -> None:
        if self._closed:
            return
        if turns == 0:
            self._send_piece()
        asyncio.get_running_loop().call_soon(self._count_down, turns - 1 if turns else TURNS)

    def _send_piece(self) -> None:
        if not self._pieces:
            self.close()
            return
        for chunk in chunks(self._rng, self._pieces.pop(0)):
            if not self._closed:
                self._connection.data_received(chunk)


class _NoSocket:
    family = 2

    def setsockopt(self, *_: object) -> None:
        """Accept any option."""


def connect_to(
    pieces: list[bytes], rng: random.Random
) -> Callable[[StreamUrl, Callable[[], float], Callable[[Step], None]], Awaitable[RtspConnection]]:
    """Return a replacement for `connection.connect`; each connection continues where the previous one ended."""

    async def connect(
        _url: StreamUrl, monotonic: Callable[[], float], reached: Callable[[Step], None], **_: object
    ) -> RtspConnection:
        reached(Step.CONNECT)
        connection = RtspConnection(cast("Any", _NoSocket()), monotonic)
        connection.connection_made(Wire(connection, pieces, rng))
        return connection

    return connect

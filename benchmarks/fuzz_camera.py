"""A camera without a network: it says its text piece by piece, whatever is asked of it, and hangs up."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any, cast

from benchmarks.fuzz_mutation import chunks
from pantau_agent.rtsp.connection import Connection
from pantau_agent.streams.failure import Step
from pantau_agent.streams.url import StreamUrl

TURNS = 8
"""Of the event loop from piece to piece: the client has come to wait for the next by then."""


class Wire(asyncio.Transport):
    """The client's side of the connection. Once all is said it is closed."""

    def __init__(self, connection: Connection, pieces: list[bytes], rng: random.Random) -> None:
        super().__init__({"peername": ("127.0.0.1", 554), "sockname": ("127.0.0.1", 40_000)})
        self._connection = connection
        self._pieces = pieces
        self._rng = rng
        self._closed = False
        self._go_on(TURNS)

    def write(self, _data: object) -> None:
        """The camera has been asked, and does not listen."""

    def is_closing(self) -> bool:
        """Whether it is over."""
        return self._closed

    def close(self) -> None:
        """It is over."""
        if not self._closed:
            self._closed = True
            asyncio.get_running_loop().call_soon(self._connection.connection_lost, None)

    def abort(self) -> None:
        """It is over, too."""
        self.close()

    def pause_reading(self) -> None:
        """A camera that says no more than a piece needs no pause."""

    def resume_reading(self) -> None:
        """Nor an end of it."""

    def _go_on(self, turns: int) -> None:
        if self._closed:
            return
        if turns == 0:
            self._say()
        asyncio.get_running_loop().call_soon(self._go_on, turns - 1 if turns else TURNS)

    def _say(self) -> None:
        if not self._pieces:
            self.close()
            return
        for chunk in chunks(self._rng, self._pieces.pop(0)):
            if not self._closed:
                self._connection.data_received(chunk)


class _NoSocket:
    family = 2

    def setsockopt(self, *_: object) -> None:
        """Has no options."""


def connect_to(
    pieces: list[bytes], rng: random.Random
) -> Callable[[StreamUrl, Callable[[], float], Callable[[Step], None]], Awaitable[Connection]]:
    """Stands for `connection.connect`: each connection goes on where the one before ended."""

    async def connect(
        _url: StreamUrl, monotonic: Callable[[], float], reached: Callable[[Step], None]
    ) -> Connection:
        reached(Step.CONNECT)
        connection = Connection(cast("Any", _NoSocket()), monotonic)
        connection.connection_made(Wire(connection, pieces, rng))
        return connection

    return connect

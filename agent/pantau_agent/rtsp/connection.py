"""One TCP connection: bytes in, messages out, frames to their receivers; bounded in memory and in rate."""

import asyncio
import contextlib
import functools
import socket
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from pantau_agent.rtsp.messages import Demultiplexer, Message, Request, Response
from pantau_agent.streams import tcp
from pantau_agent.streams.failure import Failure, Kind, LookError, Step
from pantau_agent.streams.malformed import MalformedError, described
from pantau_agent.streams.url import StreamUrl
from pantau_contract.words.evidence import detail

MAX_MESSAGES = 16
"""Unread messages; more drop the oldest."""


class Connection(asyncio.Protocol):
    """What `connect` makes. `failure` is set once it has ended."""

    def __init__(self, connected: socket.socket, monotonic: Callable[[], float]) -> None:
        self.demultiplexer = Demultiplexer()
        self.failure: Failure | None = None
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._socket = connected
        self._monotonic = monotonic
        self._transport: asyncio.Transport | None = None
        self._messages: deque[Message] = deque(maxlen=MAX_MESSAGES)
        self._arrived: asyncio.Future[None] | None = None
        self._received = 0
        self._received_since = 0.0

    def send(self, request: bytes) -> None:
        """Sends a request; nothing happens where the connection has ended."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(request)

    async def response(self, cseq: int, step: Step) -> Response:
        """The answer to the request of that number.

        Raises:
            LookError: the connection ended before it came.
        """
        while True:
            while self._messages:
                message = self._messages.popleft()
                # A camera may leave CSeq out; a smaller one answers a request that was given up.
                if isinstance(message, Response) and (message.cseq is None or message.cseq >= cseq):
                    return message
            if self.failure is not None:
                raise LookError(_at(step, self.failure))
            self._arrived = asyncio.get_running_loop().create_future()
            await self._arrived

    @property
    def closed(self) -> bool:
        """Whether it is closed, by whichever side."""
        return self._transport is None or self._transport.is_closing()

    def peer(self) -> str:
        """The camera's address, as a number."""
        return str(self._transport.get_extra_info("peername")[0]) if self._transport else ""

    def local(self) -> tuple[str, socket.AddressFamily]:
        """Our own address on this connection."""
        assert self._transport is not None  # noqa: S101 # for the type checker: `connect` returns connected ones only
        return str(self._transport.get_extra_info("sockname")[0]), self._socket.family

    def wake_at(self, octets: int) -> None:
        """Is woken only once so many octets are there to be read; 1 is the usual. Does nothing where it cannot."""
        if not self.closed:
            with contextlib.suppress(OSError):
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, octets)

    def close(self) -> None:
        """Closes it, once what was sent is on its way."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: it is connected."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but its type

    def data_received(self, data: bytes) -> None:
        """asyncio: the next chunk. Runs for each; keep it short."""
        now = self._monotonic()
        try:
            messages = self.demultiplexer.feed(data, now)
        except MalformedError as error:
            self._end(Failure(Step.STREAM, Kind.WRONG_PROTOCOL, described("RTSP", error)))
            return
        if messages:
            self._take(messages)
        self._received += len(data)
        if self._received > tcp.MAX_BYTES_PER_SECOND:
            self._restrain(now)

    def connection_lost(self, error: Exception | None) -> None:
        """asyncio: it has ended."""
        how = detail("broke", said=error.strerror or error) if isinstance(error, OSError) else detail("closed")
        errno = error.errno if isinstance(error, OSError) else None
        self._end(Failure(Step.STREAM, Kind.CLOSED, how, errno=errno))

    def _take(self, messages: list[Message]) -> None:
        for message in messages:
            if isinstance(message, Request):
                self._reply(message)
            else:
                self._messages.append(message)
        self._wake()

    def _reply(self, request: Request) -> None:
        """The camera asks whether we live (OPTIONS), or for what we do not do."""
        status = (
            "200 OK" if request.method in {"OPTIONS", "GET_PARAMETER", "SET_PARAMETER"} else "501 Not Implemented"
        )
        cseq = request.headers.get("CSeq", "0")[:20]
        self.send(f"RTSP/1.0 {status}\r\nCSeq: {cseq}\r\n\r\n".encode())

    def _end(self, failure: Failure) -> None:
        if self.failure is None:
            self.failure = failure
            if not self.ended.done():
                self.ended.set_result(None)
            self._wake()
        if self._transport is not None:
            self._transport.abort() if failure.kind is Kind.WRONG_PROTOCOL else self._transport.close()

    def _wake(self) -> None:
        if self._arrived is not None and not self._arrived.done():
            self._arrived.set_result(None)

    def _restrain(self, now: float) -> None:
        """Reads no more for the rest of this second."""
        elapsed, self._received = now - self._received_since, 0
        self._received_since = now
        if elapsed < 1 and self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()
            asyncio.get_running_loop().call_later(1 - elapsed, self._resume)

    def _resume(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()


async def connect(url: StreamUrl, monotonic: Callable[[], float], reached: Callable[[Step], None]) -> Connection:
    """Connects to the camera. `reached` is told each step as it begins.

    Raises:
        LookError: it is not reached.
    """

    async def make(connected: socket.socket, tls: dict[str, Any]) -> Connection:
        loop, factory = asyncio.get_running_loop(), functools.partial(Connection, connected, monotonic)
        return (await loop.create_connection(factory, sock=connected, **tls))[1]

    return await tcp.connect(url.host, url.port, make, reached, tls=url.scheme == "rtsps")


def _at(step: Step, failure: Failure) -> Failure:
    """Return the connection's failure as the failure of a request."""
    if failure.kind is Kind.WRONG_PROTOCOL:
        return replace(failure, step=step)
    return Failure(step, failure.kind, detail("ended", step=step, what=failure.detail), errno=failure.errno)

"""One TCP connection: messages are queued, frames go to their receivers; memory and rate are bounded."""

import asyncio
import contextlib
import functools
import socket
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from time import thread_time
from typing import Any, Protocol, cast

from pantau_agent.rtsp.messages import Demultiplexer, Message, RtspRequest, RtspResponse
from pantau_agent.streams import tcp
from pantau_agent.streams.budget import PIECES_PER_MESSAGE, PIECES_PER_READ, Budget
from pantau_agent.streams.failure import Failure, Kind, LookError, Step
from pantau_agent.streams.malformed import MalformedError, described
from pantau_agent.streams.safeguards import Safeguards
from pantau_agent.streams.tls_records import TlsRecords
from pantau_agent.streams.url import StreamUrl
from pantau_contract.words.evidence import detail

MAX_MESSAGES = 16
"""Most messages that wait to be read; further ones push out the oldest."""
READ_BYTES = 256 << 10
"""Most bytes that are read at once, as many as uvloop reads."""
TLS_TURNS = 2
"""Turns of the event loop in which asyncio reads what has arrived over TLS."""
MAX_UNSENT = 64 << 10
"""Most bytes that wait to be sent; a camera that reads no more gets no further answers."""
ABORT_S = 5.0
"""Seconds after which a connection that was closed is aborted if the camera does not let it end."""
FAREWELL_S = 1.0
"""Seconds that a TEARDOWN gets before the connection with a camera that exceeded its budget is aborted."""


class RtspConnection(asyncio.Protocol):
    """A connection that `connect` has made. `failure` is set once it has ended."""

    def __init__(self, connected: socket.socket, monotonic: Callable[[], float]) -> None:
        self.demultiplexer = Demultiplexer()
        self.failure: Failure | None = None
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._socket = connected
        self._monotonic = monotonic
        self._transport: asyncio.Transport | None = None
        self._messages: deque[Message] = deque(maxlen=MAX_MESSAGES)
        self._arrived: asyncio.Future[None] | None = None
        self._budget = Budget()
        self._tls_records: TlsRecords | None = None
        self._paused = self._leaving = False
        self._low_water_mark = 1

    def send(self, request: bytes) -> None:
        """Send a request, unless the connection has ended."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(request)

    async def response(self, cseq: int, step: Step) -> RtspResponse:
        """Wait for the response to the request of that number.

        Raises:
            LookError: the connection ended before it came.
        """
        while True:
            while self._messages:
                message = self._messages.popleft()
                # A camera may leave CSeq out, or not see ours and answer with 0; another smaller one answers a
                # request that has timed out.
                if isinstance(message, RtspResponse) and (not message.cseq or message.cseq >= cseq):
                    return message
            if self.failure is not None:
                raise LookError(at_step(step, self.failure))
            self._arrived = asyncio.get_running_loop().create_future()
            await self._arrived

    @property
    def closed(self) -> bool:
        """True if either side has closed the connection."""
        return self._transport is None or self._transport.is_closing() or self._leaving

    def peer(self) -> str:
        """Return the camera's numeric address."""
        return str(self._transport.get_extra_info("peername")[0]) if self._transport else ""

    def local(self) -> tuple[str, socket.AddressFamily]:
        """Return our own address on this connection."""
        assert self._transport is not None  # noqa: S101 # for the type checker: `connect` returns connected ones only
        return str(self._transport.get_extra_info("sockname")[0]), self._socket.family

    def set_low_water_mark(self, octets: int) -> None:
        """Have the kernel wake us only once that many bytes have arrived; 1 is its default. Ignore failures."""
        if octets != self._low_water_mark and not self.closed:
            self._low_water_mark = octets
            with contextlib.suppress(OSError):
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, octets)

    async def read_arrived(self) -> None:
        """Read what has arrived, however little it is.

        Without TLS it is taken from the socket directly, which costs less than having the event loop do it. With
        TLS the low-water mark is 1 afterwards.
        """
        if self._tls_records is not None:
            self.set_low_water_mark(1)
            for _ in range(TLS_TURNS):
                await asyncio.sleep(0)
            self.spend(0, 0)  # records without anything in them reach nobody but the TLS layer
            return
        size = READ_BYTES
        while size == READ_BYTES and self.failure is None and not self._paused and not self.closed:
            try:
                data = self._socket.recv(READ_BYTES, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            except OSError as error:
                self.connection_lost(error)  # asyncio would not be told: the kernel reports an error once
                return
            size = len(data)
            if size:  # the end itself is left to asyncio, which is woken by it in any case
                self.data_received(data)

    def close(self) -> None:
        """Close the connection, once what was sent is on its way."""
        if self._transport is None or self.closed:
            return
        self._leaving = True
        later = asyncio.get_running_loop().call_later
        if self._budget.exceeded:
            later(FAREWELL_S, self._transport.abort)  # to close in good order would be to read on over TLS
            return
        if self._waiting_to_be_sent() or self._tls_records is not None:
            later(ABORT_S, self._transport.abort)
        self._transport.close()

    def spend(self, octets: int, pieces: int, cpu_s: float = 0.0) -> float:
        """Take from the camera's budget, and return for how many seconds nothing of it is read.

        If the budget is exceeded, the session ends.
        """
        if self._tls_records is not None:
            pieces += self._tls_records.count(octets)
        pause_s = self._budget.spend(self._monotonic(), octets=octets, pieces=pieces, cpu_s=cpu_s)
        if self._budget.exceeded:
            self._end(self._budget.failure)
        elif pause_s > 0:
            self._pause_reading(pause_s)
        return pause_s

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio when the connection is made."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's has another type
        if transport.get_extra_info("ssl_object") is not None:
            self._tls_records = TlsRecords(self._socket)

    def data_received(self, data: bytes) -> None:
        """Called by asyncio with each chunk of data; keep it short."""
        begun, before = thread_time(), self.demultiplexer.pieces
        try:
            messages = self.demultiplexer.feed(data, self._monotonic())
        except MalformedError as error:
            self._end(Failure(Step.STREAM, Kind.WRONG_PROTOCOL, described("RTSP", error)))
            return
        if messages:
            self._handle(messages)
        pieces = self.demultiplexer.pieces - before + PIECES_PER_READ + PIECES_PER_MESSAGE * len(messages)
        self.spend(len(data), pieces, thread_time() - begun)

    def connection_lost(self, error: Exception | None) -> None:
        """Called by asyncio when the connection has ended."""
        how = detail("broke", said=error.strerror or error) if isinstance(error, OSError) else detail("closed")
        errno = error.errno if isinstance(error, OSError) else None
        self._end(Failure(Step.STREAM, Kind.CLOSED, how, errno=errno))

    def _waiting_to_be_sent(self) -> int:
        """Return the bytes that wait to be sent."""
        return self._transport.get_write_buffer_size() if self._transport is not None else 0

    def _handle(self, messages: list[Message]) -> None:
        for message in messages:
            if isinstance(message, RtspRequest):
                self._reply(message)
            else:
                self._messages.append(message)
        self._wake()

    def _reply(self, request: RtspRequest) -> None:
        """Answer a camera that asks whether we are alive (OPTIONS), or for something that we do not support."""
        if self._waiting_to_be_sent() > MAX_UNSENT:
            return
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
        if failure.kind is Kind.FLOODING:
            self._stop_reading()  # a TEARDOWN follows
        elif self._transport is not None:
            self._transport.abort() if failure.kind is Kind.WRONG_PROTOCOL else self._transport.close()

    def _wake(self) -> None:
        if self._arrived is not None and not self._arrived.done():
            self._arrived.set_result(None)

    def _pause_reading(self, pause_s: float) -> None:
        if not self._paused:
            self._stop_reading()
            asyncio.get_running_loop().call_later(pause_s, self._resume_reading)

    def _stop_reading(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()
            self._paused = True

    def _resume_reading(self) -> None:
        self._paused = False
        if self._transport is not None and not self._transport.is_closing() and self.failure is None:
            self._transport.resume_reading()


class Connector(Protocol):
    """Connects to a camera, as `connect` does."""

    async def __call__(
        self, url: StreamUrl, monotonic: Callable[[], float], on_step: Callable[[Step], None], /
    ) -> RtspConnection:
        """Connect to the camera. Raises `LookError`."""


async def connect(
    url: StreamUrl,
    monotonic: Callable[[], float],
    on_step: Callable[[Step], None],
    safeguards: Safeguards | None = None,
) -> RtspConnection:
    """Connect to the camera. `on_step` is called with each step as it begins, `safeguards` check the certificate.

    Raises:
        LookError: the camera is not reached.
    """

    async def make(connected: socket.socket, tls: dict[str, Any]) -> RtspConnection:
        loop, factory = asyncio.get_running_loop(), functools.partial(RtspConnection, connected, monotonic)
        return (await loop.create_connection(factory, sock=connected, **tls))[1]

    tls = safeguards or Safeguards() if url.scheme == "rtsps" else None
    return await tcp.connect(url.host, url.port, make, on_step, tls=tls)


def at_step(step: Step, failure: Failure) -> Failure:
    """Return the connection's failure as the failure of a request."""
    if failure.kind in {Kind.WRONG_PROTOCOL, Kind.FLOODING}:
        return replace(failure, step=step)
    return Failure(step, failure.kind, detail("ended", step=step, what=failure.detail), errno=failure.errno)

"""Reading what has arrived from the socket itself."""

import asyncio
import errno
import socket
import struct
import time
from collections.abc import Iterator

import pytest

from pantau_agent.rtsp.connection import RtspConnection
from pantau_agent.streams.failure import Kind
from tests.agent.rtsp.scripted import interleaved, rtp


class Transport(asyncio.Transport):
    """A transport that never reads."""

    closed = False

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = True

    def pause_reading(self) -> None: ...


@pytest.fixture
def camera() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Yield both ends of a TCP connection, the camera's first."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as ours:
        theirs, _ = server.accept()
        with theirs:
            yield theirs, ours


def connected(ours: socket.socket) -> RtspConnection:
    connection = RtspConnection(ours, time.monotonic)
    connection.connection_made(Transport())
    return connection


async def read_until_ended(connection: RtspConnection) -> None:
    async with asyncio.timeout(60):
        while connection.failure is None:
            await connection.read_arrived()
            await asyncio.sleep(0.01)


async def test_what_has_arrived_is_read_without_the_event_loop(
    camera: tuple[socket.socket, socket.socket],
) -> None:
    theirs, ours = camera
    connection = connected(ours)
    received = []
    connection.demultiplexer.channels[0] = lambda buffer, start, end, _: received.append(buffer[start:end])
    await connection.read_arrived()
    assert received == []
    packet = rtp(1, 2, b"payload")
    theirs.sendall(interleaved(packet))
    async with asyncio.timeout(60):
        while not received:
            await connection.read_arrived()
            await asyncio.sleep(0)
    assert received == [packet]


async def test_a_reset_that_is_met_so_is_what_ended_the_connection(
    camera: tuple[socket.socket, socket.socket],
) -> None:
    theirs, ours = camera
    connection = connected(ours)
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    theirs.close()
    await read_until_ended(connection)
    assert connection.failure is not None
    assert (connection.failure.kind, connection.failure.errno) == (Kind.CLOSED, errno.ECONNRESET)


async def test_the_end_of_a_connection_is_left_to_the_event_loop(
    camera: tuple[socket.socket, socket.socket],
) -> None:
    theirs, ours = camera
    connection = connected(ours)
    theirs.shutdown(socket.SHUT_WR)
    ours.setblocking(True)
    assert ours.recv(1, socket.MSG_PEEK) == b""
    await connection.read_arrived()
    assert connection.failure is None

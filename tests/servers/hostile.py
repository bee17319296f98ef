"""Servers that mean ill: they drip their answers, never end them, or send their callers elsewhere."""

import contextlib
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator

from tests.servers.http import serve

OK = b"HTTP/1.1 200 OK\r\n"
Behaviour = Callable[[socket.socket, threading.Event], None]
"""What a server does with a connection, until the event says that the test is over."""


def drip(start: bytes) -> Behaviour:
    """Send the start, and then a byte at a time for ever."""

    def behave(connection: socket.socket, over: threading.Event) -> None:
        connection.recv(65536)
        connection.sendall(start)
        while not over.wait(0.02):
            connection.sendall(b"a")

    return behave


def flood(start: bytes, piece: bytes) -> Behaviour:
    """Send the start, and then the piece as often as the client takes it."""

    def behave(connection: socket.socket, over: threading.Event) -> None:
        connection.recv(65536)
        connection.sendall(start)
        while not over.is_set():
            connection.sendall(piece)

    return behave


def silent(_connection: socket.socket, over: threading.Event) -> None:
    over.wait()


DRIPPING_HEAD = drip(OK + b"X: ")
DRIPPING_BODY = drip(OK + b"Content-Length: 1000000\r\n\r\n")
ENDLESS_BODY = flood(OK + b"\r\n", b"a" * 65536)
ENDLESS_CHUNKS = flood(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n" * 1000)
ENDLESS_INTERIM = flood(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)
ENDLESS_HEAD = flood(OK, b"X: " + b"a" * 60_000 + b"\r\n")


class HostileServer(socketserver.ThreadingTCPServer):
    """Counts its connections as they come."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, behaviour: Behaviour) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behaviour = behaviour
        self.over = threading.Event()
        self.connections = 0
        self.port = int(self.server_address[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def handle_error(self, *_: object) -> None:
        """Ignore clients that have had enough."""


class _Handler(socketserver.BaseRequestHandler):
    server: HostileServer

    def handle(self) -> None:
        self.server.connections += 1
        with contextlib.suppress(OSError):
            self.server.behaviour(self.request, self.server.over)


@contextlib.contextmanager
def hostile(behaviour: Behaviour) -> Iterator[HostileServer]:
    with serve(HostileServer(behaviour)) as server:  # type: ignore[type-var] # any server that serves for ever
        try:
            yield server
        finally:
            server.over.set()

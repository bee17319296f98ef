"""Sockets that obey the limits of one exchange: seconds for the whole of it, and bytes received.

A socket's own time-out begins anew with every byte that arrives, so a server that sends one byte a second holds
its caller for ever. Here every operation gets what is left of the exchange's time.
"""

import contextlib
import socket
import ssl
import time
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

CONNECT_TIMEOUT_S = 10.0
"""Seconds for which a connection to one of a server's addresses may take to be established."""


class AnswerTooLongError(OSError):
    """The server has sent more bytes than the exchange may receive."""


class _Exchange:
    """What is left of an exchange's time and bytes."""

    def __init__(self, within_s: float, max_bytes: int) -> None:
        self._deadline = time.monotonic() + within_s
        self._max_bytes = max_bytes
        self._received = 0

    def remaining_s(self) -> float:
        """Return the seconds that are left. Raises `TimeoutError` if there are none."""
        remaining_s = self._deadline - time.monotonic()
        if remaining_s <= 0:
            raise TimeoutError("timed out")
        return remaining_s

    def count(self, received: int) -> None:
        """Count received bytes. Raises `AnswerTooLongError` if there are too many."""
        self._received += received
        if self._received > self._max_bytes:
            raise AnswerTooLongError(f"more than {self._max_bytes >> 10} kB were received")


_current: ContextVar[_Exchange | None] = ContextVar("exchange", default=None)


@contextlib.contextmanager
def limited(within_s: float, max_bytes: int) -> Iterator[None]:
    """Limit what the sockets of this module may do in this thread until the end of the block.

    Past the limits their operations raise `TimeoutError` and `AnswerTooLongError`.
    """
    token = _current.set(_Exchange(within_s, max_bytes))
    try:
        yield
    finally:
        _current.reset(token)


def connect(host: str, port: int, *, timeout_s: float = CONNECT_TIMEOUT_S) -> socket.socket:
    """Connect to the first of a host's addresses that answers, within the limits of the current exchange.

    Each address is given `timeout_s` seconds. Looking up the name is left to the system's resolver, which has
    time-outs of its own.

    Raises:
        OSError: no address answers; the error is that of the last one.
    """
    failure = OSError("its name has no address")
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        connection = _LimitedSocket(family, kind, protocol)
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.settimeout(timeout_s)
            connection.connect(address)
        except OSError as error:
            connection.close()
            failure = error
        else:
            return connection
    raise failure


def tls_context() -> ssl.SSLContext:
    """Return a context that verifies the server, and whose sockets obey the limits."""
    context = ssl.create_default_context()
    context.sslsocket_class = _LimitedTlsSocket
    return context


class _Limited(socket.socket):
    """A socket whose operations have its own time-out each, but never more than is left of the exchange."""

    own_timeout_s: float | None = None

    def settimeout(self, value: float | None, /) -> None:
        self.own_timeout_s = value
        super().settimeout(value)

    def hurry(self) -> None:
        """Prepare for one operation. Raises `TimeoutError` if the exchange has no time left."""
        exchange = _current.get()
        if exchange is not None:
            remaining_s = exchange.remaining_s()
            own_s = self.own_timeout_s
            super().settimeout(remaining_s if own_s is None else min(own_s, remaining_s))


class _LimitedSocket(_Limited):
    """A socket without TLS."""

    def connect(self, address: Any, /) -> None:
        self.hurry()
        super().connect(address)

    def recv_into(self, *arguments: Any, **options: Any) -> int:
        self.hurry()
        return _counted(super().recv_into(*arguments, **options))

    def recv(self, *arguments: Any, **options: Any) -> bytes:
        self.hurry()
        data = super().recv(*arguments, **options)
        _counted(len(data))
        return data

    def send(self, *arguments: Any, **options: Any) -> int:
        self.hurry()
        return super().send(*arguments, **options)

    def sendall(self, *arguments: Any, **options: Any) -> None:
        self.hurry()
        super().sendall(*arguments, **options)


class _LimitedTlsSocket(ssl.SSLSocket, _Limited):
    """A socket with TLS. Its own `recv_into`, `recv` and `sendall` call `read` and `send`."""

    def do_handshake(self, block: bool = False) -> None:
        self.hurry()
        super().do_handshake(block)

    def read(self, *arguments: Any, **options: Any) -> Any:
        self.hurry()
        data = super().read(*arguments, **options)
        _counted(data if isinstance(data, int) else len(data))
        return data

    def send(self, *arguments: Any, **options: Any) -> int:
        self.hurry()
        return super().send(*arguments, **options)


def _counted(received: int) -> int:
    exchange = _current.get()
    if exchange is not None:
        exchange.count(received)
    return received

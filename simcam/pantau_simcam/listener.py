"""A TCP port that can refuse and accept connections by turns without being lost to another program."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable

from pantau_simcam.rtsp.carriers import family_of

BACKLOG = 1024
"""Connections that may wait to be accepted."""


class Listener:
    """Keeps its port while it refuses: for a bound socket that does not listen, the kernel sends a reset.

    Raises:
        OSError: the port is taken.
    """

    def __init__(
        self,
        host: str,
        port: int,
        protocol: Callable[[], asyncio.BaseProtocol],
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._host = host
        self._tls = tls
        self._protocol = protocol
        _must_be_free(host, port)
        self._reserved = self._bound(port)
        self.port: int = self._reserved.getsockname()[1]
        self._listening: socket.socket | None = None
        self._serving: asyncio.Task[None] | None = None

    def accept(self) -> None:
        """Accept connections."""
        if self._listening is None:
            listening = self._bound(self.port)
            listening.listen(BACKLOG)
            self._serving = asyncio.create_task(self._serve(listening))
            self._serving.add_done_callback(lambda _: listening.close())
            self._listening = listening

    def refuse(self) -> None:
        """Refuse new connections and keep open ones."""
        if self._listening is not None and self._serving is not None:
            with contextlib.suppress(OSError):
                self._listening.shutdown(socket.SHUT_RDWR)
            self._serving.cancel()
            self._listening = self._serving = None

    def close(self) -> None:
        """Release the port."""
        self.refuse()
        self._reserved.close()

    async def _serve(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            self._protocol, sock=listening, backlog=BACKLOG, ssl=self._tls, start_serving=False
        )
        try:
            await server.start_serving()
            await asyncio.Event().wait()
        finally:
            server.close()

    def _bound(self, port: int) -> socket.socket:
        bound = socket.socket(family_of(self._host))
        bound.setblocking(False)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            bound.bind((self._host, port))
        except OSError:
            bound.close()
            raise
        return bound


def _must_be_free(host: str, port: int) -> None:
    """Raise OSError if the port is taken: SO_REUSEPORT would share it with another program of the same user."""
    with socket.socket(family_of(host)) as alone:
        alone.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            alone.bind((host, port))
        except OSError as error:
            raise OSError(error.errno, f"cannot listen on {host} port {port}: {error.strerror}") from None

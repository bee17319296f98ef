"""The web server: uvicorn on a thread of its own, its socket bound by the caller's thread."""

import asyncio
import logging
import socket
import ssl
import threading
from collections.abc import Callable
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from pantau_collector.web.connections import Connections, limited_protocol

_STOP_WITHIN_S = 15
"""Seconds for which `stop` waits for the answers under way."""
_BACKLOG = 512
"""Connections that the system keeps while the server has not accepted them yet."""

_HANDSHAKE_WITHIN_S = 10
"""Seconds within which a client must have agreed on TLS."""


class PortTakenError(Exception):
    """The address cannot be listened on; another program has it."""


class WebServer:
    """Serves an application at one address."""

    def __init__(
        self,
        app: ASGIApp,
        host: str,
        port: int,
        connections: Connections,
        tls: ssl.SSLContext | None = None,
        *,
        setting: str = "web.port",
    ) -> None:
        """Bind the socket, so that a taken port is reported at once. With `tls`, speak nothing else.

        `setting` is the key of the configuration that names the port.

        Raises:
            PortTakenError: the port is taken.
        """
        # The gate reads the headers of proxies itself: uvicorn believes any program of the machine.
        settings = uvicorn.Config(
            app,
            host=host,
            port=port,
            http=limited_protocol(connections),
            ws="none",
            proxy_headers=False,
            server_header=False,
            log_config=None,
            access_log=False,
            lifespan="off",
            backlog=_BACKLOG,
        )
        logging.getLogger("uvicorn.error").setLevel(
            logging.ERROR
        )  # each broken request would be a line of the log
        try:
            self._listener: socket.socket = settings.bind_socket()
        except SystemExit:  # which uvicorn raises if the port is taken
            raise PortTakenError(
                f"{setting}: {host}:{port} cannot be listened on; another program has it"
            ) from None
        settings.load()
        settings.ssl = tls
        self._server = uvicorn.Server(settings)
        self._thread = threading.Thread(target=self._run, name="web")

    def start(self) -> None:
        """Start to serve."""
        self._listener.listen(_BACKLOG)  # so that a client that connects before the thread runs waits
        self._thread.start()

    def stop(self) -> None:
        """Stop, once the answers under way are sent or some seconds have passed."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(_STOP_WITHIN_S)
        self._listener.close()

    def _run(self) -> None:
        if self._server.config.ssl is None:
            self._server.run([self._listener])
            return
        with asyncio.Runner(loop_factory=_Loop) as runner:
            runner.run(self._server.serve(sockets=[self._listener]))


class _Loop(asyncio.SelectorEventLoop):
    """An event loop whose TLS servers do not wait long for a client that says nothing."""

    async def create_server(
        self, protocol_factory: Callable[[], asyncio.BaseProtocol], *arguments: Any, **options: Any
    ) -> asyncio.Server:
        """Start a server."""
        if options.get("ssl") is not None:
            options["ssl_handshake_timeout"] = _HANDSHAKE_WITHIN_S
        return await super().create_server(protocol_factory, *arguments, **options)

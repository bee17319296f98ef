"""Run an HTTP server of a test on a thread."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

Server = TypeVar("Server", bound=http.server.HTTPServer)


class Quiet:
    """A mixin for request handlers that log nothing."""

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def serve(server: Server) -> Iterator[Server]:
    """Serve requests until the end of the block."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

"""An HTTP server of a test's own, on a thread."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

Server = TypeVar("Server", bound=http.server.HTTPServer)


class Quiet:
    """A handler that logs nothing."""

    def log_message(self, *_: object) -> None:
        """Quietly."""


@contextmanager
def serve(server: Server) -> Iterator[Server]:
    """The server answers until the end."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

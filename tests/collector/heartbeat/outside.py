"""A service outside that receives heartbeats."""

import http.server
from contextlib import AbstractContextManager

from tests.servers.http import Quiet, serve


class Outside(http.server.ThreadingHTTPServer):
    """A service that receives heartbeats, and records each as method, path and body."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.heard: list[tuple[str, str, str]] = []
        self.status = 200
        self.answer = b"OK"
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Handler(Quiet, http.server.BaseHTTPRequestHandler):
    server: Outside

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        self.server.heard.append((self.command, self.path, body))
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.server.answer)))
        self.end_headers()
        self.wfile.write(self.server.answer)

    def do_POST(self) -> None:
        self.do_GET()


def serving() -> AbstractContextManager[Outside]:
    return serve(Outside())

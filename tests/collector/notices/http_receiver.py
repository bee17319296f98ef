"""A real HTTP server that keeps what it receives, and answers as the services do that notices are sent to."""

import http.server
import json
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

from tests.servers.http import Quiet, serve


class Received(NamedTuple):
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Receiver(http.server.ThreadingHTTPServer):
    """`answers` are JSON or raw bytes, by the beginning of a path; `status` is the status of all answers.

    A request whose path contains `refuses` is answered 429.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.received: list[Received] = []
        self.status = 200
        self.refuses = ""
        self.answers: dict[str, Any] = {}

    def with_path(self, part: str) -> list[Received]:
        return [each for each in self.received if part in each.path]


class _Handler(Quiet, http.server.BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.received.append(Received(self.command, self.path, dict(self.headers), body))
        answer: Any = next((each for path, each in self.server.answers.items() if self.path.startswith(path)), {})
        text = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        refused = self.server.refuses and self.server.refuses in self.path
        self.send_response(429 if refused else self.server.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_PUT = do_GET = do_POST  # noqa: N815 - the library's names


def http_receiver() -> AbstractContextManager[Receiver]:
    return serve(Receiver())

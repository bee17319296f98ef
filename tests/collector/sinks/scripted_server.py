"""A server with scripted answers to writes, for answers that no real server gives on demand."""

import gzip
import http.server
import threading
from contextlib import AbstractContextManager
from typing import NamedTuple

from tests.servers.http import Quiet, serve


class Answer(NamedTuple):
    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    delay_s: float = 0


class ScriptedServer(http.server.ThreadingHTTPServer):
    """Gives `answers` in turn, the last one again and again; `bodies` holds what was written."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[Answer] = [Answer(204)]
        self.bodies: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.url = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_: object) -> None:
        """Ignore clients that did not wait for their answer."""


class _Handler(Quiet, http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ScriptedServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        self.server.bodies.append(body.decode())
        self.server.headers.append(dict(self.headers))
        answers = self.server.answers
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        threading.Event().wait(answer.delay_s)
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)


def scripted_server() -> AbstractContextManager[ScriptedServer]:
    return serve(ScriptedServer())

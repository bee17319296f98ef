"""The part of InfluxDB 2 that creates buckets and tasks, because Debian has no package of InfluxDB 2."""

import http.server
import json
import re
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.servers.http import Quiet, serve

_ORGANISATION = "0000000000000001"


class BucketsServer(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.buckets: list[dict[str, Any]] = []
        self.tasks: list[dict[str, Any]] = []
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Handler(Quiet, http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: BucketsServer

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        asked = parse_qs(parts.query)
        match parts.path:
            case "/api/v2/orgs":
                self._answer({"orgs": [{"id": _ORGANISATION, "name": "city"}]})
            case "/api/v2/buckets":
                found = [each for each in self.server.buckets if each["name"] in asked["name"]]
                self._answer({"buckets": found})
            case "/api/v2/tasks":
                self._answer({"tasks": self.server.tasks})

    def do_POST(self) -> None:
        content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path.startswith("/api/v2/buckets"):
            kept = self.server.buckets
        else:
            kept = self.server.tasks
            named = re.search(r'option task = \{name: "([^"]+)"', content["flux"])
            assert named is not None
            content["name"] = named[1]
        content["orgID"] = _ORGANISATION
        content["id"] = f"{len(kept) + 1:016x}"
        kept.append(content)
        self._answer(content, 201)

    def do_PATCH(self) -> None:
        content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        (bucket,) = (each for each in self.server.buckets if self.path.endswith(each["id"]))
        bucket.update(content)
        self._answer(bucket)

    def do_DELETE(self) -> None:
        self.server.tasks = [task for task in self.server.tasks if not self.path.endswith(task["id"])]
        self._answer({}, 204)

    def _answer(self, content: dict[str, Any], status: int = 200) -> None:
        body = json.dumps(content).encode() if status != 204 else b""
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def buckets_server() -> AbstractContextManager[BucketsServer]:
    return serve(BucketsServer())

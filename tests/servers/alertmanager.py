"""Debian's Alertmanager, configured to notify a webhook of the test immediately."""

import json
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.servers.process import Server, free_port, is_listening
from tests.servers.programs import require_program

_CONFIG = """
route:
  receiver: ours
  group_by: ["..."]
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 1h
receivers:
  - name: ours
    webhook_configs:
      - url: {webhook}
        send_resolved: true
"""


class Alertmanager(Server):
    """An Alertmanager. `notified` holds the status and labels of each alert that it has sent to the webhook."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.notified: list[tuple[str, dict[str, str]]] = []
        self._webhook = _Webhook(self.notified)
        config = folder / "alertmanager.yml"
        config.write_text(_CONFIG.format(webhook=self._webhook.url))
        super().__init__(
            [
                require_program("prometheus-alertmanager"),
                f"--config.file={config}",
                f"--storage.path={folder}/data",
                f"--web.listen-address=127.0.0.1:{self.port}",
                "--cluster.listen-address=",
            ],
            ready=lambda: is_listening(self.port),
            log=folder / "alertmanager.log",
        )

    def alerts(self) -> list[dict[str, Any]]:
        """Return the active alerts as its API gives them."""
        with urllib.request.urlopen(f"{self.url}/api/v2/alerts", timeout=60) as answer:
            alerts: list[dict[str, Any]] = json.load(answer)
        return alerts

    def close(self) -> None:
        self.stop()
        self._webhook.close()


class _Webhook(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, notified: list[tuple[str, dict[str, str]]]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.notified = notified
        self.url = f"http://127.0.0.1:{self.server_port}/"
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: _Webhook

    def do_POST(self) -> None:
        notification = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.notified.extend((alert["status"], alert["labels"]) for alert in notification["alerts"])
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture
def alertmanager(tmp_path: Path) -> Iterator[Alertmanager]:
    """Yield an Alertmanager that is not started yet."""
    server = Alertmanager(tmp_path / "alertmanager")
    try:
        yield server
    finally:
        server.close()

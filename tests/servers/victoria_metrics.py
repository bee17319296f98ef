"""Debian's VictoriaMetrics, which takes InfluxDB v2's `/api/v2/write`; it is read by its export."""

import json
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.servers.process import Server, answers, free_port
from tests.servers.programs import need


class VictoriaMetrics(Server):
    """Repeated points count once; a point may be read only seconds after its write, so `export` flushes."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        super().__init__(
            [
                need("victoria-metrics"),
                f"-storageDataPath={folder}/data",
                f"-httpListenAddr=127.0.0.1:{self.port}",
                "-dedup.minScrapeInterval=1ms",
                "-retentionPeriod=100y",
                "-search.latencyOffset=0",
            ],
            ready=lambda: answers(self.port),
            log=folder / "victoria-metrics.log",
        )

    def export(self, match: str = '{__name__!=""}') -> list[dict[str, Any]]:
        """Each series that matches: `metric` (labels), `values`, `timestamps` (ms)."""
        urllib.request.urlopen(f"{self.url}/internal/force_flush", timeout=30).read()
        ask = urllib.parse.urlencode({"match[]": match})
        with urllib.request.urlopen(f"{self.url}/api/v1/export?{ask}", timeout=30) as answer:
            return [json.loads(line) for line in answer.read().splitlines()]

    def forget(self) -> None:
        """Deletes every series."""
        ask = urllib.parse.urlencode({"match[]": '{__name__!=""}'})
        urllib.request.urlopen(f"{self.url}/api/v1/admin/tsdb/delete_series?{ask}", timeout=30).read()
        time.sleep(0.1)


@pytest.fixture(scope="session")
def victoria_metrics_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VictoriaMetrics]:
    """One VictoriaMetrics for all tests that leave it running."""
    with VictoriaMetrics(tmp_path_factory.mktemp("victoria_metrics")) as server:
        assert isinstance(server, VictoriaMetrics)
        yield server


@pytest.fixture
def victoria_metrics(victoria_metrics_server: VictoriaMetrics) -> VictoriaMetrics:
    """An empty store: `.url`, `.export(match)`."""
    victoria_metrics_server.forget()
    return victoria_metrics_server

"""Debian's VictoriaMetrics, which accepts InfluxDB v2's `/api/v2/write` and is read through its export."""

import json
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.servers.process import Server, free_port, is_listening
from tests.servers.programs import require_program


class VictoriaMetrics(Server):
    """A server that deduplicates points, and shows one only seconds after its write unless `export` flushes."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        super().__init__(
            [
                require_program("victoria-metrics"),
                f"-storageDataPath={folder}/data",
                f"-httpListenAddr=127.0.0.1:{self.port}",
                "-dedup.minScrapeInterval=1ms",
                "-retentionPeriod=100y",
                "-search.latencyOffset=0",
            ],
            ready=lambda: is_listening(self.port),
            log=folder / "victoria-metrics.log",
        )

    def export(self, match: str = '{__name__!=""}') -> list[dict[str, Any]]:
        """Return each matching series as `metric` (its labels), `values` and `timestamps` (ms)."""
        urllib.request.urlopen(f"{self.url}/internal/force_flush", timeout=60).read()
        parameters = urllib.parse.urlencode({"match[]": match})
        with urllib.request.urlopen(f"{self.url}/api/v1/export?{parameters}", timeout=60) as answer:
            return [json.loads(line) for line in answer.read().splitlines()]

    def delete_all(self) -> None:
        """Delete every series."""
        parameters = urllib.parse.urlencode({"match[]": '{__name__!=""}'})
        urllib.request.urlopen(f"{self.url}/api/v1/admin/tsdb/delete_series?{parameters}", timeout=60).read()
        time.sleep(0.1)


@pytest.fixture(scope="session")
def victoria_metrics_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VictoriaMetrics]:
    """Yield a VictoriaMetrics that all tests share; a test must not stop it."""
    with VictoriaMetrics(tmp_path_factory.mktemp("victoria_metrics")) as server:
        assert isinstance(server, VictoriaMetrics)
        yield server


@pytest.fixture
def victoria_metrics(victoria_metrics_server: VictoriaMetrics) -> VictoriaMetrics:
    """Yield the shared server with every series deleted."""
    victoria_metrics_server.delete_all()
    return victoria_metrics_server

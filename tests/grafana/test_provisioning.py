"""A real Grafana loads what is provisioned, where one is installed. Debian has none, so CI has none either."""

import base64
import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from pantau_demo import city
from pantau_demo.grafana import ADMIN, Grafana
from pantau_demo.influxdb import InfluxDB
from pantau_demo.processes import Processes, free_ports
from tests.grafana.dashboards import NAMES
from tests.servers.programs import require_program


def get(grafana: Grafana, path: str) -> Any:
    request = urllib.request.Request(grafana.url.partition("/d/")[0] + path)
    pair = base64.b64encode(f"{ADMIN}:{grafana.password}".encode()).decode()
    request.add_header("Authorization", f"Basic {pair}")
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read())


def test_grafana_loads_data_source_and_dashboards_without_a_warning(tmp_path: Path) -> None:
    program = Grafana.find()
    if program is None:
        pytest.skip("grafana is not installed: Debian does not have it; see https://grafana.com/grafana/download")
    influx, rpc, plots = free_ports(3)
    influxdb = InfluxDB(tmp_path / "influxdb", influx, rpc)
    grafana = Grafana(tmp_path / "grafana", plots, influxdb)
    with Processes(tmp_path) as processes:
        processes.start("influxdb", influxdb.command(require_program("influxd")))
        processes.wait_until(influxdb.answers, what="InfluxDB answers", within_s=120)
        ports = city.Ports(broker=1, wall=2, mail=3, uplinks={})
        influxdb.set_up(city.write_collector(tmp_path, ports, "a-token-of-a-screen-of-the-demo", influxdb))
        processes.start("grafana", grafana.command(program))
        processes.wait_until(grafana.answers, what="Grafana answers", within_s=300)
        found = {each["uid"] for each in get(grafana, "/api/search?tag=pantau")}
        assert found == {f"pantau-{name}" for name in NAMES}
        for uid in found:
            assert get(grafana, f"/api/dashboards/uid/{uid}")["dashboard"]["uid"] == uid
        assert get(grafana, "/api/datasources/uid/pantau/health")["status"] == "OK"
        log = processes.output("grafana")
        assert not [line for line in log.splitlines() if "provisioning" in line and "level=" in line], log

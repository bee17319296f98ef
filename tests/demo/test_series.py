"""The demo's InfluxDB and Grafana: with logins, filled, provisioned, and ended with the demo."""

import base64
import configparser
import contextlib
import json
import os
import signal
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from pantau_demo import city
from pantau_demo.grafana import Grafana
from pantau_demo.influxdb import ADMIN, COLLECTOR, READER, InfluxDB
from pantau_demo.processes import Processes, free_ports
from tests.grafana.dashboards import NAMES, variable_queries
from tests.servers.process import until
from tests.servers.programs import require_program

WITHIN_S = 300


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    with Processes(tmp_path) as started:
        yield started


def start_influxdb(processes: Processes, folder: Path) -> InfluxDB:
    influxd = require_program("influxd")
    server = InfluxDB(folder, *free_ports(2))
    processes.start("influxdb", server.command(influxd))
    processes.wait_until(server.answers, what="InfluxDB answers", within_s=WITHIN_S)
    return server


@pytest.fixture
def influxdb(processes: Processes, tmp_path: Path) -> InfluxDB:
    server = start_influxdb(processes, tmp_path / "influxdb")
    ports = city.Ports(broker=1, wall=2, mail=3, uplinks={})
    server.set_up(city.write_collector(tmp_path, ports, "a-token-of-a-screen-of-the-demo", server))
    return server


def ask(server: InfluxDB, user: str | None, influxql: str, *, write: str | None = None) -> tuple[int, Any]:
    """Return the status and the answer of a query, or of a write."""
    address = f"{server.url}/{'write' if write else 'query'}?" + urllib.parse.urlencode(
        {"db": "pantau", "precision": "ms"} if write else {"db": "pantau", "q": influxql}
    )
    request = urllib.request.Request(address, write.encode() if write else b"", method="POST")
    if user:
        pair = f"{user}:{server.password_file(user).read_text('utf-8')}"
        request.add_header("Authorization", f"Basic {base64.b64encode(pair.encode()).decode()}")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        return error.code, None


def test_nobody_reads_without_a_login_and_grafana_cannot_write(influxdb: InfluxDB) -> None:
    line = f"camera,camera=a,site=b fps=25 {time.time_ns() // 1_000_000}"
    assert ask(influxdb, None, "SHOW DATABASES")[0] == 401
    assert ask(influxdb, COLLECTOR, "", write=line)[0] == 204
    assert ask(influxdb, READER, "", write=line)[0] == 403
    status, told = ask(influxdb, READER, "SELECT fps FROM camera")
    assert (status, told["results"][0]["series"][0]["values"][0][1]) == (200, 25)
    for query in variable_queries():
        status, told = ask(influxdb, READER, query.filled_in())
        assert status == 200
        assert "error" not in told["results"][0], query.text
    policies = ask(influxdb, ADMIN, "SHOW RETENTION POLICIES")[1]["results"][0]["series"][0]["values"]
    assert {policy[0] for policy in policies} == {"raw", "long"}, "as init-influx sets it up"


def test_passwords_are_in_files_that_nobody_else_reads_and_nowhere_else(
    influxdb: InfluxDB, tmp_path: Path
) -> None:
    grafana = Grafana(tmp_path / "grafana", 4, influxdb)
    for folder in ("influxdb", "grafana"):
        assert stat.S_IMODE((tmp_path / folder).stat().st_mode) == 0o700
    secrets = [path.read_text("utf-8") for path in tmp_path.rglob("*.password")]
    assert len(set(secrets)) == 4
    assert grafana.password in secrets
    for path in tmp_path.rglob("*.password"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for path in tmp_path.rglob("*"):
        if path.suffix in (".ini", ".yaml", ".conf", ".toml", ".log"):
            assert not any(secret in path.read_text("utf-8", "replace") for secret in secrets), path


def test_grafana_is_told_of_data_source_and_dashboards(influxdb: InfluxDB, tmp_path: Path) -> None:
    grafana = Grafana(tmp_path / "grafana", 4, influxdb)
    settings = configparser.ConfigParser(interpolation=None)
    settings.read(tmp_path / "grafana" / "grafana.ini", "utf-8")
    assert (settings["server"]["http_addr"], settings["server"]["http_port"]) == ("127.0.0.1", "4")
    password_file = settings["security"]["admin_password"].removeprefix("$__file{").removesuffix("}")
    assert Path(password_file).read_text("utf-8") == grafana.password
    provisioning = Path(settings["paths"]["provisioning"])
    (source,) = json.loads((provisioning / "datasources" / "pantau.yaml").read_text("utf-8"))["datasources"]
    assert (source["url"], source["user"], source["jsonData"]["dbName"]) == (influxdb.url, READER, "pantau")
    (provider,) = json.loads((provisioning / "dashboards" / "pantau.yaml").read_text("utf-8"))["providers"]
    assert {path.stem for path in Path(provider["options"]["path"]).glob("*.json")} == set(NAMES)
    assert "/d/pantau-city?" in grafana.url


def start_demo(folder: Path, *options: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "pantau_demo", "--json", "--keep", str(folder), *options],
        stdout=subprocess.PIPE,
        stderr=(folder.parent / "told").open("w"),
        text=True,
    )


def told(folder: Path) -> str:
    return (folder.parent / "told").read_text("utf-8").replace("\n", " ")


@pytest.mark.parametrize("how", ["Ctrl-C", "InfluxDB dies"])
def test_the_demo_ends_all_that_it_started(tmp_path: Path, how: str) -> None:
    require_program("influxd")
    folder = tmp_path / "demo"
    demo = start_demo(folder)
    try:
        assert until(lambda: "series in InfluxDB" in told(folder) or "Grafana:" in told(folder), within_s=WITHIN_S)
        started = psutil.Process(demo.pid).children(recursive=True)
        (influxd,) = [each for each in started if each.name() == "influxd"]
        if how == "Ctrl-C":
            demo.send_signal(signal.SIGINT)
        else:
            influxd.kill()
        assert demo.wait(WITHIN_S) == (0 if how == "Ctrl-C" else 2)
    finally:
        demo.kill()
    _, alive = psutil.wait_procs(started, timeout=30)
    assert alive == []
    if how != "Ctrl-C":
        assert "influxdb ended with" in told(folder)


def test_a_demo_whose_cameras_cannot_send_in_time_says_so_and_does_not_fail_for_it(tmp_path: Path) -> None:
    """Its simulated cameras are stopped for more than half of the time, as by a machine that has none to give."""
    folder = tmp_path / "demo"
    demo = start_demo(folder, "--for", "300", "--no-series")
    assert until(lambda: is_sending(folder), within_s=WITHIN_S)
    cameras = simcam_of(demo)
    with contextlib.suppress(ProcessLookupError):  # the demo has ended, and its cameras with it
        while demo.poll() is None:
            os.kill(cameras, signal.SIGSTOP)
            time.sleep(1.5)
            os.kill(cameras, signal.SIGCONT)
            time.sleep(1)
    output, _ = demo.communicate(timeout=WITHIN_S)
    assert demo.returncode == 0, told(folder)
    result = json.loads(output)
    assert result["wrong"] == []
    assert "this machine is too slow" in result["slow"]
    assert "this machine is too slow" in told(folder)


def simcam_of(demo: "subprocess.Popen[str]") -> int:
    (found,) = [each.pid for each in psutil.Process(demo.pid).children() if "pantau_simcam" in each.cmdline()]
    return found


def is_sending(folder: Path) -> bool:
    log = folder / "simcam.log"
    return log.is_file() and "control:" in log.read_text("utf-8", "replace")

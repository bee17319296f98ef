"""What the control room costs at 5,000 cameras: `python -m benchmarks.web [--json]`. It takes three minutes.

A real broker, a real collector, 300 agents that report, and 50 viewers on event streams in a process of their own.
All of them share this machine.
"""

import argparse
import http.client
import json
import logging
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

import psutil
import tomli_w
from rich.console import Console
from rich.table import Table

from benchmarks.web_city import CAMERAS, SITES, City, camera_keys, write_inventory
from pantau_contract.states import Cause
from tests.servers.mosquitto import Mosquitto
from tests.servers.process import Server, free_port, is_listening, until

VIEWERS = 50
REQUESTS = 150
"""Requests of each kind, unless `--requests` is given; a fifth fewer changes are made."""
IDLE_S = 30.0
PAUSE_S = 0.02
"""Seconds between two requests: nobody may ask more than 100 times a second."""
PAGES = {
    "wall page": "/",
    "map with its data": "/map",
    "camera page": "/cameras/site-007/cam-03",
    "API, 100 cameras": "/api/v1/cameras?limit=100",
    "API, 1,000 cameras": "/api/v1/cameras?limit=1000",
    "API, all sites": "/api/v1/sites?limit=1000",
    "API, incidents": "/api/v1/incidents",
}


class Row(NamedTuple):
    """One line of the table; `ratio` is relative to the peer, if there is one."""

    what: str
    value: float
    unit: str
    ratio: float | None = None


class Collector(Server):
    """`pantau-collector run` as a process, with the city's inventory."""

    def __init__(self, folder: Path, broker: Mosquitto) -> None:
        self.port = free_port()
        write_inventory(folder / "inventory.toml")
        config = folder / "collector.toml"
        settings = {
            "data_dir": str(folder / "data"),
            "inventory": "inventory.toml",
            "broker": {"port": broker.port},
            "web": {"port": self.port},
        }
        config.write_text(tomli_w.dumps(settings))
        self._program, self._options = [sys.executable, "-m", "pantau_collector"], ["--config", str(config)]
        super().__init__(
            [*self._program, "run", *self._options],
            ready=lambda: is_listening(self.port),
            log=folder / "log",
        )

    def make_token(self) -> str:
        """Return a new token for a program that reads."""
        command = [*self._program, "token", "add", "benchmark", *self._options, "--json"]
        made = subprocess.run(command, check=True, capture_output=True)
        token: str = json.loads(made.stdout)["token"]
        return token

    def cpu_pct(self, seconds: float) -> float:
        """Return the part of one core that it takes over some seconds, in percent."""
        process = psutil.Process(self.pid)
        before = process.cpu_times()
        time.sleep(seconds)
        after = process.cpu_times()
        return 100 * (after.user + after.system - before.user - before.system) / seconds

    def memory_mb(self) -> float:
        """Return the resident memory in MB (10^6 bytes)."""
        return psutil.Process(self.pid).memory_info().rss / 1e6


class Client:
    """A program on one connection."""

    def __init__(self, port: int, token: str = "") -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._headers = {"Authorization": f"Bearer {token}", "Accept": "text/html, application/json"}

    def get(self, path: str) -> bytes:
        """Return what is answered."""
        self._connection.request("GET", path, headers=self._headers)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status != http.HTTPStatus.OK:
            raise RuntimeError(f"{path}: {answer.status} {content[:200]!r}")
        return content

    def times_ms(self, path: str, requests: int) -> list[float]:
        """Return how long each of many requests takes."""
        self._connection.close()  # the server ends one that was idle; the next request opens a new one
        found = []
        for _ in range(requests):
            began = time.perf_counter()
            self.get(path)
            found.append(1000 * (time.perf_counter() - began))
            time.sleep(PAUSE_S)
        return found


def p99(values: list[float]) -> float:
    """Return the 99th percentile."""
    return statistics.quantiles(values, n=100)[98]


@contextmanager
def viewers(port: int, token: str) -> Iterator[IO[str]]:
    """Have viewers watch, and yield what the first one prints."""
    command = [sys.executable, "-m", "benchmarks.web_viewers", str(port), token, str(VIEWERS)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        if process.stdout is None:
            raise RuntimeError("the viewers print nothing")
        yield process.stdout
    finally:
        process.terminate()
        process.wait()


class Screen:
    """Notes when each camera's change came to the first viewer."""

    def __init__(self, printed: IO[str]) -> None:
        self.came_ns: dict[tuple[str, str, str], int] = {}
        self._thread = threading.Thread(target=self._read, args=(printed,), daemon=True)
        self._thread.start()

    def _read(self, printed: IO[str]) -> None:
        for line in printed:
            came_ns, _, data = line.partition(" ")
            for each in json.loads(data).get("cameras", ()) if '"cameras":[' in data else ():
                self.came_ns.setdefault((each["site"], each["camera"], each["state"]), int(came_ns))


def changes_ms(city: City, screen: Screen, changes: int) -> list[float]:
    """Return how long each of many changes takes from the broker's door to the screen."""
    chance = random.Random(7)
    left_ns: dict[tuple[str, str, str], int] = {}
    keys = chance.sample(camera_keys(), changes)
    for site, camera in keys:
        left_ns[site, camera, "down"] = time.time_ns()
        city.change(site, camera, Cause.STALLED)
        time.sleep(chance.uniform(0.1, 0.4))
    until(lambda: left_ns.keys() <= screen.came_ns.keys(), within_s=60)
    missing = left_ns.keys() - screen.came_ns.keys()
    if missing:
        raise RuntimeError(f"{len(missing)} changes never came to the screen")
    for site, camera in keys:
        city.change(site, camera, None)
    return [(screen.came_ns[key] - sent_ns) / 1e6 for key, sent_ns in left_ns.items()]


def peer_ms(folder: Path, answer: bytes, requests: int) -> list[float]:
    """Return how long each request to the peer takes, which serves the same."""
    path, port = folder / "answer.json", free_port()
    path.write_bytes(answer)
    command = [sys.executable, "-m", "benchmarks.web_peer", str(port), str(path)]
    with Server(command, ready=lambda: is_listening(port), log=folder / "peer.log"):
        return Client(port).times_ms("/", requests)


def run(folder: Path, requests: int = REQUESTS) -> list[Row]:
    """Measure all figures."""
    with Mosquitto(folder / "broker") as broker, Collector(folder, broker) as collector:
        city = City(broker.port)
        city.start()
        try:
            return _measure(folder, collector, city, requests)
        finally:
            city.stop()


def _measure(folder: Path, collector: Collector, city: City, requests: int) -> list[Row]:
    token = collector.make_token()
    client = Client(collector.port, token)

    def known() -> int:
        answer: dict[str, Any] = json.loads(client.get("/api/v1/cameras?state=ok&limit=1"))
        return int(answer["total"])

    if not until(lambda: known() == CAMERAS, within_s=300, every_s=1):
        raise RuntimeError(f"the collector knows {known()} of {CAMERAS} cameras")
    time.sleep(5)
    cpu_pct, memory_mb = collector.cpu_pct(IDLE_S), collector.memory_mb()
    with viewers(collector.port, token) as printed:
        screen = Screen(printed)
        time.sleep(5)
        watched_pct, watched_mb = collector.cpu_pct(IDLE_S), collector.memory_mb()
        answers = {what: client.times_ms(path, requests) for what, path in PAGES.items()}
        took_ms = changes_ms(city, screen, requests * 4 // 5)
        answer = Client(collector.port, token).get(PAGES["API, 1,000 cameras"])
        peer = peer_ms(folder, answer, requests)
    rows = [
        Row(f"collector, {CAMERAS:,} cameras on {SITES} sites: of one core", cpu_pct, "%"),
        Row(f"  with {VIEWERS} viewers on event streams", watched_pct, "%", watched_pct / cpu_pct),
        Row("  memory", memory_mb, "MB"),
        Row(f"  memory with {VIEWERS} viewers", watched_mb, "MB", watched_mb / memory_mb),
    ]
    for what, times in answers.items():
        is_compared = what == "API, 1,000 cameras"
        rows.append(Row(f"{what}, p50", statistics.median(times), "ms"))
        rows.append(Row("  p99", p99(times), "ms", p99(times) / p99(peer) if is_compared else None))
    rows += [
        Row("the same 1,000 cameras as plain JSON of Starlette, p50", statistics.median(peer), "ms"),
        Row("  p99", p99(peer), "ms", 1.0),
        Row("a state's arrival at the broker, to the screen, p50", statistics.median(took_ms), "ms"),
        Row("  p99", p99(took_ms), "ms"),
    ]
    return rows


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--requests", type=int, default=REQUESTS, help="of each kind")
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        rows = run(Path(folder), arguments.requests)
    if arguments.json:
        print(json.dumps([row._asdict() for row in rows]))
        return
    table = Table("", "", "", "ratio")
    for row in rows:
        table.add_row(row.what, f"{row.value:,.1f}", row.unit, "" if row.ratio is None else f"{row.ratio:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()

"""Measures a large city at one collector: memory, start and a draining backlog (part of `benchmarks.ingest`)."""

import shutil
import statistics
import sys
import threading
import time
import urllib.request
from pathlib import Path

import tomli_w
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.ingest_batches import CAMERAS, Row, telemetry
from pantau_collector.journal import Journal, Record
from pantau_contract.topics import Topic, TopicKind
from pantau_contract.wire import encode
from tests.servers.influxdb import InfluxDB
from tests.servers.mosquitto import Mosquitto
from tests.servers.process import Server, free_port, until
from tests.servers.screen import WEB, asked

LARGE_CITY = 100_000
"""Cameras of the large city."""
BACKLOG_SITES = 100
"""Sites that return with a backlog."""
BACKLOG_BATCHES = 288
"""Batches of each site: a tenth of 24 hours at 30 s."""
PER_S = 20.0
"""Batches per second that a site sends from its backlog: the agent's default."""
LIVE_EVERY_S = 0.25
"""Seconds between two live batches."""
RESTART_LINES = 10_000_000
"""Lines that wait in the journal at the start."""


class Collector(Server):
    """Runs `pantau-collector run` as a process."""

    def __init__(self, folder: Path, broker: Mosquitto, influxdb: InfluxDB | None = None) -> None:
        self.data = folder / "data"
        self.data.mkdir(parents=True)
        self.port = free_port()
        settings: dict[str, object] = {
            "data_dir": str(self.data),
            "broker": {"port": broker.port},
            "web": {"port": self.port, **WEB},
        }
        if influxdb is not None:
            influxdb.query("CREATE DATABASE backlog")
            settings["influx"] = {"version": 1, "url": influxdb.url, "database": "backlog"}
        config = folder / "collector.toml"
        config.write_text(tomli_w.dumps(settings))
        super().__init__(
            [sys.executable, "-m", "pantau_collector", "run", "--config", str(config)],
            ready=lambda: self.metric("pantau_intake_connected") == 1,
            log=folder / "log",
        )

    def metric(self, name: str) -> float:
        """Return the sum of a metric's values, or NaN while the collector does not answer."""
        try:
            with urllib.request.urlopen(asked(f"http://127.0.0.1:{self.port}/metrics"), timeout=10) as answer:
                lines = answer.read().decode().splitlines()
        except OSError:
            return float("nan")
        values = [line.rpartition(" ") for line in lines if not line.startswith("#")]
        return sum(float(value) for head, _, value in values if head.partition("{")[0] == name)

    def memory_mb(self) -> float:
        """Return the resident memory in MB."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1000


def bench_large_city(folder: Path, broker: Mosquitto) -> list[Row]:
    """Measure two starts of a collector with 100,000 cameras, from the journal and from the store."""
    collector = Collector(folder / "large", broker)
    with Journal(collector.data / "journal") as journal:
        sites = LARGE_CITY // CAMERAS
        for seq in range(2):
            now = time.time_ns() // 1_000_000
            batches = [telemetry(site, seq, now) for site in range(sites)]
            journal.append(Record(now, str(Topic(b.site, TopicKind.TELEMETRY)), encode(b)) for b in batches)

    def started() -> float:
        began = time.perf_counter()
        collector.start(within_s=120)
        if not until(lambda: collector.metric("pantau_cameras") >= LARGE_CITY, within_s=180, every_s=0.2):
            sys.exit(f"{collector.metric('pantau_cameras'):.0f} cameras of {LARGE_CITY}: the measurement is void")
        return time.perf_counter() - began

    first_s = started()
    time.sleep(3)
    first_mb = collector.memory_mb()
    collector.stop()
    again_s = started()
    time.sleep(3)
    again_mb = collector.memory_mb()
    collector.stop()
    return [
        Row(f"whole collector, {LARGE_CITY:,} cameras: resident", first_mb, "MB"),
        Row("  from start to all shown, out of the journal", first_s, "s"),
        Row("  from start to all shown, out of the store", again_s, "s"),
        Row("  resident then", again_mb, "MB"),
    ]


def bench_restart(folder: Path, broker: Mosquitto, influxdb: InfluxDB) -> list[Row]:
    """Measure a start with ten million lines in the journal that InfluxDB does not have."""
    collector = Collector(folder / "restart", broker, influxdb)
    now = time.time_ns() // 1_000_000
    batches = [telemetry(i % 100, i // 100, now - (10 - i // 100) * 30_000) for i in range(1000)]
    records = [Record(now, str(Topic(b.site, TopicKind.TELEMETRY)), encode(b, compress=True)) for b in batches]
    lines = CAMERAS + 2
    with Journal(collector.data / "journal") as journal:
        for _ in range(RESTART_LINES // lines // len(records) + 1):
            journal.append(records)
    delays: list[float] = []
    done = threading.Event()
    began = time.perf_counter()
    with collector:
        connected_s = time.perf_counter() - began
        live = threading.Thread(target=_report_live, args=(broker.port, influxdb, delays, done))
        live.start()
        until(lambda: delays, within_s=120, every_s=0.05)
        live_s = time.perf_counter() - began
        done.set()
        live.join()
    shutil.rmtree(folder / "restart")
    return [
        Row(f"start with {RESTART_LINES:,} lines waiting in the journal: to taking messages", connected_s, "s"),
        Row("  to the first live batch in InfluxDB", live_s, "s"),
    ]


def bench_backlog(folder: Path, broker: Mosquitto, influxdb: InfluxDB) -> list[Row]:
    """Measure 100 sites that return with a backlog at their agents' rate, while another site reports live."""
    collector = Collector(folder / "backlog", broker, influxdb)
    total = BACKLOG_SITES * BACKLOG_BATCHES
    delays: list[float] = []
    done = threading.Event()
    with collector:
        live = threading.Thread(target=_report_live, args=(broker.port, influxdb, delays, done))
        live.start()
        began = time.perf_counter()
        _send_backlog(broker.port)
        sent_s = time.perf_counter() - began
        until(lambda: collector.metric("pantau_intake_journaled_total") >= total, within_s=300, every_s=0.1)
        journaled_s = time.perf_counter() - began
        until(lambda: collector.metric("pantau_sink_behind_bytes") < 1_000_000, within_s=300, every_s=0.1)
        drained_s = time.perf_counter() - began
        done.set()
        live.join()
        memory_mb = collector.memory_mb()
    shutil.rmtree(folder / "backlog")
    share = BACKLOG_BATCHES / 2880
    samples = total * CAMERAS
    return [
        Row(f"backlog of {BACKLOG_SITES} sites, {share * 24:.1f} h: sent, at the agents' rate", sent_s, "s"),
        Row("  in the journal", journaled_s, "s"),
        Row("  in InfluxDB", drained_s, "s"),
        Row("  samples", samples / drained_s, "samples/s"),
        Row("  24 h of it would take (by proportion)", drained_s / share, "s"),
        Row("  live meanwhile, published to queryable, p50", statistics.median(delays), "s"),
        Row("  live meanwhile, published to queryable, p99", statistics.quantiles(delays, n=100)[98], "s"),
        Row("  resident", memory_mb, "MB"),
    ]


def _send_backlog(port: int) -> None:
    """Send every site's backlog from one connection, no faster than all agents together would."""
    client = Client(CallbackAPIVersion.VERSION2)
    client.max_inflight_messages_set(8 * BACKLOG_SITES)
    client.connect("127.0.0.1", port)
    client.loop_start()
    began, now = time.perf_counter(), time.time_ns() // 1_000_000
    for seq in range(BACKLOG_BATCHES):
        infos = []
        for site in range(BACKLOG_SITES):
            batch = telemetry(site, seq, now - (BACKLOG_BATCHES - seq) * 30_000)
            infos.append(client.publish(str(Topic(batch.site, TopicKind.TELEMETRY)), encode(batch), qos=1))
        for info in infos:
            info.wait_for_publish(60)
        time.sleep(max(0.0, began + (seq + 1) / PER_S - time.perf_counter()))
    client.disconnect()
    client.loop_stop()


def _report_live(port: int, influxdb: InfluxDB, delays: list[float], done: threading.Event) -> None:
    client = Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", port)
    client.loop_start()
    seq = 0
    while not done.wait(LIVE_EVERY_S):
        batch = telemetry(BACKLOG_SITES + 1, seq, time.time_ns() // 1_000_000)
        ask = f"SELECT seq FROM agent WHERE site = '{batch.site}' AND time = {batch.time}ms"
        began = time.perf_counter()
        client.publish(str(Topic(batch.site, TopicKind.TELEMETRY)), encode(batch), qos=1)
        until(lambda ask=ask: influxdb.query(ask, "backlog"), within_s=120, every_s=0.02)  # type: ignore[misc]
        delays.append(time.perf_counter() - began)
        seq += 1
    client.disconnect()
    client.loop_stop()

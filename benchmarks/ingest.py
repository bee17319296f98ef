"""Compares what a collector ingests with the servers themselves: `python -m benchmarks.ingest [--json]`.

Mosquitto and InfluxDB are real, on loopback; files are in the temporary folder. A message is what a site of 16
cameras sends every 30 s.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion
from rich.console import Console
from rich.table import Table

from benchmarks.ingest_batches import CAMERAS, Row, telemetry
from benchmarks.ingest_scale import bench_backlog, bench_large_city, bench_restart
from pantau_collector.clock import SystemClock
from pantau_collector.config import Broker, InfluxV1
from pantau_collector.deadletter import DeadLetters
from pantau_collector.intake import Intake
from pantau_collector.journal import CursorFile, Journal, JournalReader, Record
from pantau_collector.pictures import PictureFiles
from pantau_collector.sinks import SinkWriter, open_series_store
from pantau_collector.sinks.batch import read_batch
from pantau_contract.topics import SUBSCRIPTIONS, Topic, TopicKind
from pantau_contract.wire import encode
from tests.servers.influxdb import InfluxDB
from tests.servers.mosquitto import Mosquitto
from tests.servers.process import until

MESSAGES = 8_000
"""Messages that wait at the broker for the intake."""
TRIALS = 40
"""Batches whose delay is measured."""
BACKLOG_RECORDS = 1_000_000
"""Records in the journal that is appended to, opened and read."""

_now = SystemClock().time_ms
_SETTINGS = "allow_anonymous true\npersistence false\nmax_inflight_messages 1000\nmax_queued_messages 100000\n"


def messages(count: int) -> list[tuple[str, bytes]]:
    """Return topics and payloads of 100 sites by turns, the newest dated now."""
    now = _now()
    made = []
    for i in range(count):
        batch = telemetry(i % 100, i // 100, now - (count - i) // 100 * 30_000)
        made.append((str(Topic(batch.site, TopicKind.TELEMETRY)), encode(batch)))
    return made


def queue_at_broker(port: int, batches: list[tuple[str, bytes]]) -> None:
    """Create the collector's session and fill its queue while the collector is away."""
    session = Client(CallbackAPIVersion.VERSION2, client_id=Broker().client_id, clean_session=False)
    session.on_connect = lambda *_: _ignore(session.subscribe([(topic, 1) for topic in SUBSCRIPTIONS]))
    session.on_subscribe = lambda *_: _ignore(session.disconnect())
    session.connect("127.0.0.1", port)
    session.loop_forever()
    agent = Client(CallbackAPIVersion.VERSION2)
    agent.max_inflight_messages_set(1000)
    agent.connect("127.0.0.1", port)
    agent.loop_start()
    for info in [agent.publish(topic, payload, qos=1) for topic, payload in batches]:
        info.wait_for_publish(60)
    agent.disconnect()
    agent.loop_stop()


def bench_intake(folder: Path, broker: Mosquitto) -> list[Row]:
    """Measure the intake: from the broker's queue to the journal."""
    queue_at_broker(broker.port, messages(MESSAGES))
    with Journal(folder / "journal") as journal:
        intake = make_intake(folder, broker, journal)
        began, began_cpu = time.perf_counter(), time.process_time()
        intake.start()
        until(lambda: intake.acknowledged >= MESSAGES, within_s=60, every_s=0.005)
        took, cpu = time.perf_counter() - began, time.process_time() - began_cpu
        intake.stop()
        samples = intake.samples
    if samples != MESSAGES * CAMERAS:
        sys.exit(f"{samples} of {MESSAGES * CAMERAS} samples arrived: the measurement is void")
    return [
        Row("MQTT to journal, acknowledged", samples / took, "samples/s"),
        Row("  of one core", samples / cpu, "samples/s"),
        Row("  messages", MESSAGES / took, "messages/s"),
    ]


def make_intake(folder: Path, broker: Mosquitto, journal: Journal) -> Intake:
    """Return an intake with its files in the folder."""
    return Intake(
        Broker(port=broker.port),
        journal,
        PictureFiles(folder / "pictures", time_ms=_now),
        DeadLetters(folder / "dead.jsonl", time_ms=_now),
        time_ms=_now,
    )


def bench_sink(folder: Path, influxdb: InfluxDB) -> list[Row]:
    """Measure writing the same lines by curl, and by the sink from the journal; the better of two rounds each."""
    files, count = line_files(folder)
    rounds = [(round_of_curl(influxdb, files, i), *round_of_writer(folder, influxdb, i)) for i in range(2)]
    curl_s, sink_s, cpu_s = map(min, zip(*rounds, strict=True))
    return [
        Row("lines to InfluxDB by curl", count / curl_s, "lines/s"),
        Row("journal to InfluxDB by the sink", count / sink_s, "lines/s", curl_s / sink_s),
        Row("  of one core", count / cpu_s, "lines/s"),
    ]


def line_files(folder: Path) -> tuple[list[Path], int]:
    """Write the journal as files of line protocol, one per request; return them and the number of lines."""
    reader = JournalReader(folder / "journal")
    files: list[Path] = []
    count, position = 0, reader.start
    while True:
        batch = read_batch(reader, position)
        if not batch.lines:
            return files, count
        for lines in batch.writes():
            path = folder / f"{len(files)}.lines"
            path.write_text("\n".join(lines))
            files.append(path)
        count += len(batch.lines)
        position = batch.position


def round_of_curl(influxdb: InfluxDB, files: list[Path], number: int) -> float:
    """Return the seconds that curl takes for all files, over one connection."""
    database = new_database(influxdb, f"curl{number}")
    url = f"{influxdb.url}/write?db={database}&precision=ms"
    arguments = ["curl", "--silent", "--show-error", "--fail"]
    for i, path in enumerate(files):
        arguments += [*(["--next", "--silent", "--fail"] if i else []), "--data-binary", f"@{path}", url]
    began = time.perf_counter()
    subprocess.run(arguments, check=True)
    return time.perf_counter() - began


def round_of_writer(folder: Path, influxdb: InfluxDB, number: int) -> tuple[float, float]:
    """Return the seconds that the sink takes for the journal, and its processor time."""
    database = new_database(influxdb, f"sink{number}")
    with Journal(folder / "journal") as journal:
        writer = make_writer(folder, influxdb, journal, database)
        began, began_cpu = time.perf_counter(), time.process_time()
        writer.start()
        until(lambda: writer.behind_bytes == 0, within_s=60, every_s=0.005)
        took, cpu = time.perf_counter() - began, time.process_time() - began_cpu
        writer.stop()
    return took, cpu


def new_database(influxdb: InfluxDB, name: str) -> str:
    """Create an empty database and return its name."""
    influxdb.query(f"CREATE DATABASE {name}")
    return name


def make_writer(folder: Path, influxdb: InfluxDB, journal: Journal, database: str) -> SinkWriter:
    """Return a sink writer for the whole journal."""
    return SinkWriter(
        journal,
        CursorFile(folder / f"{database}.cursor"),
        open_series_store(InfluxV1(version=1, url=influxdb.url, database=database)),
        DeadLetters(folder / "dead-lines.jsonl", time_ms=_now),
    )


def bench_delay(folder: Path, broker: Mosquitto, influxdb: InfluxDB) -> list[Row]:
    """Measure the delay from publishing a batch to finding it by a query, one at a time."""
    database = new_database(influxdb, "delay")
    delays = []
    with Journal(folder / "delay-journal") as journal:
        intake = make_intake(folder, broker, journal)
        writer = make_writer(folder, influxdb, journal, database)
        intake.start()
        writer.start()
        until(lambda: intake.connected)
        agent = Client(CallbackAPIVersion.VERSION2)
        agent.connect("127.0.0.1", broker.port)
        agent.loop_start()
        for seq in range(TRIALS):
            batch = telemetry(0, 1_000_000 + seq, _now())
            ask = f"SELECT seq FROM agent WHERE time >= {batch.time}ms AND time <= {batch.time}ms"
            began = time.perf_counter()
            agent.publish(str(Topic(batch.site, TopicKind.TELEMETRY)), encode(batch), qos=1)
            until(lambda ask=ask: influxdb.query(ask, database), within_s=10, every_s=0.005)  # type: ignore[misc]
            delays.append(time.perf_counter() - began)
        agent.disconnect()
        agent.loop_stop()
        intake.stop()
        writer.stop()
    return [
        Row("published to queryable, p50", statistics.median(delays), "s"),
        Row("published to queryable, p99", statistics.quantiles(delays, n=100)[98], "s"),
    ]


def bench_journal(folder: Path) -> list[Row]:
    """Measure appending, opening and reading a large journal."""
    payload = os.urandom(120)
    record = Record(_now(), "pantau/v1/site-1/telemetry", payload)
    with Journal(folder / "backlog") as journal:
        began = time.perf_counter()
        for _ in range(BACKLOG_RECORDS // 2000):
            journal.append([record] * 2000)
        appended = time.perf_counter() - began
        size = journal.end
    began = time.perf_counter()
    with Journal(folder / "backlog") as journal:
        journal.read(journal.start, 1)
        opened = time.perf_counter() - began
        began = time.perf_counter()
        position, count = journal.start, 0
        while found := journal.read(position, 5000):
            records, position = found
            if not records:
                break
            count += len(records)
        read = time.perf_counter() - began
    return [
        Row("journal: append, 2,000 a synchronisation", BACKLOG_RECORDS / appended, "records/s"),
        Row("journal: read", count / read, "records/s"),
        Row(f"journal: open, {BACKLOG_RECORDS:,} records ({size >> 20} MiB) waiting", opened, "s"),
    ]


def run(folder: Path, progress: Callable[[str], None]) -> list[Row]:
    """Run all measurements."""
    rows = []
    with Mosquitto(folder / "mosquitto", settings=_SETTINGS) as broker, InfluxDB(folder / "influxdb") as influxdb:
        assert isinstance(broker, Mosquitto)
        assert isinstance(influxdb, InfluxDB)
        progress("MQTT to journal")
        rows += bench_intake(folder, broker)
        progress("journal to InfluxDB")
        rows += bench_sink(folder, influxdb)
        progress("published to queryable")
        rows += bench_delay(folder, broker, influxdb)
        progress("a backlog of many sites")
        rows += bench_backlog(folder, broker, influxdb)
        progress("a start with a large backlog")
        rows += bench_restart(folder, broker, influxdb)
        progress("a large city")
        rows += bench_large_city(folder, broker)
    progress("a large backlog")
    return rows + bench_journal(folder)


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ingest", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    arguments = parser.parse_args()
    absent = [name for name in ("mosquitto", "influxd", "curl") if not shutil.which(name, path=_path())]
    if absent:
        print(f"not measured: {', '.join(absent)} not installed (on Debian: sudo make servers)", file=sys.stderr)
        return 3
    console = Console(stderr=arguments.json)
    with tempfile.TemporaryDirectory() as folder, console.status("") as status:
        rows = run(Path(folder), status.update)
    if arguments.json:
        print(json.dumps([row._asdict() for row in rows]))
        return 0
    table = Table("what", "value", "unit", "of the row before")
    for row in rows:
        digits = 0 if row.value > 100 else 3
        table.add_row(row.what, f"{row.value:,.{digits}f}", row.unit, f"{row.ratio:.2f}" if row.ratio else "")
    console.print(table)
    return 0


def _ignore(_: object) -> None:
    """Ignore a result, as a callback must return None."""


def _path() -> str:
    return f"{os.environ.get('PATH', '')}:/usr/sbin"


if __name__ == "__main__":
    sys.exit(main())

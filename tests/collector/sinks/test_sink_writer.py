import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pantau_collector.config import InfluxV1
from pantau_collector.deadletter import DeadLetters
from pantau_collector.journal import CursorFile, Journal, Record, RetentionLimits
from pantau_collector.sinks import SinkWriter, open_series_store
from pantau_contract.topics import TopicKind
from pantau_contract.wire import encode
from tests.collector.intake.messages import NOW, telemetry, topic
from tests.collector.sinks.scripted_server import Answer, ScriptedServer, scripted_server
from tests.servers.influxdb import Database, InfluxDB
from tests.servers.process import until


def records(*seqs: int, cameras: int = 2) -> list[Record]:
    batches = [telemetry(seq, cameras=cameras) for seq in seqs]
    return [Record(batch.time + 50, topic(TopicKind.TELEMETRY), encode(batch)) for batch in batches]


class Sink:
    """A journal and its sink writer; a second `start` is a restart of the collector."""

    def __init__(
        self, folder: Path, *, segment_bytes: int = 1 << 20, retention: RetentionLimits | None = None
    ) -> None:
        self.folder = folder
        self.journal = Journal(folder / "journal", segment_bytes=segment_bytes, retention=retention)
        self.writer: SinkWriter | None = None

    def make(self, url: str, database: str = "pantau", *, first_retry_s: float = 0.02) -> SinkWriter:
        self.cursor = CursorFile(self.folder / "influx.cursor")
        letters = DeadLetters(self.folder / "dead.jsonl", time_ms=lambda: NOW)
        store = open_series_store(InfluxV1(version=1, url=url, database=database))
        self.writer = SinkWriter(
            self.journal, self.cursor, store, letters, linger_s=0.01, first_retry_s=first_retry_s
        )
        return self.writer

    def start(self, url: str, database: str = "pantau") -> SinkWriter:
        writer = self.make(url, database)
        writer.start()
        return writer

    def stop(self) -> None:
        if self.writer is not None:
            self.writer.stop()
            self.writer = None

    def dead(self) -> list[dict[str, Any]]:
        path = self.folder / "dead.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sink]:
    sink = Sink(tmp_path)
    yield sink
    sink.stop()
    sink.journal.close()


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as server:
        yield server


def seqs_in(database: Database) -> list[int]:
    rows = database.query(f"SELECT seq FROM agent WHERE time >= 0 AND time < {2 * NOW}ms")
    return [row["seq"] for row in rows]


def test_what_is_and_what_comes_into_the_journal_comes_into_influxdb(sink: Sink, influxdb: Database) -> None:
    sink.journal.append(records(1, 2))
    writer = sink.start(influxdb.url, influxdb.name)
    assert until(lambda: writer.behind_bytes == 0)
    assert writer.lines_written == 8
    sink.journal.append(records(3))
    assert until(lambda: seqs_in(influxdb) == [1, 2, 3])
    assert until(lambda: writer.behind_bytes == 0)
    assert writer.trouble is None


def test_a_backlog_of_many_batches_arrives_whole(sink: Sink, influxdb: Database) -> None:
    for start in range(0, 400, 50):
        sink.journal.append(records(*range(start, start + 50), cameras=40))
    writer = sink.start(influxdb.url, influxdb.name)
    assert until(lambda: writer.behind_bytes == 0)
    assert seqs_in(influxdb) == list(range(400))
    (row,) = influxdb.query(f"SELECT count(fps) FROM camera WHERE time >= 0 AND time < {2 * NOW}ms")
    assert row["count"] == 400 * 40
    assert writer.lines_written == 400 * 42


def first_write_with(server: ScriptedServer, seq: int) -> int:
    """Return the number of the first write that held a batch, counted from 1, or 0 if none did."""
    return next((i for i, body in enumerate(server.bodies, 1) if f"seq={seq}i" in body), 0)


def seqs_written(server: ScriptedServer) -> set[int]:
    return {int(found) for body in server.bodies for found in re.findall(r"seq=(\d+)i", body)}


def test_what_is_new_goes_before_a_backlog_that_agents_sent(sink: Sink, server: ScriptedServer) -> None:
    for record in records(*range(900), cameras=20):
        sink.journal.append([msgspec.structs.replace(record, late=True)])
    sink.journal.append(records(1000))
    writer = sink.start(server.url)
    assert until(lambda: writer.behind_bytes == 0)
    assert first_write_with(server, 1000) == 1
    assert seqs_written(server) == {*range(900), 1000}
    assert sum("seq=1000i" in body for body in server.bodies) == 1


def test_what_is_new_goes_before_what_gathered_while_influxdb_was_away_over_a_restart_too(
    sink: Sink, server: ScriptedServer
) -> None:
    for start in range(0, 900, 100):
        sink.journal.append(records(*range(start, start + 100), cameras=100))
    server.answers = [Answer(204)] * 3 + [Answer(503)]
    writer = sink.start(server.url)
    assert until(lambda: len(server.bodies) >= 3)
    written = len(server.bodies)
    sink.journal.append(records(1000))
    assert until(lambda: writer.trouble is not None)
    sink.stop()
    assert not writer._lanes.is_single
    server.answers = [Answer(204)]
    writer = sink.start(server.url)
    assert until(lambda: writer.behind_bytes == 0)
    assert first_write_with(server, 1000) <= written + 4
    assert seqs_written(server) == {*range(900), 1000}


def test_a_restart_goes_on_where_it_was(sink: Sink, server: ScriptedServer) -> None:
    sink.journal.append(records(1))
    writer = sink.start(server.url)
    assert until(lambda: writer.behind_bytes == 0)
    sink.stop()
    sink.journal.append(records(2))
    writer = sink.start(server.url)
    assert until(lambda: writer.behind_bytes == 0)
    assert ["seq=1i" in body for body in server.bodies] == [True, False]
    assert ["seq=2i" in body for body in server.bodies] == [False, True]


def test_the_cursor_waits_for_the_server(sink: Sink, server: ScriptedServer) -> None:
    server.answers = [Answer(500, b"disk")]
    sink.journal.append(records(1))
    writer = sink.start(server.url)
    assert until(lambda: writer.retries >= 2)
    assert "500: disk" in str(writer.trouble)
    assert sink.cursor.position == 0
    server.answers = [Answer(204)]
    assert until(lambda: writer.behind_bytes == 0)
    assert until(lambda: writer.trouble is None)
    assert len(server.bodies) == writer.retries + 1
    assert len(set(server.bodies)) == 1


def test_a_write_that_fails_in_a_large_backlog_is_written_again_though_the_next_was_made_ahead(
    sink: Sink, server: ScriptedServer
) -> None:
    for start in range(0, 400, 40):
        sink.journal.append(records(*range(start, start + 40), cameras=100))
    server.answers = [Answer(204), Answer(500), Answer(204)]
    writer = sink.start(server.url)
    assert until(lambda: writer.behind_bytes == 0)
    taken = server.bodies[:1] + server.bodies[2:]
    lines = "\n".join(taken).splitlines()
    assert sum(line.startswith("agent") for line in set(lines)) == 400
    assert writer.lines_written == len(set(lines)) == 400 * 102


def test_influxdb_killed_in_the_middle_gets_everything_once_it_is_back(sink: Sink, tmp_path: Path) -> None:
    with InfluxDB(tmp_path / "influxdb") as server:
        assert isinstance(server, InfluxDB)
        server.query("CREATE DATABASE pantau")
        writer = sink.start(server.url)
        for start in range(0, 200, 20):
            sink.journal.append(records(*range(start, start + 20), cameras=20))
            if start == 100:
                server.kill()
        assert until(lambda: writer.trouble is not None)
        server.start()
        assert until(lambda: writer.behind_bytes == 0)
        assert seqs_in(Database(server, "pantau")) == list(range(200))


def test_a_refused_line_is_kept_with_the_servers_words_and_never_sent_again(
    sink: Sink, influxdb: Database
) -> None:
    open_series_store(InfluxV1(version=1, url=influxdb.url, database=influxdb.name)).write(
        f"agent,site=other samples=1.5 {NOW}".encode()
    )
    writer = sink.start(influxdb.url, influxdb.name)
    sink.journal.append(records(1, 2, 3))
    assert until(lambda: writer.behind_bytes == 0)
    assert writer.lines_dead == 3
    assert writer.lines_written == 9
    assert writer.retries == 0
    assert writer.trouble is None
    assert {letter["topic"] for letter in sink.dead()} == {"agent"}
    assert all("field type conflict" in letter["reason"] for letter in sink.dead())
    (row,) = influxdb.query(f"SELECT count(cpu_pct) FROM host WHERE time >= 0 AND time < {2 * NOW}ms")
    assert row["count"] == 3


def test_a_server_that_refuses_everything_is_no_loop(sink: Sink, server: ScriptedServer) -> None:
    server.answers = [Answer(400, b'{"error":"unable to parse"}')]
    sink.journal.append(records(1, 2))
    writer = sink.start(server.url)
    assert until(lambda: writer.behind_bytes == 0)
    assert writer.lines_dead == 8
    assert len(server.bodies) == 15, "a binary search over eight lines"


def test_retry_after_is_honoured(sink: Sink, server: ScriptedServer) -> None:
    server.answers = [Answer(429, headers=(("Retry-After", "7"),)), Answer(204)]
    sink.journal.append(records(1))
    writer = sink.make(server.url)
    assert 7 <= writer._step() <= 7 * 1.25
    assert writer._step() == 0
    assert writer.behind_bytes == 0


def test_the_wait_doubles_from_1_s_to_60_s_and_begins_again_after_a_success(
    sink: Sink, server: ScriptedServer
) -> None:
    sink.journal.append(records(1))
    writer = sink.make(server.url, first_retry_s=1.0)
    server.answers = [Answer(503)]
    for wait_s in (1, 2, 4, 8, 16, 32, 60, 60):
        assert wait_s <= writer._step() <= wait_s * 1.25
    server.answers = [Answer(204), Answer(503)]
    assert writer._step() == 0
    sink.journal.append(records(2))
    assert 1 <= writer._step() <= 1.25
    assert inspect.signature(SinkWriter).parameters["first_retry_s"].default == 1


def test_waits_grow_while_the_server_is_away_and_stop_does_not_wait_for_them(
    sink: Sink, server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.answers = [Answer(503)]
    sink.journal.append(records(1))
    writer = sink.start(server.url)
    assert until(lambda: writer.retries >= 5)
    sink.stop()
    warnings = [record for record in caplog.records if record.levelname == "WARNING"]
    assert len(warnings) == 1, "the first is a warning, the others are on the debug level"


def test_a_record_that_cannot_be_read_back_holds_nothing_up(sink: Sink, server: ScriptedServer) -> None:
    sink.journal.append([Record(NOW, topic(TopicKind.TELEMETRY), b'{"from": "another version"}'), *records(1)])
    writer = sink.start(server.url)
    assert until(lambda: writer.behind_bytes == 0)
    assert "cannot be made lines" in sink.dead()[0]["reason"]
    assert "seq=1i" in server.bodies[0]


def test_a_kill_between_write_and_cursor_doubles_nothing(sink: Sink, influxdb: Database) -> None:
    sink.journal.append(records(*range(10)))
    writer = sink.start(influxdb.url, influxdb.name)
    assert until(lambda: writer.behind_bytes == 0)
    sink.stop()
    CursorFile(sink.folder / "influx.cursor").move(0)
    again = sink.start(influxdb.url, influxdb.name)
    assert until(lambda: again.behind_bytes == 0)
    assert again.lines_written == writer.lines_written == 40
    (row,) = influxdb.query(f"SELECT count(fps) FROM camera WHERE time >= 0 AND time < {2 * NOW}ms")
    assert row["count"] == 20


def test_two_sinks_each_with_its_cursor(sink: Sink, server: ScriptedServer, tmp_path: Path) -> None:
    with scripted_server() as second_server:
        second_server.answers = [Answer(503)]
        sink.journal.append(records(1))
        second = SinkWriter(
            sink.journal,
            CursorFile(tmp_path / "second.cursor"),
            open_series_store(InfluxV1(version=1, url=second_server.url)),
            DeadLetters(tmp_path / "second.jsonl", time_ms=lambda: NOW),
            name="second",
        )
        second.start()
        writer = sink.start(server.url)
        assert until(lambda: writer.behind_bytes == 0)
        assert until(lambda: second.trouble is not None)
        assert second.behind_bytes > 0
        second.stop()


def test_what_the_sink_has_not_read_outlives_retention(tmp_path: Path, server: ScriptedServer) -> None:
    sink = Sink(tmp_path, segment_bytes=20_000, retention=RetentionLimits(max_bytes=1))
    try:
        server.answers = [Answer(503)]
        writer = sink.start(server.url)
        for seq in range(22):
            sink.journal.append(records(seq, cameras=50))
        assert sink.journal.start == 0
        assert len(list((sink.folder / "journal").glob("*.journal"))) > 3
        server.answers = [Answer(204)]
        assert until(lambda: writer.behind_bytes == 0)
        assert all(any(f"seq={i}i" in body for body in server.bodies) for i in range(22))
        sink.journal.retain(NOW)
        assert sink.journal.start > 0
    finally:
        sink.stop()
        sink.journal.close()

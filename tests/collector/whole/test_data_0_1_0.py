"""The data directory of a collector 0.1.0, stopped with an open incident and a backlog for InfluxDB, is continued.

It holds ten batches of `kabil` and the failure of `cam1`; InfluxDB had taken the first six batches.
"""

import re
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from pantau_collector.clock import SystemClock
from pantau_collector.config import InfluxV1
from pantau_collector.data_dir import DataDir
from pantau_collector.deadletter import DeadLetters
from pantau_collector.incidents.rules import IncidentRules
from pantau_collector.inventory import Inventory
from pantau_collector.journal import CursorFile, Journal
from pantau_collector.notices.recipients import People
from pantau_collector.pipeline import Pipeline
from pantau_collector.sinks import SinkWriter, open_series_store
from pantau_collector.store import Store, fleet_rows, incident_rows, notice_rows, outbox_rows
from pantau_collector.store.outbox_rows import Status
from tests.collector.sinks.scripted_server import scripted_server

DATA = Path(__file__).with_name("data_0_1_0")
INFLUX_POSITION = 3905


@pytest.fixture
def paths(tmp_path: Path) -> DataDir:
    shutil.copytree(DATA, tmp_path / "data")
    with sqlite3.connect(tmp_path / "data" / "collector.sqlite") as database:
        database.executescript((DATA / "store.sql").read_text())
    return DataDir(tmp_path / "data")


@pytest.fixture
def journal(paths: DataDir) -> Iterator[Journal]:
    with Journal(paths.journal) as journal:
        yield journal


def test_the_sink_writes_what_influxdb_did_not_have(paths: DataDir, journal: Journal) -> None:
    cursor = CursorFile(paths.influx_cursor)
    assert cursor.positions == (INFLUX_POSITION,) * 3
    dead_letters = DeadLetters(paths.dead_lines, time_ms=lambda: 0)
    with scripted_server() as server:
        store = open_series_store(InfluxV1(version=1, url=server.url))
        writer = SinkWriter(journal, cursor, store, dead_letters, linger_s=0)
        assert writer._step() == 0
        writer.stop()
        written = {int(seq) for body in server.bodies for seq in re.findall(r"seq=(\d+)i", body)}
    assert written == {6, 7, 8, 9}
    assert cursor.positions == (journal.end,) * 3
    assert dead_letters.written == 0
    assert journal.damages == ()


def test_the_incident_stays_open_and_nothing_is_sent_again(paths: DataDir, journal: Journal) -> None:
    store = Store.at(paths.store)
    with store.begin() as connection:
        cursor = fleet_rows.load_cursor(connection)
        assert cursor is not None
        assert (cursor.journal, cursor.position) == (journal.identity, journal.end)
        (incident,) = incident_rows.load_open(connection)
        assert incident_rows.load_unjournaled(connection, 10) == []
        assert notice_rows.count_waiting(connection) == 0
        assert outbox_rows.count(connection, Status.SENT) == 1
        assert outbox_rows.count(connection, Status.DUE, Status.SENDING, Status.DEAD) == 0
    pipeline = Pipeline(
        journal, store, Inventory(), People(), IncidentRules(), SystemClock(), listening=lambda: False
    )
    pipeline.step()
    assert pipeline.open_incidents == [incident]
    assert (incident.cause, incident.camera) == ("refused", "cam1")
    assert [camera.id for site in pipeline.view.sites for camera in site.cameras] == [
        "cam1",
        "cam2",
        "cam3",
        "cam4",
    ]
    assert pipeline.unreadable == 0
    store.close()

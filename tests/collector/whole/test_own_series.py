"""The collector's decisions and figures, and the days of its ledger, in a real InfluxDB."""

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from pantau_collector.data_dir import DataDir
from pantau_collector.inventory import Inventory
from pantau_collector.ledger import Ledger
from pantau_collector.store import Store
from pantau_contract.messages import Sample, Telemetry
from pantau_contract.states import Cause, State
from pantau_contract.topics import Topic, TopicKind
from pantau_contract.wire import encode
from tests.collector.intake.messages import Publisher
from tests.collector.whole.city import Agent, Collector, now_ms
from tests.servers.influxdb import Database
from tests.servers.mosquitto import Mosquitto
from tests.servers.process import until


def test_incidents_and_figures_are_series_also_over_a_kill_9(
    tmp_path: Path, mosquitto: Mosquitto, influxdb: Database
) -> None:
    influx = {"version": 1, "url": influxdb.url, "database": influxdb.name}
    collector = Collector(tmp_path / "collector", mosquitto.port, influx=influx)

    def steps() -> list[dict[str, Any]]:
        return influxdb.query("SELECT * FROM incident WHERE time < now() + 1h")

    def figures() -> list[dict[str, Any]]:
        return influxdb.query("SELECT * FROM collector WHERE time < now() + 1h")

    with Publisher(mosquitto.port) as publisher, collector:
        agent = Agent(publisher)
        agent.birth()
        with agent.reporting(every_s=0.1):
            assert until(figures, every_s=0.1)
            before = len(figures())
            agent.set("cam1", Cause.BLACK)
            assert until(lambda: "incident 1 opened" in collector.new_log(), every_s=0.002)
            collector.kill()
            collector.start()
            agent.set("cam1", None)
            assert until(lambda: len(steps()) == 2, every_s=0.1), steps()
            assert until(lambda: len(figures()) > before, every_s=0.1), "one from each start"
    opened, resolved = steps()
    assert (opened["kind"], opened["camera"], opened["cause"], opened["open"]) == ("opened", "cam1", "black", 1)
    assert (resolved["kind"], resolved["id"], resolved["open"]) == ("resolved", opened["id"], 0)
    assert resolved["lasted_s"] > opened["lasted_s"]
    assert {each["collector"] for each in figures()} == {"pantau-collector"}
    assert all(each["memory_mb"] > 20 and each["troubles"] >= 0 for each in figures())


def test_the_days_of_the_ledger_are_written_by_the_collector_that_runs(
    tmp_path: Path, mosquitto: Mosquitto, influxdb: Database
) -> None:
    influx = {"version": 1, "url": influxdb.url, "database": influxdb.name}
    collector = Collector(tmp_path / "collector", mosquitto.port, influx=influx)
    end_ms = now_ms() - 1800_000
    begin_ms = end_ms - 3600_000
    samples = (
        Sample("cam1", end_ms, State.OK, begin_ms),
        Sample("cam2", end_ms, State.DOWN, begin_ms, Cause.REFUSED),
    )
    batch = Telemetry("kabil", "b1", 0, end_ms, 3600_000, True, 3600, samples)

    def is_in_the_ledger() -> bool:
        with closing(Store.at(DataDir(collector.data).store)) as store:
            found = Ledger(store, Inventory()).buckets("kabil", "cam1", begin_ms, end_ms)
        return found.measured_ms > 3500_000

    def days() -> list[dict[str, Any]]:
        return influxdb.query(
            "SELECT sum(measured_ms) AS measured, sum(link_ms) AS link FROM camera_day"
            " WHERE time < now() GROUP BY camera"
        )

    with Publisher(mosquitto.port) as publisher, collector:
        publisher.send(str(Topic("kabil", TopicKind.TELEMETRY)), encode(batch))
        assert until(is_in_the_ledger, every_s=0.2)
        collector.kill()
        collector.start()  # a round begins with it
        assert until(days, every_s=0.2)
    found = {row["camera"]: row for row in days()}
    assert found.keys() == {"cam1", "cam2"}
    assert all(row["measured"] == pytest.approx(3600_000, abs=60_000) for row in found.values())
    assert all(row["link"] >= row["measured"] for row in found.values()), "it came late: nobody saw it"

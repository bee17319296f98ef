"""The collector's decisions and figures, in a real InfluxDB."""

from pathlib import Path
from typing import Any

from pantau_contract.states import Cause
from tests.collector.intake.messages import Publisher
from tests.collector.whole.city import Agent, Collector
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

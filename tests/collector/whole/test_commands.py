"""Commands reach the running collector, and its incidents and health reach services outside."""

from pathlib import Path
from typing import Any

from pantau_contract.states import Cause
from tests.collector.commands.command import call, called_json
from tests.collector.heartbeat.outside import serving
from tests.collector.intake.messages import Publisher
from tests.collector.whole.city import Agent, Collector
from tests.servers.alertmanager import Alertmanager
from tests.servers.mosquitto import Mosquitto
from tests.servers.process import until


def test_an_outage_is_taken_and_put_into_maintenance_while_the_collector_runs(
    tmp_path: Path, mosquitto: Mosquitto, alertmanager: Alertmanager
) -> None:
    alerts = {"url": alertmanager.url, "resend_s": 5, "expire_s": 60}
    with alertmanager, Collector(tmp_path / "c", mosquitto.port, alertmanager=alerts) as collector:
        where = ("--config", collector.config)

        def incident() -> dict[str, Any]:
            found: list[dict[str, Any]] = called_json("incidents", *where)
            return found[0] if found else {}

        def notified() -> list[str]:
            return [status for status, _ in alertmanager.notified]

        with Publisher(mosquitto.port) as publisher:
            agent = Agent(publisher)
            agent.birth()
            with agent.reporting(every_s=0.1):
                agent.set("cam1", Cause.BLACK)
                assert until(lambda: incident().get("camera") == "cam1")
                number = str(incident()["id"])
                assert until(lambda: notified() == ["firing"])
                assert call("ack", number, "--by", "Budi", "--for", "2h", *where).exit_code == 0
                assert until(lambda: (incident()["acknowledged"] or {}).get("by") == "Budi")
                assert call("downtime", "add", "site", "kabil", "--for", "2h", *where).exit_code == 0
                assert until(lambda: incident()["downtime"] == "1")
                assert until(lambda: notified() == ["firing", "resolved"])
                assert call("downtime", "cancel", "1", *where).exit_code == 0
                assert until(lambda: incident()["downtime"] == "")
                assert until(lambda: notified() == ["firing", "resolved", "firing"])
                agent.set("cam1", None)
                assert until(lambda: incident() == {})
        steps = called_json("incidents", "show", number, *where)["timeline"]
    assert [step["kind"] for step in steps] == [
        "opened",
        "acknowledged",
        "downtime_started",
        "downtime_ended",
        "resolved",
    ]


def test_the_heart_beats_while_the_broker_has_the_collector_and_stops_when_it_is_gone(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    with serving() as outside:
        heartbeat = {"url": f"{outside.url}/key", "failure_url": f"{outside.url}/key/fail", "interval_s": 5}
        with Collector(tmp_path / "c", mosquitto.port, heartbeat=heartbeat):
            assert until(lambda: ("GET", "/key", "") in outside.heard)
            mosquitto.stop()
            try:
                failed = ("POST", "/key/fail")
                assert until(lambda: outside.heard[-1][:2] == failed)
                assert outside.heard[-1][2].startswith("broker_gone: ")
            finally:
                mosquitto.start()
            assert until(lambda: outside.heard[-1] == ("GET", "/key", ""))

import calendar
import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from pantau_collector.alertmanager.alert_sender import AlertSender
from pantau_collector.alertmanager.config import AlertmanagerConfig
from pantau_collector.clock import SystemClock
from pantau_collector.incidents.incident import Incident
from pantau_collector.incidents.transition import Transition, TransitionKind
from pantau_collector.inventory import Inventory, InventoryCamera, InventorySite
from pantau_collector.store import Store, incident_rows
from tests.collector.sinks.scripted_server import Answer, ScriptedServer, scripted_server
from tests.servers.alertmanager import Alertmanager
from tests.servers.process import until

INVENTORY = Inventory(
    sites=[InventorySite(id="kabil")],
    cameras=[
        InventoryCamera(site="kabil", id="gate", owner="polisi", criticality="high"),
        InventoryCamera(site="kabil", id="pole", owner="dishub"),
    ],
)


class SkippingClock(SystemClock):
    """A clock with the machine's time of day, whose monotonic seconds the test advances."""

    def __init__(self) -> None:
        self.skipped = 0.0

    def monotonic(self) -> float:
        return self.skipped


class Collector:
    """A store with incidents, and an alert sender that reads it."""

    def __init__(self, folder: Path, url: str) -> None:
        self.store = Store.at(folder / "collector.sqlite")
        self.clock = SkippingClock()
        self.config = AlertmanagerConfig(url=url, language="en")
        self.restart()

    def restart(self) -> None:
        self.alerts = AlertSender(
            self.config, self.store, lambda: INVENTORY, self.clock, public_url="https://pantau.example"
        )

    def step(self, kind: TransitionKind, incident: Incident) -> None:
        with self.store.begin() as connection:
            step = Transition(kind, incident, self.clock.time_ms())
            incident_rows.save_incidents(connection, [incident], [step])

    def open(self, number: int = 1, camera: str | None = "gate", **values: Any) -> Incident:
        now_ms = self.clock.time_ms()
        cameras = values.pop("cameras", (camera,) if camera else ("gate", "pole"))
        cause = values.pop("cause", "stalled" if camera else "site_dark")
        incident = Incident(number, "kabil", camera, cause, cameras, now_ms - 30_000, now_ms, 0.0, **values)
        self.step(TransitionKind.OPENED, incident)
        return incident

    def resolve(self, incident: Incident) -> None:
        self.step(TransitionKind.RESOLVED, replace(incident, resolved_ms=self.clock.time_ms()))


@pytest.fixture
def collector(tmp_path: Path, alertmanager: Alertmanager) -> Iterator[Collector]:
    yield from _collector(tmp_path, alertmanager.url)


@pytest.fixture
def scripted(tmp_path: Path) -> Iterator[tuple[Collector, ScriptedServer]]:
    with scripted_server() as server:
        server.answers = [Answer(200)]
        for collector in _collector(tmp_path, server.url):
            yield collector, server


def _collector(folder: Path, url: str) -> Iterator[Collector]:
    collector = Collector(folder, url)
    collector.alerts.send_due()
    yield collector
    collector.store.close()


GATE = {"alertname": "stalled", "site": "kabil", "camera": "gate", "owner": "polisi", "severity": "critical"}


def test_an_incident_fires_once_and_is_resolved_once(collector: Collector, alertmanager: Alertmanager) -> None:
    with alertmanager:
        incident = collector.open()
        collector.alerts.send_due()
        assert until(lambda: alertmanager.notified == [("firing", GATE)])
        [alert] = alertmanager.alerts()
        assert alert["annotations"]["incident"] == "1"
        assert alert["annotations"]["cameras"] == "kabil/gate"
        assert alert["generatorURL"] == "https://pantau.example/"
        collector.clock.skipped += 61  # the alerts are sent again, which notifies nobody
        collector.alerts.send_due()
        collector.resolve(incident)
        collector.alerts.send_due()
        assert until(lambda: alertmanager.notified == [("firing", GATE), ("resolved", GATE)])
        assert alertmanager.alerts() == []
        collector.clock.skipped += 61
        collector.alerts.send_due()
        time.sleep(1.5)  # longer than Alertmanager's own interval: a second notice would be there
        assert len(alertmanager.notified) == 2


def test_what_began_while_it_was_away_is_told_when_it_is_back(
    collector: Collector, alertmanager: Alertmanager, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    collector.open()
    collector.alerts.send_due()
    collector.clock.skipped += 10
    collector.alerts.send_due()
    assert collector.alerts.trouble is not None
    assert len(caplog.messages) == 1
    with alertmanager:
        collector.clock.skipped += 61
        collector.alerts.send_due()
        assert until(lambda: alertmanager.notified == [("firing", GATE)])
    assert collector.alerts.trouble is None


def test_what_ended_while_the_collector_was_away_is_resolved(
    collector: Collector, alertmanager: Alertmanager
) -> None:
    with alertmanager:
        incident = collector.open()
        collector.alerts.send_due()
        assert until(lambda: len(alertmanager.notified) == 1)
        collector.resolve(incident)
        collector.restart()
        collector.alerts.send_due()
        assert until(lambda: alertmanager.notified == [("firing", GATE), ("resolved", GATE)])


def test_an_incident_whose_cause_changes_is_another_alert_and_the_first_ends(
    collector: Collector, alertmanager: Alertmanager
) -> None:
    with alertmanager:
        incident = collector.open()
        collector.alerts.send_due()
        assert until(lambda: len(alertmanager.notified) == 1)
        collector.step(TransitionKind.CHANGED, replace(incident, cause="timeout"))
        collector.alerts.send_due()
        assert until(lambda: len(alertmanager.notified) == 3)
        assert ("resolved", GATE) in alertmanager.notified
        assert ("firing", GATE | {"alertname": "timeout"}) in alertmanager.notified


def posted(server: ScriptedServer) -> list[dict[str, Any]]:
    return [alert for body in server.bodies for alert in json.loads(body)]


def test_a_whole_sites_alert_names_all_its_owners_and_the_gravest_severity(
    scripted: tuple[Collector, ScriptedServer],
) -> None:
    collector, server = scripted
    incident = collector.open(camera=None)
    collector.alerts.send_due()
    [alert] = posted(server)
    assert alert["labels"] == {
        "alertname": "site_dark",
        "site": "kabil",
        "owner": "dishub,polisi",
        "severity": "critical",
    }
    assert alert["annotations"]["camera_count"] == "2"
    began = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(incident.since_ms // 1000))
    assert alert["startsAt"].startswith(began)
    assert alert["startsAt"].endswith("Z")
    assert server.headers[0]["Content-Type"] == "application/json"


def test_an_alert_that_is_not_sent_again_ends_by_itself_well_after_it_would_have_been(
    scripted: tuple[Collector, ScriptedServer],
) -> None:
    collector, server = scripted
    collector.open()
    before_s = time.time()
    collector.alerts.send_due()
    ends_s = time.strptime(posted(server)[0]["endsAt"][:19], "%Y-%m-%dT%H:%M:%S")
    assert before_s + 899 <= calendar.timegm(ends_s) <= time.time() + 901


def test_what_is_in_maintenance_is_nobodys_alarm_until_it_outlives_it(
    scripted: tuple[Collector, ScriptedServer],
) -> None:
    collector, server = scripted
    incident = collector.open(downtime="7")
    collector.clock.skipped += 61
    collector.alerts.send_due()
    assert posted(server) == []
    collector.step(TransitionKind.DOWNTIME_ENDED, replace(incident, downtime=""))
    collector.alerts.send_due()
    assert [alert["labels"] for alert in posted(server)] == [GATE]


@pytest.mark.parametrize("status", [202, 204, 302, 401, 404, 500, 503])
def test_any_other_answer_is_tried_again_and_nothing_is_forgotten(
    scripted: tuple[Collector, ScriptedServer], status: int
) -> None:
    collector, server = scripted
    collector.resolve(collector.open())
    text = b"" if status == 204 else b"not now"
    server.answers = [Answer(status, text), Answer(200)]
    collector.alerts.send_due()
    assert collector.alerts.trouble == f"{server.url}: it answered {status}: {text.decode()}"
    collector.alerts.send_due()
    assert len(server.bodies) == 1, "it waits before it tries again"
    collector.clock.skipped += 3
    collector.alerts.send_due()
    assert server.bodies[0] == server.bodies[1]
    assert collector.alerts.trouble is None


@pytest.mark.parametrize("status", [200, 400])
def test_a_web_page_is_no_answer_of_an_alertmanager(
    scripted: tuple[Collector, ScriptedServer], status: int
) -> None:
    collector, server = scripted
    collector.open()
    server.answers = [Answer(status, b"<html><title>Silakan masuk</title></html>"), Answer(200)]
    collector.alerts.send_due()
    assert "Silakan masuk" in str(collector.alerts.trouble)
    assert (collector.alerts.sent, collector.alerts.refused) == (0, 0)
    collector.clock.skipped += 3
    collector.alerts.send_due()
    assert (collector.alerts.sent, collector.alerts.trouble) == (1, None)


def test_the_wait_after_a_failure_doubles_from_2_s_to_60_s(scripted: tuple[Collector, ScriptedServer]) -> None:
    collector, server = scripted
    collector.open()
    server.answers = [Answer(503)]
    collector.alerts.send_due()
    for attempts, wait_s in enumerate((2, 4, 8, 16, 32, 60, 60), 1):
        collector.clock.skipped += wait_s - 0.5
        collector.alerts.send_due()
        assert len(server.bodies) == attempts
        collector.clock.skipped += 0.5
        collector.alerts.send_due()
        assert len(server.bodies) == attempts + 1


def test_one_alert_that_is_refused_for_ever_holds_up_no_other(
    scripted: tuple[Collector, ScriptedServer], caplog: pytest.LogCaptureFixture
) -> None:
    collector, server = scripted
    collector.open(1, "gate")
    collector.open(2, "pole")
    server.answers = [Answer(400, b"bad"), Answer(400, b"bad label"), Answer(200)]
    collector.alerts.send_due()
    assert [len(json.loads(body)) for body in server.bodies] == [2, 1, 1]
    assert (collector.alerts.sent, collector.alerts.refused) == (1, 1)
    assert "it refused alertname=stalled, site=kabil, camera=gate" in caplog.text
    assert "bad label" in caplog.text
    collector.alerts.send_due()
    assert len(server.bodies) == 3


def test_many_incidents_are_told_in_portions(scripted: tuple[Collector, ScriptedServer]) -> None:
    collector, server = scripted
    for number in range(1, 451):
        collector.open(number, "gate", cause="stalled")
    collector.alerts.send_due()
    assert [len(json.loads(body)) for body in server.bodies] == [200, 200, 50]


def test_a_password_goes_to_the_alertmanager_and_into_no_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with scripted_server() as server:
        server.answers = [Answer(401), Answer(200)]
        collector = Collector(tmp_path, server.url)
        collector.config = AlertmanagerConfig.model_validate(
            {"url": server.url, "user": "pantau", "password": "hunter2secret"}
        )
        collector.restart()
        collector.open()
        collector.alerts.send_due()
        collector.store.close()
    assert server.headers[0]["authorization"] == "Basic cGFudGF1Omh1bnRlcjJzZWNyZXQ="
    assert "hunter2secret" not in caplog.text + repr(collector.config)


def test_the_first_time_only_what_goes_on_is_told(tmp_path: Path) -> None:
    with scripted_server() as server:
        server.answers = [Answer(200)]
        collector = Collector(tmp_path, server.url)
        collector.resolve(collector.open(1))
        collector.open(2, "pole")
        collector.alerts.send_due()
        assert [alert["labels"]["camera"] for alert in posted(server)] == ["pole"]
        collector.store.close()


def test_it_tells_by_itself(tmp_path: Path) -> None:
    with scripted_server() as server:
        server.answers = [Answer(200)]
        collector = Collector(tmp_path, server.url)
        collector.alerts.start()
        try:
            collector.open()
            assert until(lambda: server.bodies)
        finally:
            collector.alerts.stop()
            collector.store.close()

"""A flooding site is shut out by a real mosquitto, as our role sets it up, and let in again."""

import time
from pathlib import Path

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from pantau_collector.config import Broker
from pantau_collector.intake import quarantine
from pantau_collector.intake.door import Door
from pantau_collector.intake.inbox import Inbox
from pantau_collector.intake.quarantine import Quarantine
from pantau_collector.intake.subscription import Subscription
from tests.servers.process import until
from tests.servers.role_broker import COLLECTOR, RoleBroker


class Agent:
    """A site's client, which connects again by itself; its password is its name."""

    def __init__(self, port: int, site: str) -> None:
        self._topic = f"pantau/v1/{site}/telemetry"
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=site)
        self._client.username_pw_set(site, site)
        self._client.reconnect_delay_set(1, 1)
        self.refused = False
        self._client.on_connect = self._note
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def _note(self, _: object, __: object, ___: object, reason: object, ____: object) -> None:
        self.refused = str(reason) != "Success"

    @property
    def is_in(self) -> bool:
        return self._client.is_connected()

    def send(self, times: int = 1) -> None:
        for _ in range(times):
            self._client.publish(self._topic, b"{}", qos=0)

    def stop(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def test_the_broker_shuts_a_flooding_site_out_and_no_other_until_its_time_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quarantine, "MESSAGES_AT_ONCE", 20)
    began_ms, passed_s = time.time_ns() // 1_000_000, [0]

    def now_ms() -> int:
        return began_ms + 1000 * passed_s[0]

    def monotonic() -> float:
        return time.monotonic() + passed_s[0]

    inbox = Inbox()
    shutting_out = Quarantine(tmp_path / "quarantine.json", time_ms=now_ms, monotonic=monotonic)
    door = Door(inbox, quarantine=shutting_out)
    with RoleBroker(tmp_path / "broker", ["flood", "quiet"]) as broker:
        settings = {"port": broker.collector_port, "user": COLLECTOR, "password": COLLECTOR}
        collector = Subscription(Broker.model_validate(settings), door, time_ms=now_ms)
        collector.start()
        assert until(lambda: collector.delivering)
        flood, quiet = Agent(broker.port, "flood"), Agent(broker.port, "quiet")
        assert until(lambda: flood.is_in and quiet.is_in)
        flood.send(2000)
        assert until(lambda: flood.refused and not flood.is_in)
        quiet.send()
        assert until(lambda: any("quiet" in each.topic for each in inbox.get_batch(10, 1000, 0.1)))
        assert quiet.is_in
        passed_s[0] = 600
        assert until(lambda: flood.is_in and not flood.refused)
        inbox.get_batch(10_000, 1 << 30, 0)
        flood.send()
        assert until(lambda: any("flood" in each.topic for each in inbox.get_batch(10, 1000, 0.1)))
        for each in (flood, quiet, collector):
            each.stop()

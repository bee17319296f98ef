"""Test the broker as its role sets it up."""

import importlib.util
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from pantau_collector.intake.delivery_probe import TOPICS
from pantau_contract.topics import SUBSCRIPTIONS
from tests.deploy.playbook import ROOT, Machine
from tests.deploy.site import USERS, Site


class User:
    """A connection as one user, which keeps the messages that it receives."""

    def __init__(self, broker: Site, user: str | None, password: str | None = None) -> None:
        self.received: list[tuple[str, bytes]] = []
        self.refused: Any = None
        self._answered = threading.Event()
        self._arrived = threading.Condition()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        if user is not None:
            self._client.username_pw_set(user, password if password is not None else USERS[user])
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message
        self._client.connect("127.0.0.1", broker.broker_port)
        self._client.loop_start()
        assert self._answered.wait(60)

    def subscribe(self, topic: str) -> bool:
        """Subscribe, and return True if the broker allows it."""
        granted = threading.Event()
        codes: list[Any] = []

        def on_subscribe(_c: Any, _u: Any, _mid: int, reasons: list[Any], _p: Any) -> None:
            codes.extend(reasons)
            granted.set()

        self._client.on_subscribe = on_subscribe
        self._client.subscribe(topic, qos=1)
        assert granted.wait(60)
        return not codes[0].is_failure

    def publish(self, topic: str) -> bool:
        """Publish, and return True if the broker accepts it (MQTT 5 reports this in the acknowledgement)."""
        acknowledged = threading.Event()
        codes: list[Any] = []

        def on_publish(_c: Any, _u: Any, _mid: int, reason: Any, _p: Any) -> None:
            codes.append(reason)
            acknowledged.set()

        self._client.on_publish = on_publish
        self._client.publish(topic, b"x", qos=1)
        assert acknowledged.wait(60)
        return not codes[0].is_failure

    def receives(self, topic: str) -> bool:
        """Wait for a message on the topic, and return True if it arrives."""
        with self._arrived:
            return self._arrived.wait_for(lambda: any(topic == got for got, _ in self.received), timeout=60)

    def disconnect(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, _c: Any, _u: Any, _flags: Any, reason: Any, _p: Any) -> None:
        self.refused = reason.getName() if reason.is_failure else None
        self._answered.set()

    def _on_message(self, _c: Any, _u: Any, message: mqtt.MQTTMessage) -> None:
        with self._arrived:
            self.received.append((message.topic, bytes(message.payload)))
            self._arrived.notify_all()


@pytest.fixture
def users(broker: Site) -> Iterator[Any]:
    """Yield a function that connects as a user; the connections end with the test."""
    made: list[User] = []

    def user(*arguments: str | None) -> User:
        made.append(User(broker, *arguments))
        return made[-1]

    yield user
    for one in made:
        one.disconnect()


def test_no_password_is_printed_or_kept_in_the_clear(broker: Site) -> None:
    files = (broker.root / "etc/mosquitto").rglob("*")
    kept = "".join(file.read_text() for file in files if file.is_file())
    for password in USERS.values():
        assert password not in broker.first.output
        assert json.dumps(password)[1:-1] not in broker.first.output
        assert password not in kept
    assert (broker.root / "etc/mosquitto/pantau.passwords").stat().st_mode & 0o777 == 0o600


def test_nobody_comes_in_without_a_name_or_with_a_wrong_password(users: Any) -> None:
    assert users(None).refused == "Not authorized"
    assert users("nongsa", "wrong").refused == "Not authorized"
    assert users("nongsa", USERS["batam-centre"]).refused == "Not authorized"
    assert users("nongsa").refused is None


def test_a_site_speaks_for_itself_and_not_for_another(users: Any) -> None:
    collector, site = users("pantau-collector"), users("nongsa")
    assert collector.subscribe("pantau/v1/#")
    assert not site.publish("pantau/v1/batam-centre/telemetry")
    assert not site.publish("pantau/v1/batam-centre/camera/one/state")
    assert not site.publish("elsewhere")
    assert site.publish("pantau/v1/nongsa/camera/one/state")
    assert site.publish("pantau/v1/nongsa/telemetry")
    assert collector.receives("pantau/v1/nongsa/telemetry")
    topics = {topic for topic, _ in collector.received}
    assert "pantau/v1/nongsa/camera/one/state" in topics
    assert not [topic for topic in topics if not topic.startswith("pantau/v1/nongsa/")]


def test_a_site_hears_what_is_asked_of_it_and_nothing_of_another(users: Any) -> None:
    collector, site, other = users("pantau-collector"), users("nongsa"), users("batam-centre")
    for user in (site, other):
        user.subscribe("pantau/v1/+/command")
        user.subscribe("pantau/v1/#")
    assert collector.publish("pantau/v1/nongsa/command")
    assert site.receives("pantau/v1/nongsa/command")
    assert other.publish("pantau/v1/batam-centre/telemetry")
    assert collector.publish("pantau/v1/batam-centre/command")
    assert other.receives("pantau/v1/batam-centre/command")
    assert {topic for topic, _ in site.received} == {"pantau/v1/nongsa/command"}
    assert {topic for topic, _ in other.received} == {"pantau/v1/batam-centre/command"}


def test_the_collector_cannot_speak_for_a_site(users: Any) -> None:
    assert not users("pantau-collector").publish("pantau/v1/nongsa/telemetry")


def test_the_collectors_probes_come_back(users: Any) -> None:
    collector = users("pantau-collector")
    for topic in SUBSCRIPTIONS:
        assert collector.subscribe(topic)
    for topic in TOPICS:
        assert collector.publish(topic)
        assert collector.receives(topic)
    assert not users("nongsa").publish(TOPICS[0])


def test_more_than_a_thousand_messages_wait_for_an_absent_collector(broker: Site, users: Any) -> None:
    session = {"client_id": "absent", "protocol": mqtt.MQTTv311, "clean_session": False}
    absent = mqtt.Client(CallbackAPIVersion.VERSION2, **session)  # type: ignore[arg-type] # mixed kinds of values
    absent.username_pw_set("pantau-collector", USERS["pantau-collector"])
    received: list[bytes] = []
    ready, enough = threading.Event(), threading.Event()

    def on_message(_c: Any, _u: Any, message: mqtt.MQTTMessage) -> None:
        received.append(bytes(message.payload))
        if len(received) == 2500:
            enough.set()

    absent.on_message = on_message

    def on_connect(*_: Any) -> None:
        absent.subscribe("pantau/v1/batam-centre/telemetry", qos=1)

    absent.on_connect = on_connect
    absent.on_subscribe = lambda *_: ready.set()
    absent.connect("127.0.0.1", broker.broker_port)
    absent.loop_start()
    assert ready.wait(60)
    absent.disconnect()
    absent.loop_stop()

    site = users("batam-centre")
    sent = [site._client.publish("pantau/v1/batam-centre/telemetry", b"x", qos=1) for _ in range(2500)]
    for message in sent:
        message.wait_for_publish(60)
        assert message.is_published()

    absent.on_connect = None
    absent.connect("127.0.0.1", broker.broker_port)
    absent.loop_start()
    assert enough.wait(60), f"{len(received)} of 2500"
    absent.disconnect()
    absent.loop_stop()


def test_a_user_that_could_stand_for_every_site_is_refused(tmp_path: Path) -> None:
    machine = Machine(tmp_path, {"pantau_broker_users": {"+": "x"}, "pantau_broker_collector_password": "x"})
    run = machine.play("broker.yml")
    assert run.failed == 1
    assert "Not a site's id: +." in run.output


def _filter() -> Any:
    path = ROOT / "ansible/roles/pantau_broker/filter_plugins/mosquitto.py"
    spec = importlib.util.spec_from_file_location("mosquitto_filter", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_hash_has_a_random_salt_and_stays_while_the_password_does() -> None:
    mosquitto = _filter()
    first = mosquitto.mosquitto_hash("rahasia", "nongsa")
    assert first.startswith("$7$10000$")
    assert first != mosquitto.mosquitto_hash("rahasia", "nongsa")
    present = f"other:{first}\nnongsa:{first}\n"
    assert mosquitto.mosquitto_hash("rahasia", "nongsa", present) == first
    assert mosquitto.mosquitto_hash("another", "nongsa", present) != first
    assert mosquitto.mosquitto_hash("rahasia", "kabil", present) != first


@pytest.mark.parametrize("broken", ["", "$7$", "$7$x$y$z", "$6$10000$YQ==$YQ==", "$7$101$YQ==$YQ==", "plain"])
def test_a_hash_that_is_broken_or_cheap_to_guess_is_replaced(broken: str) -> None:
    assert _filter().mosquitto_hash("rahasia", "nongsa", f"nongsa:{broken}").startswith("$7$10000$")


def test_a_salt_that_was_made_of_the_password_is_replaced() -> None:
    mosquitto = _filter()
    salt = mosquitto._salt_of_0_2("rahasia", "nongsa")
    key = mosquitto._key("rahasia", salt, 10_000)
    made = f"$7$10000${mosquitto._base64(salt)}${mosquitto._base64(key)}"
    assert mosquitto.mosquitto_hash("rahasia", "nongsa", f"nongsa:{made}") != made

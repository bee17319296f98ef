"""Test the broker as its role sets it up."""

import importlib.util
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from pantau_collector.intake.delivery_probe import TOPICS
from pantau_contract.snapshot import MAX_SNAPSHOT
from pantau_contract.topics import SUBSCRIPTIONS
from tests.deploy.playbook import ROOT, Machine
from tests.deploy.site import USERS, Site
from tests.servers.process import Server, free_port, is_listening
from tests.servers.programs import require_program


class User:
    """A connection as one user, which keeps the messages that it receives."""

    def __init__(
        self,
        broker: Site,
        user: str | None,
        password: str | None = None,
        *,
        client_id: str = "",
        port: int | None = None,
        protocol: MQTTProtocolVersion = mqtt.MQTTv5,
    ) -> None:
        self.received: list[tuple[str, bytes]] = []
        self.refused: Any = None
        self.ended = threading.Event()
        self._answered = threading.Event()
        self._arrived = threading.Condition()
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id, protocol=protocol, reconnect_on_failure=False
        )
        if user is not None:
            self._client.username_pw_set(user, password if password is not None else USERS[user])
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message
        self._client.on_disconnect = lambda *_: self.ended.set()
        self._client.connect("127.0.0.1", port or broker.broker_port)
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

    def publish(self, topic: str, payload: bytes = b"x") -> bool:
        """Publish, and return True if the broker accepts it (MQTT 5 reports this in the acknowledgement)."""
        acknowledged = threading.Event()
        codes: list[Any] = []

        def on_publish(_c: Any, _u: Any, _mid: int, reason: Any, _p: Any) -> None:
            codes.append(reason)
            acknowledged.set()

        self._client.on_publish = on_publish
        self._client.publish(topic, payload, qos=1)
        assert acknowledged.wait(60)
        return not codes[0].is_failure

    def send(self, topic: str, payload: bytes) -> None:
        """Publish without waiting."""
        self._client.publish(topic, payload, qos=1)

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

    def user(*arguments: str | None, **more: Any) -> User:
        made.append(User(broker, *arguments, **more))
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
    assert site.publish("pantau/v1/nongsa/camera/gate/state")
    assert site.publish("pantau/v1/nongsa/telemetry")
    assert collector.receives("pantau/v1/nongsa/telemetry")
    topics = {topic for topic, _ in collector.received}
    assert "pantau/v1/nongsa/camera/gate/state" in topics
    assert not [topic for topic in topics if not topic.startswith("pantau/v1/nongsa/")]


def test_a_site_publishes_on_the_contracts_topics_alone(users: Any) -> None:
    site = users("nongsa")
    for topic in ("agent", "telemetry", "reply", "camera/gate/state", "camera/quay/snapshot"):
        assert site.publish(f"pantau/v1/nongsa/{topic}")
    for topic in ("", "/", "/junk", "/junk/1", "/state", "/command", "/ack", "/camera/gate", "/camera/gate/junk"):
        assert not site.publish(f"pantau/v1/nongsa{topic}")
    assert not site.publish("$SYS/broker/uptime")
    assert not site.publish("$CONTROL/dynamic-security/v1", b'{"commands":[{"command":"listClients"}]}')


def test_of_a_site_in_the_inventory_its_cameras_are_known_and_of_another_all_are_let_through(users: Any) -> None:
    assert not users("nongsa").publish("pantau/v1/nongsa/camera/made-up/state")
    assert users("batam-centre").publish("pantau/v1/batam-centre/camera/any/state")


def test_a_site_hears_what_is_meant_for_it_and_can_subscribe_to_nothing_else(users: Any) -> None:
    """The broker keeps memory for each filter that it grants."""
    collector, site, other = users("pantau-collector"), users("nongsa"), users("batam-centre")
    for topic in ("command", "ack"):
        assert site.subscribe(f"pantau/v1/nongsa/{topic}")
        assert other.subscribe(f"pantau/v1/batam-centre/{topic}")
    for refused in (
        "#",
        "+/+/+/+",
        "$SYS/#",
        "pantau/v1/#",
        "pantau/v1/+/command",
        "pantau/v1/nongsa/#",
        "pantau/v1/nongsa/+",
        "pantau/v1/nongsa/telemetry",
        "pantau/v1/batam-centre/ack",
        "$share/group/pantau/v1/#",
        "$share/group/pantau/v1/batam-centre/command",
        "$CONTROL/dynamic-security/v1/response",
        "/".join(["deep"] * 100),
    ):
        assert not site.subscribe(refused), refused
    for topic in ("command", "ack"):
        assert collector.publish(f"pantau/v1/nongsa/{topic}")
        assert site.receives(f"pantau/v1/nongsa/{topic}")
        assert collector.publish(f"pantau/v1/batam-centre/{topic}")
        assert other.receives(f"pantau/v1/batam-centre/{topic}")
    assert {topic for topic, _ in site.received} == {"pantau/v1/nongsa/command", "pantau/v1/nongsa/ack"}


def test_nobody_takes_over_the_session_of_the_collector_or_of_another_site(broker: Site, users: Any) -> None:
    collectors = [users("pantau-collector", client_id="pantau-collector", port=broker.collector_port)]
    site = users("nongsa", client_id="pantau-agent-nongsa")
    assert collectors[0].subscribe("pantau/v1/+/telemetry")
    for client_id in ("pantau-collector", "nongsa", "pantau-agent-nongsa", ""):
        for port in (broker.broker_port, broker.collector_port):
            assert users("batam-centre", client_id=client_id, port=port).refused is None
    assert site.publish("pantau/v1/nongsa/telemetry")
    assert collectors[0].receives("pantau/v1/nongsa/telemetry")
    assert not collectors[0].ended.is_set()
    assert not site.ended.is_set()
    collectors.append(users("pantau-collector", client_id="another", port=broker.broker_port))
    assert collectors[0].ended.wait(60), "a second one with the same user is the same client"


def test_what_is_larger_than_any_snapshot_goes_to_nobody_and_what_is_far_larger_ends_the_connection(
    users: Any,
) -> None:
    collector = users("pantau-collector")
    assert collector.subscribe("pantau/v1/nongsa/#")
    site = users("nongsa", protocol=mqtt.MQTTv311)
    topic = "pantau/v1/nongsa/camera/gate/snapshot"
    for size in (MAX_SNAPSHOT, MAX_SNAPSHOT + 1, 4 << 20):
        assert site.publish(topic, bytes(size))
    assert site.publish("pantau/v1/nongsa/telemetry")
    assert collector.receives("pantau/v1/nongsa/telemetry")
    assert [len(payload) for name, payload in collector.received if name == topic] == [MAX_SNAPSHOT]
    site.send(topic, bytes(5 << 20))
    assert site.ended.wait(60)


def test_the_collector_sees_how_the_broker_is(users: Any) -> None:
    collector = users("pantau-collector")
    assert collector.subscribe("$SYS/broker/heap/current")
    assert collector.receives("$SYS/broker/heap/current")


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


def test_what_would_open_the_broker_is_refused(tmp_path: Path) -> None:
    cases: dict[str, tuple[dict[str, Any], str]] = {
        "wildcard": ({"pantau_broker_users": {"+": "x"}}, "Not a site's id: +."),
        "collector": ({"pantau_broker_users": {"pantau-collector": "x"}}, "Not a site's id: pantau-collector."),
        "camera": ({"pantau_broker_cameras": {"nongsa": ["a/b"]}}, "Not a camera's id: a/b."),
        "clear": ({"pantau_broker_collector_address": "0.0.0.0"}, "needs TLS"),  # it is refused
    }
    machine = Machine(tmp_path, {"pantau_broker_users": {}, "pantau_broker_collector_password": "x"})
    run = machine.play_on({name: variables for name, (variables, _) in cases.items()}, "broker.yml")
    for name, (_, said) in cases.items():
        assert said in run.refusals[name]


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


def test_a_password_that_was_taken_from_a_user_has_no_hash_and_a_new_one_has() -> None:
    mosquitto = _filter()
    taken = mosquitto.mosquitto_hash("rahasia", "nongsa")
    assert mosquitto.mosquitto_hash("rahasia", "nongsa", f"nongsa:{taken}\n", f"nongsa:{taken}\n") == ""
    assert mosquitto.mosquitto_hash("another", "nongsa", "", f"nongsa:{taken}\n").startswith("$7$10000$")
    assert mosquitto.mosquitto_hash("rahasia", "kabil", "", f"nongsa:{taken}\n").startswith("$7$10000$")


@pytest.mark.parametrize("broken", ["", "$7$", "$7$x$y$z", "$6$10000$YQ==$YQ==", "$7$101$YQ==$YQ==", "plain"])
def test_a_hash_that_is_broken_or_cheap_to_guess_is_replaced(broken: str) -> None:
    assert _filter().mosquitto_hash("rahasia", "nongsa", f"nongsa:{broken}").startswith("$7$10000$")


def test_a_salt_that_was_made_of_the_password_is_replaced() -> None:
    mosquitto = _filter()
    salt = mosquitto._salt_of_0_2("rahasia", "nongsa")
    key = mosquitto._key("rahasia", salt, 10_000)
    made = f"$7$10000${mosquitto._base64(salt)}${mosquitto._base64(key)}"
    assert mosquitto.mosquitto_hash("rahasia", "nongsa", f"nongsa:{made}") != made


def test_a_stolen_machines_login_ends_at_once_as_the_page_about_it_says_and_no_other(
    site: Site, tmp_path: Path
) -> None:
    """On a copy of the broker, whose password file other tests need as it is."""
    shutil.copytree(site.root / "etc/mosquitto", tmp_path / "etc/mosquitto")
    port = free_port()
    configuration = tmp_path / "etc/mosquitto/conf.d/pantau.conf"
    text = configuration.read_text().replace(str(site.root), str(tmp_path))
    text = text.replace(f"listener {site.broker_port}", f"listener {port}")
    for used in (site.collector_port, site.admin_port):
        text = text.replace(f"listener {used}", f"listener {free_port()}")
    configuration.write_text(f"user root\n{text}")
    command = [require_program("mosquitto"), "-c", str(configuration)]
    (revoke,) = re.findall(r"^    sudo (sed .*)$", (ROOT / "docs/stolen-pi.md").read_text(), re.MULTILINE)
    with Server(command, ready=lambda: is_listening(port), log=tmp_path / "log") as server:
        stolen, other = (User(site, name, port=port) for name in ("nongsa", "batam-centre"))
        assert (stolen.refused, other.refused) == (None, None)
        subprocess.run(shlex.split(revoke.replace("/etc/mosquitto", f"{tmp_path}/etc/mosquitto")), check=True)
        os.kill(server.pid, signal.SIGHUP)  # as `systemctl reload` does
        assert stolen.ended.wait(60)
        assert User(site, "nongsa", port=port).refused == "Not authorized"
        assert other.publish("pantau/v1/batam-centre/telemetry")
        assert not other.ended.is_set()
        other.disconnect()

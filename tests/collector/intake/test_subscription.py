"""What the collector knows about its session: whether it has one, why not, and whether anything is delivered."""

import datetime as dt
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pantau_collector.config import Broker
from pantau_collector.intake import delivery_probe, subscription
from pantau_collector.intake.broker_figures import DROPPED, HEAP
from pantau_collector.intake.door import Door
from pantau_collector.intake.inbox import Inbox
from pantau_collector.intake.subscription import Subscription
from pantau_contract.topics import TopicKind
from pantau_service.certificate_end import end_of_own_ms
from tests.agent.certificate import make_certificate
from tests.collector.intake.messages import Publisher, topic
from tests.collector.intake.scripted_broker import CONNACK, DISCONNECT, Peer, scripted_broker
from tests.servers.mosquitto import Mosquitto
from tests.servers.process import Server, free_port, is_listening, until

SESSION_TAKEN_OVER = b"\x8e\x00"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the times short that are only waited for."""
    monkeypatch.setattr(subscription, "ANSWER_WITHIN_S", 0.3)
    monkeypatch.setattr(subscription, "_TICK_S", 0.02)
    monkeypatch.setattr(subscription, "_FIRST_DELAY_S", 0.05)
    monkeypatch.setattr(delivery_probe, "PROBE_EVERY_S", 0.05)


@contextmanager
def subscribed(port: int, **settings: object) -> Iterator[Subscription]:
    broker = Broker.model_validate({"port": port, **settings})
    made = Subscription(broker, Door(Inbox()), time_ms=lambda: 0)
    made.start()
    try:
        yield made
    finally:
        made.stop()


def test_before_the_first_connection_there_is_a_trouble() -> None:
    made = Subscription(Broker(port=free_port()), Door(Inbox()), time_ms=lambda: 0)
    assert "has not been connected to yet" in str(made.trouble)
    assert not made.delivering


def test_documented_times_are_as_documented(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert subscription.ANSWER_WITHIN_S == 10
    assert subscription.KEEPALIVE_S == 15


def test_a_port_that_accepts_and_is_silent_is_reported() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, subscribed(silent.getsockname()[1]) as made:
        assert until(lambda: "has not answered like an MQTT broker" in str(made.trouble))
        assert "broker.tls (now false)" in str(made.trouble)
        assert not made.connected


def test_a_port_that_ends_the_connection_is_reported() -> None:
    with scripted_broker(lambda peer: peer.read_connect()) as (port, _), subscribed(port) as made:
        assert until(lambda: "without an answer like an MQTT broker's" in str(made.trouble))


def test_a_broker_that_does_not_answer_the_subscription_is_reported() -> None:
    def half(peer: Peer) -> None:
        peer.accept(subscribes=False)
        peer.read()
        peer.read()

    with scripted_broker(half) as (port, _), subscribed(port) as made:
        assert until(lambda: "has not answered" in str(made.trouble))
        assert not made.connected


DAY = dt.timedelta(days=1)


@pytest.mark.parametrize(
    ("valid", "address", "trusted", "expected"),
    [
        ((-2 * DAY, -DAY), "127.0.0.1", True, "has expired"),
        ((DAY, 2 * DAY), "127.0.0.1", True, "is not valid yet"),
        ((-DAY, DAY), "192.0.2.1", True, "is for another name"),
        ((-DAY, DAY), "127.0.0.1", False, "is not trusted"),
    ],
)
def test_why_tls_fails_is_reported(
    tmp_path: Path, valid: tuple[dt.timedelta, dt.timedelta], address: str, trusted: bool, expected: str
) -> None:
    made = make_certificate(tmp_path, valid=valid, address=address)
    made.key.chmod(0o644)
    settings = f"allow_anonymous true\ncertfile {made.certificate}\nkeyfile {made.key}\n"
    more = {"ca_file": made.certificate} if trusted else {}
    with (
        Mosquitto(tmp_path / "m", settings=settings) as broker,
        subscribed(broker.port, host="127.0.0.1", tls=True, **more) as subscription,
    ):
        assert until(lambda: f"its certificate {expected}" in str(subscription.trouble)), subscription.trouble


def test_until_when_the_brokers_certificate_holds_is_known(tmp_path: Path) -> None:
    made = make_certificate(tmp_path)
    made.key.chmod(0o644)
    settings = f"allow_anonymous true\ncertfile {made.certificate}\nkeyfile {made.key}\n"
    with (
        Mosquitto(tmp_path / "m", settings=settings) as broker,
        subscribed(broker.port, host="127.0.0.1", tls=True, ca_file=made.certificate) as subscription,
    ):
        assert until(lambda: subscription.connected), subscription.trouble
        assert subscription.broker_certificate_ends_ms == end_of_own_ms(made.certificate)


def test_tls_towards_a_plain_port_is_reported(mosquitto: Mosquitto) -> None:
    with subscribed(mosquitto.port, tls=True) as made:
        assert until(lambda: "cannot be reached" in str(made.trouble))
        assert "broker.tls" in str(made.trouble)


def test_what_is_delivered_is_proven_by_probes_that_count_as_no_messages(mosquitto: Mosquitto) -> None:
    with subscribed(mosquitto.port) as made, subscribed(mosquitto.port, client_id="south") as other:
        assert until(lambda: made.delivering and other.delivering)
        with Publisher(mosquitto.port) as agent:
            agent.telemetry(1)
        assert until(lambda: made.door.received >= 1 and other.door.received >= 1)
        assert (made.door.received, other.door.received) == (1, 1)
        assert made.delivery_trouble is None


def test_a_broker_that_drops_messages_or_fills_up_is_a_trouble(tmp_path: Path) -> None:
    settings = "allow_anonymous true\nmax_queued_messages 5\nsys_interval 1\n"
    with Mosquitto(tmp_path / "m", settings=settings) as broker, subscribed(broker.port) as made:
        with subscribed(broker.port, client_id="south") as away:
            assert until(lambda: away.delivering)
        assert until(lambda: made.door.figures.value(DROPPED) == 0 and made.door.figures.value(HEAP) > 0)
        assert made.overload_trouble is None
        with Publisher(broker.port) as agent:
            agent.telemetry(*range(20))
        assert until(lambda: "has dropped messages (15)" in str(made.overload_trouble)), made.overload_trouble
        assert made.door.received == 20
        made._broker.__dict__["max_memory_mb"] = 0.001
        assert "over the limit of 0.001" in str(made.overload_trouble)


def test_a_broker_that_delivers_with_the_qos_of_the_subscription_delivers(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "pantau_demo.embedded_broker", str(port)]
    with Server(command, ready=lambda: is_listening(port), log=tmp_path / "log"), subscribed(port) as made:
        assert until(lambda: made.delivering)
        assert made.door.received == 0


@pytest.mark.parametrize(
    ("acl", "expected"),
    [
        ("topic write pantau/#", "does not deliver anything"),
        ("topic read pantau/#", "does not deliver anything"),
        (
            "topic write pantau/#\ntopic read pantau/v1/+/agent\ntopic read pantau/v1/+/reply",
            "does not deliver pantau/v1/+/telemetry, pantau/v1/+/camera/+/state, pantau/v1/+/camera/+/snapshot,",
        ),
    ],
)
def test_a_granted_subscription_that_delivers_nothing_is_a_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, acl: str, expected: str
) -> None:
    monkeypatch.setattr(delivery_probe, "PROBE_WITHIN_S", 1.0)
    (tmp_path / "acl").write_text(acl + "\n")
    settings = f"allow_anonymous true\nacl_file {tmp_path}/acl\n"
    with Mosquitto(tmp_path / "m", settings=settings) as broker, subscribed(broker.port) as made:
        assert until(lambda: made.connected)
        assert until(lambda: expected in str(made.delivery_trouble)), made.delivery_trouble
        assert not made.delivering
        (tmp_path / "acl").write_text("topic readwrite pantau/#\n")
        assert broker._process is not None
        broker._process.send_signal(signal.SIGHUP)
        assert until(lambda: made.delivering)
        assert made.delivery_trouble is None


def test_an_access_list_that_is_changed_during_a_session_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(delivery_probe, "PROBE_WITHIN_S", 1.0)
    (tmp_path / "acl").write_text("topic readwrite pantau/#\n")
    settings = f"allow_anonymous true\nacl_file {tmp_path}/acl\n"
    with Mosquitto(tmp_path / "m", settings=settings) as broker, subscribed(broker.port) as made:
        assert until(lambda: made.delivering)
        (tmp_path / "acl").write_text("topic write pantau/#\n")
        assert broker._process is not None
        broker._process.send_signal(signal.SIGHUP)
        assert until(lambda: "until they do, no outage is opened" in caplog.text)
        assert not made.delivering


def test_two_collectors_of_one_client_id_are_both_in_trouble(mosquitto: Mosquitto) -> None:
    with subscribed(mosquitto.port) as one:
        assert until(lambda: one.connected)
        with subscribed(mosquitto.port) as other:
            for each in (one, other):
                assert until(lambda each=each: "client_id 'pantau-collector'" in str(each.contest_trouble))  # type: ignore[misc]


def taken_over(peer: Peer) -> None:
    peer.accept()
    peer.send(DISCONNECT, SESSION_TAKEN_OVER)


def test_after_a_hang_up_the_broker_is_asked_for_the_reason_in_mqtt_5() -> None:
    with scripted_broker(Peer.accept, taken_over) as (port, versions), subscribed(port) as made:
        assert until(lambda: "another client with the client_id" in str(made.contest_trouble))
        assert not made.delivering
        assert versions[:2] == [4, 5]


@pytest.mark.parametrize(
    "refuse",
    [
        lambda peer: (peer.read_connect(), peer.send(CONNACK, b"\x00\x84\x00")),
        lambda peer: (peer.read_connect(), peer.send(CONNACK, b"\x00\x01")),
        Peer.read_connect,
    ],
)
def test_a_broker_without_mqtt_5_is_asked_once(refuse: Callable[[Peer], object]) -> None:
    with scripted_broker(Peer.accept, refuse, Peer.accept) as (port, versions), subscribed(port) as made:
        assert until(lambda: len(versions) >= 5)
        assert versions[:5] == [4, 5, 4, 4, 4]
        assert "most likely another client" in str(made.contest_trouble)


def test_a_broker_that_is_restarted_is_no_other_client(mosquitto: Mosquitto) -> None:
    with subscribed(mosquitto.port) as made:
        for _ in range(3):
            assert until(lambda: made.connected)
            mosquitto.stop()
            assert until(lambda: "cannot be reached" in str(made.trouble))
            mosquitto.start()
        assert until(lambda: made.delivering)
        assert made.contest_trouble is None


def test_a_session_is_continued_in_the_other_version_of_mqtt(
    mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A probe that returns while the connection is closed would reset it, and lose the acknowledgement.
    monkeypatch.setattr(delivery_probe, "PROBE_EVERY_S", 5.0)
    inbox = Inbox()
    received = []
    for seq, is_mqtt5 in enumerate((False, True, False)):
        made = Subscription(Broker(port=mosquitto.port), Door(inbox), time_ms=time.monotonic_ns)
        made._ask_for_reason = is_mqtt5
        made.start()
        assert until(lambda made=made: made.delivering)  # type: ignore[misc]
        assert made._connection.is_mqtt5 is is_mqtt5
        assert until(lambda made=made, seq=seq: made.door.received == (seq > 0))  # type: ignore[misc]
        messages = inbox.get_batch(10, 1000) if seq else []
        made.acknowledge(messages)
        received += [each.payload for each in messages]
        made.stop()
        with Publisher(mosquitto.port) as agent:
            agent.send(topic(TopicKind.TELEMETRY), b"batch %d" % seq)
    assert received == [b"batch 0", b"batch 1"]

"""The broker is gone, comes back, or is held back; nothing is lost."""

import logging
from pathlib import Path

from pydantic import SecretStr

from pantau_collector.config import Broker
from pantau_collector.intake.door import Door
from pantau_collector.intake.inbox import Inbox
from pantau_collector.intake.subscription import Subscription
from pantau_collector.journal import Record
from tests.collector.intake.messages import NOW, Publisher
from tests.collector.intake.room import Room, seqs_of
from tests.servers.mosquitto import Mosquitto
from tests.servers.process import until


def test_what_was_sent_while_the_collector_was_away_comes_when_it_is_back(
    room: Room, mosquitto: Mosquitto
) -> None:
    room.start()
    room.stop()
    with Publisher(mosquitto.port) as agent:
        agent.telemetry(*range(50))
    intake = room.start()
    assert until(lambda: intake.journaled == 50)
    assert room.seqs() == list(range(50))


def test_a_broker_that_dies_and_returns_costs_nothing(room: Room, mosquitto: Mosquitto) -> None:
    intake = room.start()
    with Publisher(mosquitto.port) as agent:
        agent.telemetry(1, 2)
    assert until(lambda: intake.acknowledged == 2)
    mosquitto.stop()
    assert until(lambda: not intake.connected)
    assert "is gone" in str(intake.broker_trouble)
    assert not intake.listening
    mosquitto.start()
    with Publisher(mosquitto.port) as agent:
        agent.telemetry(3)
    assert until(lambda: intake.journaled == 3)
    assert intake.broker_trouble is None
    assert room.seqs() == [1, 2, 3]


def test_it_is_said_why_the_broker_is_gone_before_it_is_seen_to_be_gone(mosquitto: Mosquitto) -> None:
    subscription = Subscription(Broker(port=mosquitto.port), Door(Inbox()), time_ms=lambda: NOW)
    connected_when_logged: list[bool] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "is gone" in record.getMessage():
                connected_when_logged.append(subscription.connected)

    log, listener = logging.getLogger("pantau_collector.intake.subscription"), Listener()
    log.addHandler(listener)
    subscription.start()
    try:
        assert until(lambda: subscription.connected)
        mosquitto.stop()
        assert until(lambda: not subscription.connected)
    finally:
        log.removeHandler(listener)
        subscription.stop()
    assert connected_when_logged == [True]


def test_a_broker_that_is_not_there_at_the_start_is_waited_for(room: Room, mosquitto: Mosquitto) -> None:
    mosquitto.stop()
    intake = room.start(connected=False)
    assert until(lambda: "cannot be reached" in str(intake.broker_trouble))
    assert "nothing listens on that port" in str(intake.broker_trouble)
    mosquitto.start()
    assert until(lambda: intake.connected)


def test_refused_credentials_are_told_apart_from_a_broker_that_is_gone(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "mosquitto", settings="allow_anonymous false\n") as broker:
        room = Room(tmp_path, broker.port)
        room.broker = Broker(port=broker.port, user="collector", password=SecretStr("wrong"))
        intake = room.start(connected=False)
        assert until(lambda: "check broker.user and its password" in str(intake.broker_trouble))
        assert "wrong" not in str(intake.broker_trouble)
        assert not intake.connected
        room.stop()


def test_an_acknowledgement_of_an_earlier_connection_is_not_sent_on_a_later_one(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    """The broker has lost its sessions, and uses the same message id for another message."""
    inbox = Inbox()
    subscription = Subscription(Broker(port=mosquitto.port), Door(inbox), time_ms=lambda: NOW)
    subscription.start()
    assert until(lambda: subscription.connected)
    with Publisher(mosquitto.port) as agent:
        agent.telemetry(1)
    (first,) = inbox.get_batch(10, 10_000)
    mosquitto.kill()
    for kept in (tmp_path / "mosquitto").glob("*.db*"):
        kept.unlink()
    assert until(lambda: not subscription.connected)
    mosquitto.start()
    assert until(lambda: subscription.connected)
    with Publisher(mosquitto.port) as agent:
        agent.telemetry(2)
    (second,) = inbox.get_batch(10, 10_000)
    assert first.mid == second.mid
    subscription.acknowledge([first])
    subscription.stop()
    subscription = Subscription(Broker(port=mosquitto.port), Door(inbox), time_ms=lambda: NOW)
    subscription.start()
    assert until(lambda: len(inbox) == 1)
    assert inbox.get_batch(10, 10_000)[0].payload == second.payload
    subscription.stop()


def test_a_full_inbox_holds_the_broker_back_and_loses_nothing(mosquitto: Mosquitto) -> None:
    inbox = Inbox(max_messages=5)
    subscription = Subscription(Broker(port=mosquitto.port), Door(inbox), time_ms=lambda: NOW)
    subscription.start()
    assert until(lambda: subscription.connected)
    found: list[Record] = []
    with Publisher(mosquitto.port) as agent:
        agent.telemetry(*range(100))
        assert until(lambda: len(inbox) == 5)
        while len(found) < 100:
            some = inbox.get_batch(3, 10_000)
            subscription.acknowledge(some)
            found += [Record(each.received_ms, each.topic, each.payload) for each in some]
            assert len(inbox) <= 5
    assert seqs_of(found) == list(range(100))
    subscription.stop()

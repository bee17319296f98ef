"""A subscriber to every topic of the contract, in the collector's place."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from pantau_contract.messages import Birth, CameraState, Death, Message, Reply, Telemetry
from pantau_contract.topics import SUBSCRIPTIONS, Topic, TopicKind, parse_topic
from pantau_contract.wire import decode
from tests.servers.process import until


@dataclass(frozen=True)
class ReceivedMessage:
    """One message, checked against the contract. `message` is None for snapshots."""

    topic: Topic
    payload: bytes
    retained: bool
    message: Message | None


@dataclass
class Listener:
    """All messages received, in order."""

    client: mqtt.Client
    all: list[ReceivedMessage] = field(default_factory=list)
    ready: threading.Event = field(default_factory=threading.Event)

    def telemetry(self) -> list[Telemetry]:
        return [received.message for received in self.all if isinstance(received.message, Telemetry)]

    def states(self) -> list[CameraState]:
        return [received.message for received in self.all if isinstance(received.message, CameraState)]

    def agents(self) -> list[Birth | Death]:
        return [received.message for received in self.all if isinstance(received.message, Birth | Death)]

    def replies(self) -> list[Reply]:
        return [received.message for received in self.all if isinstance(received.message, Reply)]

    def snapshots(self) -> list[bytes]:
        return [received.payload for received in self.all if received.topic.kind is TopicKind.SNAPSHOT]

    def publish(self, topic: Topic, payload: bytes, *, retain: bool = False) -> None:
        self.client.publish(str(topic), payload, qos=1, retain=retain).wait_for_publish(60)


@contextmanager
def listening(port: int, *, user: str | None = None, password: str | None = None) -> Iterator[Listener]:
    """Subscribe to every topic. The subscription is there once entered, and again when the broker comes back."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, "listener", clean_session=False, protocol=mqtt.MQTTv311)
    client.reconnect_delay_set(1, 1)
    if user:
        client.username_pw_set(user, password)
    listener = Listener(client)

    def on_connect(*_: object) -> None:
        client.subscribe([(topic, 1) for topic in SUBSCRIPTIONS])

    def on_subscribe(*_: object) -> None:
        listener.ready.set()

    def on_message(_client: object, _data: object, message: mqtt.MQTTMessage) -> None:
        topic = parse_topic(message.topic)
        if not message.payload:
            return  # a retained state is cleared
        decoded = None if topic.kind is TopicKind.SNAPSHOT else decode(topic, bytes(message.payload))
        listener.all.append(ReceivedMessage(topic, bytes(message.payload), message.retain, decoded))

    client.on_connect = on_connect
    client.on_subscribe = on_subscribe
    client.on_message = on_message
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        assert until(listener.ready.is_set)
        yield listener
    finally:
        client.disconnect()
        client.loop_stop()

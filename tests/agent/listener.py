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
class Heard:
    """One message, checked against the contract. `message` is None for snapshots."""

    topic: Topic
    payload: bytes
    retained: bool
    message: Message | None


@dataclass
class Listener:
    """All messages received, in order."""

    client: mqtt.Client
    all: list[Heard] = field(default_factory=list)
    ready: threading.Event = field(default_factory=threading.Event)

    def telemetry(self) -> list[Telemetry]:
        return [heard.message for heard in self.all if isinstance(heard.message, Telemetry)]

    def states(self) -> list[CameraState]:
        return [heard.message for heard in self.all if isinstance(heard.message, CameraState)]

    def agents(self) -> list[Birth | Death]:
        return [heard.message for heard in self.all if isinstance(heard.message, Birth | Death)]

    def replies(self) -> list[Reply]:
        return [heard.message for heard in self.all if isinstance(heard.message, Reply)]

    def snapshots(self) -> list[bytes]:
        return [heard.payload for heard in self.all if heard.topic.kind is TopicKind.SNAPSHOT]

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
        said = None if topic.kind is TopicKind.SNAPSHOT else decode(topic, bytes(message.payload))
        listener.all.append(Heard(topic, bytes(message.payload), message.retain, said))

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

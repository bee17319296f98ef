"""Messages as agents send them, and a client that publishes them."""

import threading
from collections.abc import Callable, Iterable
from typing import Any, Self

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from pantau_contract.messages import Birth, CameraState, Host, Sample, Telemetry
from pantau_contract.snapshot import SnapshotMetadata, stamp
from pantau_contract.states import Cause, State
from pantau_contract.topics import Topic, TopicKind
from pantau_contract.wire import encode

NOW = 1_790_000_000_000
SITE = "nagoya"


def telemetry(
    seq: int, *, site: str = SITE, cameras: int = 2, boot: str = "b1", time: int | None = None
) -> Telemetry:
    time = NOW + seq * 30_000 if time is None else time
    samples = tuple(
        Sample(f"cam{i}", time, State.OK, NOW, codec="h264", width=640, height=360, fps=24.5, bitrate_kbps=400.0)
        for i in range(cameras)
    )
    return Telemetry(
        site, boot, seq, time, seq * 30_000, True, 30, samples, host=Host(cpu_pct=12.5, throttled=False)
    )


def birth(*, site: str = SITE, session: int = 1) -> Birth:
    return Birth(site, "b1", session, NOW, "0.1.0", 30)


def down(seq: int) -> CameraState:
    return CameraState(SITE, "cam1", "b1", seq, NOW + seq, State.DOWN, NOW, Cause.REFUSED, "connection refused")


def topic(kind: TopicKind, *, site: str = SITE, camera: str | None = None) -> str:
    return str(Topic(site, kind, camera))


def jpeg(about: SnapshotMetadata) -> bytes:
    frame = b"\xff\xc0\x00\x0b\x08\x00\x01\x00\x01\x01\x01\x11\x00"
    scan = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" + str(about.time).encode()
    return stamp(b"\xff\xd8" + frame + scan + b"\xff\xd9", about)


def about(time: int = NOW, *, state: State = State.OK, camera: str = "cam1", site: str = SITE) -> SnapshotMetadata:
    return SnapshotMetadata(site, camera, time, state)


class Publisher:
    """An agent's connection to the broker; `with` opens and closes it."""

    def __init__(self, port: int) -> None:
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.max_inflight_messages_set(1000)
        self._port = port
        self._connected = threading.Event()
        self._client.on_connect = lambda *_: self._connected.set()

    def __enter__(self) -> Self:
        self._client.connect("127.0.0.1", self._port)
        self._client.loop_start()
        assert self._connected.wait(60)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def send(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        self._client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(60)

    def subscribe(self, topic: str, receive: Callable[[Any, Any, MQTTMessage], None]) -> None:
        """Subscribe, and return once the broker has granted it."""
        granted = threading.Event()
        self._client.on_message = receive
        self._client.on_subscribe = lambda *_: granted.set()
        self._client.subscribe(topic, qos=1)
        assert granted.wait(60)

    def send_all(self, messages: Iterable[tuple[str, bytes]]) -> None:
        infos = [self._client.publish(topic, payload, qos=1) for topic, payload in messages]
        for info in infos:
            info.wait_for_publish(60)

    def telemetry(self, *seqs: int) -> None:
        self.send_all((topic(TopicKind.TELEMETRY), encode(telemetry(seq))) for seq in seqs)

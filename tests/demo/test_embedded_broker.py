import asyncio
import queue
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from pantau_demo.embedded_broker import start_broker
from tests.servers.process import Server, free_port, is_listening

Arrived = queue.SimpleQueue[tuple[str, bytes]]


@contextmanager
def broker(port: int, log: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "pantau_demo.embedded_broker", str(port)]
    with Server(command, ready=lambda: is_listening(port), log=log):
        yield


def client(port: int, arrived: Arrived, *, will: bool = False) -> mqtt.Client:
    """A connected client that has subscribed to `city/#` and puts what arrives into the queue."""
    ready = queue.SimpleQueue[bool]()
    connecting = mqtt.Client(CallbackAPIVersion.VERSION2)

    def subscribe(*_: object) -> None:
        connecting.subscribe("city/#", qos=1)

    connecting.on_connect = subscribe
    connecting.on_subscribe = lambda *_: ready.put(True)
    connecting.on_message = lambda _c, _u, message: arrived.put((message.topic, bytes(message.payload)))
    if will:
        connecting.will_set("city/agent", b"gone", qos=1)
    connecting.connect("127.0.0.1", port)
    connecting.loop_start()
    assert ready.get(timeout=60)
    return connecting


def test_it_carries_messages_retained_ones_and_wills(tmp_path: Path) -> None:
    port = free_port()
    at_one, at_two = Arrived(), Arrived()
    with broker(port, tmp_path / "log"):
        one = client(port, at_one, will=True)
        one.publish("city/birth", b"here", qos=1, retain=True).wait_for_publish(60)
        assert at_one.get(timeout=60) == ("city/birth", b"here")
        two = client(port, at_two)
        assert at_two.get(timeout=60) == ("city/birth", b"here")
        one._sock_close()  # a client that vanishes without DISCONNECT
        while (message := at_two.get(timeout=60)) == ("city/birth", b"here"):
            pass  # amqtt may send a retained message twice
        assert message == ("city/agent", b"gone")
        two.disconnect()
        for each in (one, two):
            each.loop_stop()
    assert not is_listening(port)
    assert "for the demo alone" in (tmp_path / "log").read_text()


def test_a_port_that_is_taken_is_reported(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "pantau_demo.embedded_broker", str(port)]
    with broker(port, tmp_path / "log"):
        second = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert second.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in second.stderr


async def subscriptions_of(port: int) -> Any:
    started = await start_broker(port)
    try:
        return started._subscriptions
    finally:
        await started.shutdown()


def test_its_subscriptions_may_change_while_they_are_iterated_over() -> None:
    subscriptions = asyncio.run(subscriptions_of(free_port()))
    subscriptions["city/a"] = []
    for topic in subscriptions:
        subscriptions[f"{topic}/b"] = []
    for topic, sessions in subscriptions.items():
        subscriptions[f"{topic}/c"] = sessions
    assert len(subscriptions) == 4

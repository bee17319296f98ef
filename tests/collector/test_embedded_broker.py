import queue

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from pantau_collector.embedded_broker import EmbeddedBroker
from tests.servers.process import free_port, is_listening


def client(port: int, arrived: queue.SimpleQueue[tuple[str, bytes]], *, will: bool = False) -> mqtt.Client:
    """A connected client that has subscribed to `city/#` and puts what comes into the queue."""
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


def test_it_carries_messages_retained_ones_and_wills(caplog: pytest.LogCaptureFixture) -> None:
    port = free_port()
    at_one, at_two = queue.SimpleQueue[tuple[str, bytes]](), queue.SimpleQueue[tuple[str, bytes]]()
    with EmbeddedBroker(port):
        one = client(port, at_one, will=True)
        one.publish("city/birth", b"here", qos=1, retain=True).wait_for_publish(60)
        assert at_one.get(timeout=60) == ("city/birth", b"here")
        two = client(port, at_two)
        assert at_two.get(timeout=60) == ("city/birth", b"here")
        one._sock_close()  # a client that vanishes without a word
        while (came := at_two.get(timeout=60)) == ("city/birth", b"here"):
            pass  # amqtt may send a retained message twice
        assert came == ("city/agent", b"gone")
        two.disconnect()
        for each in (one, two):
            each.loop_stop()
    assert not is_listening(port)
    assert "for the demo alone" in caplog.text


def test_a_port_that_is_taken_is_told() -> None:
    port = free_port()
    with EmbeddedBroker(port), pytest.raises(OSError, match=str(port)):
        EmbeddedBroker(port).start()


def test_its_subscriptions_may_change_while_they_are_gone_through() -> None:
    port = free_port()
    with EmbeddedBroker(port) as embedded:
        assert embedded._broker is not None
        subscriptions = embedded._broker._subscriptions
        subscriptions["city/a"] = []
        for topic in subscriptions:
            subscriptions[f"{topic}/b"] = []
        for topic, sessions in subscriptions.items():
            subscriptions[f"{topic}/c"] = sessions
        assert len(subscriptions) == 4

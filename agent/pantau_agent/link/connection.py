"""One MQTT connection, from CONNECT to its end.

paho's thread does the network; every event is put into an inbox. Each connection has a paho client of its own, so
nothing of the previous one is left in a queue of paho's, and the will always contains the current session.
"""

import asyncio
import contextlib
import socket
from dataclasses import dataclass

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from pantau_agent.config import Broker
from pantau_agent.link.problem import Problem, from_connack, from_puback
from pantau_agent.link.protocol import Protocol
from pantau_service.certificate_end import end_of_peer_ms
from pantau_service.client_certificate import client_context

KEEPALIVE_S = 20
"""Keep-alive in seconds.

The broker publishes the will after 1.5 times as long in silence (MQTT 3.1.1, 3.1.2.10).
"""
_CONNECT_WITHIN_S = 10
"""Seconds within which the TCP connection and TLS must be established."""
_CLOSE_WITHIN_S = 2
"""Seconds that DISCONNECT may take before the socket is shut down."""
_MAX_QUEUED = 64
"""Messages that paho holds; more than the send queue ever has in flight."""
_NO_MATCHING_SUBSCRIBERS = 0x10
"""Reason code of PUBACK (MQTT 5, 3.4.2.1)."""
_PROTOCOLS = {"5": MQTTProtocolVersion.MQTTv5, "3.1.1": MQTTProtocolVersion.MQTTv311}


@dataclass(frozen=True, slots=True)
class Connected:
    """The broker has accepted the connection; the birth is on its way."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """PUBACK: the broker has accepted the message with this packet identifier.

    `has_subscriber` is False if the broker reports that nobody gets it (MQTT 5, 3.4.2.1; 3.1.1 cannot report it).
    """

    mid: int
    has_subscriber: bool = True


@dataclass(frozen=True, slots=True)
class Refused:
    """PUBACK: the broker does not take the message with this packet identifier; 3.1.1 cannot report it."""

    mid: int
    problem: Problem


@dataclass(frozen=True, slots=True)
class CommandReceived:
    """A command has come."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class ReceiptReceived:
    """A receipt of the collector has come."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection was refused, or has ended."""

    problem: Problem


Event = Connected | Acknowledged | Refused | CommandReceived | ReceiptReceived | Lost


@dataclass(frozen=True, slots=True)
class SessionMessages:
    """What a connection begins and ends with: topic and payload of birth and will, and what it subscribes to."""

    agent_topic: str
    birth: bytes
    will: bytes
    command_topic: str
    receipt_topic: str


class MqttConnection:
    """One connection. Every event is put into `inbox`, in the event loop."""

    def __init__(
        self,
        broker: Broker,
        protocol: Protocol,
        client_id: str,
        messages: SessionMessages,
        inbox: asyncio.Queue[Event | None],
    ) -> None:
        self._broker = broker
        self._messages = messages
        self._inbox = inbox
        self._loop = asyncio.get_running_loop()
        self._client = self._make_client(client_id, _PROTOCOLS[protocol])

    async def open(self) -> None:
        """Connect, and send CONNECT; the answer arrives in the inbox.

        Raises:
            OSError, ValueError: the connection cannot be established.
        """
        if self._broker.tls:
            broker = self._broker
            self._client.tls_set_context(client_context(broker.ca_file, broker.tls_certificate, broker.tls_key))
        await asyncio.to_thread(self._client.connect, self._broker.host, self._broker.port, KEEPALIVE_S)
        self._client.loop_start()

    def broker_certificate_ends_ms(self) -> int | None:
        """Return when the certificate ends that the broker has shown (UTC ms), or None without TLS."""
        return end_of_peer_ms(self._client.socket())

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> int:
        """Send with QoS 1, and return the packet identifier that `Acknowledged` will contain."""
        return self._client.publish(topic, payload, qos=1, retain=retain).mid

    async def close(self) -> None:
        """Send DISCONNECT and stop paho's thread, by shutting the socket down if the network does not carry it."""
        self._client.disconnect()
        stopped = asyncio.ensure_future(asyncio.to_thread(self._client.loop_stop))
        done, _ = await asyncio.wait({stopped}, timeout=_CLOSE_WITHIN_S)
        if not done:
            with contextlib.suppress(OSError, AttributeError):
                self._client.socket().shutdown(socket.SHUT_RDWR)  # type: ignore[union-attr] # None is suppressed
            await asyncio.wait({stopped}, timeout=_CLOSE_WITHIN_S)

    def _make_client(self, client_id: str, protocol: MQTTProtocolVersion) -> mqtt.Client:
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id, protocol=protocol, reconnect_on_failure=False)
        client.connect_timeout = _CONNECT_WITHIN_S
        client.max_inflight_messages_set(_MAX_QUEUED)
        client.max_queued_messages_set(_MAX_QUEUED)
        client.will_set(self._messages.agent_topic, self._messages.will, qos=1, retain=True)
        if self._broker.user is not None:
            password = self._broker.password
            client.username_pw_set(self._broker.user, password.get_secret_value() if password else None)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        return client

    def _on_connect(
        self,
        client: mqtt.Client,
        _userdata: object,
        _flags: mqtt.ConnectFlags,
        code: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if code.is_failure:
            self._put(
                Lost(
                    from_connack(
                        code, user=self._broker.user, certificate=self._broker.tls_certificate is not None
                    )
                )
            )
            return
        client.publish(self._messages.agent_topic, self._messages.birth, qos=1, retain=True)
        client.subscribe(self._messages.command_topic, qos=1)
        client.subscribe(self._messages.receipt_topic, qos=0)
        self._put(Connected())

    def _on_disconnect(
        self,
        _client: mqtt.Client,
        _userdata: object,
        _flags: mqtt.DisconnectFlags,
        code: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._put(Lost(Problem(f"the connection ended ({code.getName().lower()})")))

    def _on_publish(
        self, _client: mqtt.Client, _userdata: object, mid: int, code: ReasonCode, _properties: Properties | None
    ) -> None:
        if code.is_failure:
            self._put(Refused(mid, from_puback(code, user=self._broker.user)))
        else:
            self._put(Acknowledged(mid, has_subscriber=code.value != _NO_MATCHING_SUBSCRIBERS))

    def _on_message(self, _client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage) -> None:
        if message.retain:  # a retained command is an old one, and so is a receipt
            return
        payload = bytes(message.payload)
        is_receipt = message.topic == self._messages.receipt_topic
        self._put(ReceiptReceived(payload) if is_receipt else CommandReceived(payload))

    def _put(self, event: Event) -> None:
        """Pass an event from paho's thread to the event loop, unless that has ended."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._inbox.put_nowait, event)

"""One MQTT connection, from CONNECT to its end.

paho's thread does the network; all that happens is put in an inbox.
Each connection has a paho client of its own: so nothing is left in a queue of paho's from the one before, and the
will always tells the present session.
"""

import asyncio
import contextlib
import socket
import ssl
from dataclasses import dataclass

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from pantau_agent.config import Broker
from pantau_agent.link.problem import Problem, from_connack, from_puback
from pantau_agent.link.protocol import Protocol

KEEPALIVE_S = 20
"""The broker publishes the will when it has heard nothing for 1.5 times as long (MQTT 3.1.1, 3.1.2.10)."""
_CONNECT_WITHIN_S = 10
_LEAVE_WITHIN_S = 2
_MAX_QUEUED = 64
_NO_MATCHING_SUBSCRIBERS = 0x10
_PROTOCOLS = {"5": MQTTProtocolVersion.MQTTv5, "3.1.1": MQTTProtocolVersion.MQTTv311}


@dataclass(frozen=True, slots=True)
class Connected:
    """The broker has accepted; the birth is on its way."""


@dataclass(frozen=True, slots=True)
class Taken:
    """PUBACK: the broker has taken the message with this packet identifier.

    `heard`: as far as it says, somebody gets it (MQTT 5, 3.4.2.1; with 3.1.1 nobody knows).
    """

    mid: int
    heard: bool = True


@dataclass(frozen=True, slots=True)
class Asked:
    """A command has come."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection was refused, or has ended."""

    problem: Problem


Event = Connected | Taken | Asked | Lost


@dataclass(frozen=True, slots=True)
class Letters:
    """What a connection begins and ends with: topic and payload of birth and will, and where commands come."""

    agent_topic: str
    birth: bytes
    will: bytes
    command_topic: str


class Connection:
    """One connection. `inbox` gets every event, in the event loop."""

    def __init__(
        self,
        broker: Broker,
        protocol: Protocol,
        client_id: str,
        letters: Letters,
        inbox: asyncio.Queue[Event | None],
    ) -> None:
        self._broker = broker
        self._letters = letters
        self._inbox = inbox
        self._loop = asyncio.get_running_loop()
        self._client = self._make_client(client_id, _PROTOCOLS[protocol])

    async def open(self) -> None:
        """Connects, and sends CONNECT; the answer comes to the inbox.

        Raises:
            OSError, ValueError: there is nobody to connect to.
        """
        if self._broker.tls:
            self._client.tls_set_context(ssl.create_default_context(cafile=self._broker.ca_file))
        await asyncio.to_thread(self._client.connect, self._broker.host, self._broker.port, KEEPALIVE_S)
        self._client.loop_start()

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> int:
        """Sends with QoS 1; returns the packet identifier that `Taken` will name, if it arrives."""
        return self._client.publish(topic, payload, qos=1, retain=retain).mid

    async def close(self) -> None:
        """DISCONNECT, and the end of paho's thread; by force where the network does not take it."""
        self._client.disconnect()
        stopped = asyncio.ensure_future(asyncio.to_thread(self._client.loop_stop))
        done, _ = await asyncio.wait({stopped}, timeout=_LEAVE_WITHIN_S)
        if not done:
            with contextlib.suppress(OSError, AttributeError):
                self._client.socket().shutdown(socket.SHUT_RDWR)  # type: ignore[union-attr] # None is suppressed
            await asyncio.wait({stopped}, timeout=_LEAVE_WITHIN_S)

    def _make_client(self, client_id: str, protocol: MQTTProtocolVersion) -> mqtt.Client:
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id, protocol=protocol, reconnect_on_failure=False)
        client.connect_timeout = _CONNECT_WITHIN_S
        client.max_inflight_messages_set(_MAX_QUEUED)
        client.max_queued_messages_set(_MAX_QUEUED)
        client.will_set(self._letters.agent_topic, self._letters.will, qos=1, retain=True)
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
        _data: object,
        _flags: mqtt.ConnectFlags,
        code: ReasonCode,
        _more: Properties | None,
    ) -> None:
        if code.is_failure:
            self._tell(Lost(from_connack(code, user=self._broker.user)))
            return
        client.publish(self._letters.agent_topic, self._letters.birth, qos=1, retain=True)
        client.subscribe(self._letters.command_topic, qos=1)
        self._tell(Connected())

    def _on_disconnect(
        self,
        _client: mqtt.Client,
        _data: object,
        _flags: mqtt.DisconnectFlags,
        code: ReasonCode,
        _more: Properties | None,
    ) -> None:
        self._tell(Lost(Problem(f"the connection ended ({code.getName().lower()})")))

    def _on_publish(
        self, _client: mqtt.Client, _data: object, mid: int, code: ReasonCode, _more: Properties | None
    ) -> None:
        if code.is_failure:
            self._tell(Lost(from_puback(code, user=self._broker.user)))
        else:
            self._tell(Taken(mid, heard=code.value != _NO_MATCHING_SUBSCRIBERS))

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        if not message.retain:  # a retained command is an old one
            self._tell(Asked(bytes(message.payload)))

    def _tell(self, event: Event) -> None:
        """From paho's thread to the event loop, as long as there is one."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._inbox.put_nowait, event)

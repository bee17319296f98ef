"""The collector's session at the broker: persistent, with manual acknowledgement.

paho's `ack` only puts a packet into the network thread's queue (a deque) and wakes that thread, so any thread may
call it. But the packet is sent on whatever connection exists by then, and after a reconnection the broker may use
the same message id for another message. So each delivery carries the number of its connection, and is acknowledged
on that connection or not at all.
"""

import logging
import threading
from collections.abc import Callable, Iterable

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from pantau_collector.config import Broker
from pantau_collector.intake.inbox import Inbox, Incoming
from pantau_contract.topics import SUBSCRIPTIONS

KEEPALIVE_S = 15
"""Seconds between keep-alives.

A half-open connection is noticed within 1.5 times this, before any site is silent.
"""
_NOT_AUTHORISED = {"Bad user name or password", "Not authorized", "Client identifier not valid"}
_log = logging.getLogger(__name__)


class Subscription:
    """Connects to the broker, stays connected, and puts what arrives into the inbox."""

    def __init__(self, broker: Broker, inbox: Inbox, *, time_ms: Callable[[], int]) -> None:
        self._broker = broker
        self._inbox = inbox
        self._time_ms = time_ms
        self._connection = 0
        self._acknowledging = threading.Lock()
        self._subscribed_before = False
        self.connected = False
        """True while the broker has our session and our subscriptions."""
        self.trouble: str | None = None
        """Why there is no session at the broker, for the operator; None while there is one."""
        self.received = 0
        self.received_bytes = 0
        self._client = self._make_client()

    def start(self) -> None:
        """Begin to connect, on a thread of paho's; an absent broker is tried again and again."""
        self._client.connect_async(self._broker.host, self._broker.port, keepalive=KEEPALIVE_S)
        self._client.loop_start()

    def stop(self) -> None:
        """Disconnect after the queued acknowledgements have been sent. The broker keeps the session."""
        self.connected = False
        self._client.disconnect()
        self._client.loop_stop()

    def acknowledge(self, messages: Iterable[Incoming]) -> None:
        """Acknowledge the deliveries of the present connection; the broker repeats those of earlier ones."""
        with self._acknowledging:
            for message in messages:
                if message.connection == self._connection:
                    self._client.ack(message.mid, message.qos)

    def _make_client(self) -> Client:
        broker = self._broker
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=broker.client_id,
            clean_session=False,
            protocol=MQTTProtocolVersion.MQTTv311,
            manual_ack=True,
        )
        if broker.user is not None:
            client.username_pw_set(broker.user, broker.password.get_secret_value() if broker.password else None)
        if broker.tls:
            client.tls_set(ca_certs=str(broker.ca_file) if broker.ca_file else None)
        client.reconnect_delay_set(min_delay=1, max_delay=30)
        client.on_pre_connect = lambda *_: self._next_connection()
        client.on_connect = self._on_connect
        client.on_connect_fail = lambda *_: self._note_trouble(f"{self._where} cannot be reached")
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        return client

    @property
    def _where(self) -> str:
        return f"the broker {self._broker.host}:{self._broker.port}"

    def _next_connection(self) -> None:
        with self._acknowledging:
            self._connection += 1

    def _on_connect(
        self, client: Client, _: object, flags: ConnectFlags, reason: ReasonCode, __: Properties | None
    ) -> None:
        if reason.is_failure:
            refused = str(reason) in _NOT_AUTHORISED
            advice = "check broker.user and its password" if refused else "it is tried again"
            self._note_trouble(f"{self._where} refuses us: {reason}; {advice}")
            return
        if self._subscribed_before and not flags.session_present:
            _log.warning("%s had forgotten our session: what came while we were away was not kept", self._where)
        if self._subscribed_before and flags.session_present:
            self._note_connected()  # subscribing again would make the broker send every retained message again
        else:
            client.subscribe([(topic, 1) for topic in SUBSCRIPTIONS])

    def _on_subscribe(
        self, _: Client, __: object, ___: int, reasons: list[ReasonCode], ____: Properties | None
    ) -> None:
        refused = [topic for topic, reason in zip(SUBSCRIPTIONS, reasons, strict=False) if reason.is_failure]
        if refused:
            topics = ", ".join(refused)
            self._note_trouble(f"{self._where} does not let us subscribe to {topics}: check its access list")
            return
        self._subscribed_before = True
        self._note_connected()

    def _note_connected(self) -> None:
        self.connected = True
        self.trouble = None
        _log.info("connected to %s as %s", self._where, self._broker.client_id)

    def _on_disconnect(
        self, _: Client, __: object, ___: DisconnectFlags, reason: ReasonCode, ____: Properties | None
    ) -> None:
        self._next_connection()
        if self.connected:
            # The reason is set first, so that no reader sees `connected` false without it.
            self._note_trouble(f"{self._where} is gone: {reason}")
            self.connected = False

    def _on_message(self, _: Client, __: object, message: MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = "(a topic that is not UTF-8)"
        self.received += 1
        self.received_bytes += len(message.payload)
        incoming = Incoming(
            received_ms=self._time_ms(),
            topic=topic,
            payload=bytes(message.payload),
            retained=message.retain,
            connection=self._connection,
            mid=message.mid,
            qos=message.qos,
        )
        self._inbox.put(incoming)

    def _note_trouble(self, trouble: str) -> None:
        level = logging.DEBUG if trouble == self.trouble else logging.WARNING
        self.trouble = trouble
        _log.log(level, "%s", trouble)

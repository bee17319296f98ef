"""The collector's session at the broker: persistent, with manual acknowledgement.

A thread of ours connects, and connects again when a connection ends; each connection has a client of paho's, and a
thread that reads and writes. paho's `ack` only puts a packet into that thread's queue (a deque), so any thread may
call it. After a reconnection the broker may use the same message id for another message. So each delivery carries
the number of its connection, and is acknowledged on that connection or not at all.

The session is held in MQTT 3.1.1, because paho needs much more time for each message in MQTT 5. After the broker
has ended a connection without a reason, the next one is in MQTT 5 where the broker speaks it, so that it states
the reason. A session may change its version from one connection to the next.
"""

import contextlib
import logging
import random
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from pantau_collector.config import Broker
from pantau_collector.intake.broker_figures import TOPICS as FIGURES
from pantau_collector.intake.broker_problem import (
    UNSUPPORTED_VERSION,
    describe_error,
    describe_hang_up,
    describe_refusal,
    describe_silence,
)
from pantau_collector.intake.door import Door, Outgoing
from pantau_collector.intake.inbox import Incoming
from pantau_collector.intake.network_loop import BufferedClient, NetworkLoop
from pantau_collector.intake.session_contest import TAKEN_OVER, SessionContest
from pantau_contract.topics import SUBSCRIPTIONS
from pantau_service.certificate_end import end_of_peer_ms
from pantau_service.client_certificate import client_context

KEEPALIVE_S = 15
"""Seconds between keep-alives.

A half-open connection is noticed within 1.5 times this, before any site is silent.
"""
_CONNECT_WITHIN_S = 10.0
"""Seconds within which the TCP connection and TLS must be established."""
ANSWER_WITHIN_S = 10.0
"""Seconds within which the broker must answer CONNECT and SUBSCRIBE."""
_FIRST_DELAY_S = 1.0
"""Seconds until the next attempt to connect; doubled with each further failure."""
_LONGEST_DELAY_S = 30.0
"""Seconds at most until the next attempt to connect."""
_TICK_S = 0.5
"""Seconds from one check of a connection to the next."""
_STOP_WITHIN_S = 10.0
"""Seconds for which `stop` waits for the thread, which may be connecting to a broker that does not answer."""
_HANG_UP = "Unspecified error"
"""paho's reason for a connection that the other side ended without one."""
_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Connection:
    """One connection to the broker, from the attempt to its end."""

    number: int
    is_mqtt5: bool
    began_s: float
    accepted_s: float | None = None
    """When the broker accepted CONNECT."""
    is_explained: bool = False
    """True once it is known why this connection does not serve."""
    over: threading.Event = field(default_factory=threading.Event)


class Subscription:
    """Connects to the broker, stays connected, hands what arrives to the door, and publishes what that wants."""

    def __init__(
        self,
        broker: Broker,
        door: Door,
        *,
        time_ms: Callable[[], int],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._broker = broker
        self.door = door
        self._time_ms = time_ms
        self._monotonic = monotonic
        self._contest = SessionContest()
        self._acknowledging = threading.Lock()
        self._connection = _Connection(0, is_mqtt5=False, began_s=monotonic())
        self._client: Client | None = None
        self._loop: NetworkLoop | None = None
        self._subscribed_before = False
        self._ask_for_reason = False
        self._speaks_mqtt5 = True
        self._logged: str | None = None
        self._delivery_logged = False
        self._stopping = threading.Event()
        # A daemon, because connecting may outlast the end of the collector.
        self._thread = threading.Thread(target=self._run, name="broker", daemon=True)
        self.connected = False
        """True while the broker has our session and our subscriptions."""
        self.broker_certificate_ends_ms: int | None = None
        self.trouble: str | None = f"{self._where} has not been connected to yet"
        """Why there is no session at the broker, for the operator; None while there is one."""

    def start(self) -> None:
        """Begin to connect, on a thread; an absent broker is tried again and again."""
        self._thread.start()

    def stop(self) -> None:
        """Disconnect after the queued acknowledgements have been sent. The broker keeps the session."""
        self.connected = False
        self._stopping.set()
        self._connection.over.set()
        self._thread.join(_STOP_WITHIN_S)

    def acknowledge(self, messages: Iterable[Incoming]) -> None:
        """Acknowledge the deliveries of the present connection; the broker repeats those of earlier ones."""
        with self._acknowledging:
            if self._client is None:
                return
            for message in messages:
                if message.connection == self._connection.number:
                    self._client.ack(message.mid, message.qos)
            if self._loop is not None:
                self._loop.wake()

    def send(self, topic: str, payload: bytes) -> bool:
        """Publish a message now, or return False if there is no connection.

        It is sent with QoS 0, so that the broker keeps it for nobody who is not there: what is asked of an agent
        is meant for now.
        """
        with self._acknowledging:
            if self._client is None or self._loop is None or not self.connected:
                return False
            _publish(self._client, [Outgoing(topic, payload, qos=0)])
            self._loop.wake()
        return True

    @property
    def delivering(self) -> bool:
        """True while it is proven that what the broker has for us arrives here, and nowhere else."""
        now_s = self._monotonic()
        return self.connected and self.door.probe.is_proven(now_s) and not self._contest.is_certain(now_s)

    @property
    def delivery_trouble(self) -> str | None:
        """What the broker does not deliver although we are connected, for the operator; None if nothing."""
        if not self.connected:
            return None
        trouble = self.door.probe.trouble(self._monotonic(), self._broker.user)
        return f"{self._where} {trouble}" if trouble else None

    @property
    def contest_trouble(self) -> str | None:
        """What another client with our client id does, for the operator, for a while after the last time."""
        trouble = self._contest.trouble(self._monotonic(), self._broker.client_id)
        return f"{self._where}: {trouble}" if trouble else None

    @property
    def overload_trouble(self) -> str | None:
        """What is wrong with the broker by its own figures, for the operator; None if nothing is."""
        trouble = self.door.figures.trouble(self._monotonic(), max_memory_mb=self._broker.max_memory_mb)
        return f"{self._where} {trouble}" if trouble else None

    @property
    def _where(self) -> str:
        return f"the broker {self._broker.host}:{self._broker.port}"

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            try:
                serves = self._connect_once()
            except Exception:  # noqa: BLE001 - whatever it was, the next attempt may succeed
                _log.exception("connecting to %s failed for a reason that was not expected", self._where)
                serves = False
            failures = 0 if serves else failures + 1
            delay_s = min(_FIRST_DELAY_S * 2 ** min(max(failures - 1, 0), 10), _LONGEST_DELAY_S)
            self._stopping.wait(delay_s * random.uniform(0.75, 1))

    def _connect_once(self) -> bool:
        """Connect, and return once the connection has ended: True if it has served."""
        connection = _Connection(
            self._connection.number + 1,
            is_mqtt5=self._ask_for_reason and self._speaks_mqtt5,
            began_s=self._monotonic(),
        )
        try:
            client = self._make_client(connection)
            self._open(client, connection)
        except Exception as error:  # noqa: BLE001 - ssl and socket raise OSError, paho ValueError, and more
            self._ask_for_reason = False
            self._contest.note_other_failure()
            why = describe_error(error, tls=self._broker.tls)
            self._note_trouble(f"{self._where} cannot be reached: {why}")
            return False
        self.door.begin(connection.number)
        loop = NetworkLoop(client, partial(self._on_loop_over, connection))
        with self._acknowledging:
            self._connection, self._client, self._loop = connection, client, loop
        if self._stopping.is_set():
            connection.over.set()
        loop.start()
        self._watch(connection, client, loop)
        self._close(client, loop)
        return connection.accepted_s is not None and not connection.is_explained

    def _open(self, client: Client, connection: _Connection) -> None:
        """Establish the connection, and send CONNECT.

        Raises:
            OSError, ValueError: it cannot be established.
        """
        broker = self._broker
        if connection.is_mqtt5:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call] # paho has no types there
            properties.SessionExpiryInterval = 0xFFFFFFFF  # never, as in 3.1.1 (MQTT 5, 3.1.2.11.2)
            client.connect(broker.host, broker.port, KEEPALIVE_S, clean_start=False, properties=properties)
        else:
            client.connect(broker.host, broker.port, KEEPALIVE_S)

    def _watch(self, connection: _Connection, client: Client, loop: NetworkLoop) -> None:
        """Wait until the connection is over, and publish meanwhile what is due."""
        while not connection.over.wait(_TICK_S):
            now_s = self._monotonic()
            if self.connected:
                _publish(client, self.door.take_due())
                loop.wake()
                self._log_delivery(now_s)
            elif now_s - connection.began_s >= ANSWER_WITHIN_S:
                connection.is_explained = True
                self._contest.note_other_failure()
                silence = describe_silence(tls=self._broker.tls, within_s=ANSWER_WITHIN_S)
                self._note_trouble(f"{self._where} {silence}")
                return

    def _close(self, client: Client, loop: NetworkLoop) -> None:
        with self._acknowledging:
            self._client = self._loop = None
        if self._stopping.is_set():
            _publish(client, self.door.take_receipts())
        client.disconnect()
        loop.join()
        self.connected = False

    def _on_loop_over(self, connection: _Connection) -> None:
        if self.connected and not self._stopping.is_set():
            self._note_trouble(f"{self._where} is gone: an error of ours, which the log tells")
        self.connected = False
        connection.over.set()

    def _make_client(self, connection: _Connection) -> BufferedClient:
        broker = self._broker
        client = BufferedClient(
            CallbackAPIVersion.VERSION2,
            client_id=broker.client_id,
            clean_session=None if connection.is_mqtt5 else False,
            protocol=MQTTProtocolVersion.MQTTv5 if connection.is_mqtt5 else MQTTProtocolVersion.MQTTv311,
            manual_ack=True,
            doorkeeper=self.door,
            reconnect_on_failure=False,
        )
        client.connect_timeout = _CONNECT_WITHIN_S
        if broker.user is not None:
            client.username_pw_set(broker.user, broker.password.get_secret_value() if broker.password else None)
        if broker.tls:
            client.tls_set_context(client_context(broker.ca_file, broker.tls_certificate, broker.tls_key))
        client.on_connect = partial(self._on_connect, connection)
        client.on_subscribe = partial(self._on_subscribe, connection)
        client.on_disconnect = partial(self._on_disconnect, connection)
        client.on_message = partial(self._on_message, connection)
        return client

    def _on_connect(
        self,
        connection: _Connection,
        client: Client,
        _: object,
        flags: ConnectFlags,
        reason: ReasonCode,
        __: Properties | None,
    ) -> None:
        if reason.is_failure:
            connection.is_explained = True
            self._contest.note_other_failure()
            if connection.is_mqtt5 and str(reason) == UNSUPPORTED_VERSION:
                self._speaks_mqtt5 = False
            else:
                self._note_trouble(f"{self._where} {describe_refusal(reason)}")
            return
        connection.accepted_s = self._monotonic()
        self.door.note_accepted()
        if self._subscribed_before and not flags.session_present:
            _log.warning("%s had forgotten our session: what came while we were away was not kept", self._where)
        if self._subscribed_before and flags.session_present:
            # Subscribing again would make the broker send every retained message again.
            self._note_connected(client)
        else:
            client.subscribe([(topic, 1) for topic in SUBSCRIPTIONS] + [(topic, 0) for topic in FIGURES])

    def _on_subscribe(
        self,
        connection: _Connection,
        client: Client,
        _: object,
        __: int,
        reasons: list[ReasonCode],
        ___: Properties | None,
    ) -> None:
        refused = [topic for topic, reason in zip(SUBSCRIPTIONS, reasons, strict=False) if reason.is_failure]
        if refused:
            topics = ", ".join(refused)
            connection.is_explained = True
            self._note_trouble(f"{self._where} does not let us subscribe to {topics}: check its access list")
            connection.over.set()
            return
        self._subscribed_before = True
        self._note_connected(client)

    def _note_connected(self, client: Client) -> None:
        self.door.note_connected()
        _publish(client, self.door.take_due())
        self.connected = True
        self.broker_certificate_ends_ms = end_of_peer_ms(client.socket())
        self.trouble = self._logged = None
        level = logging.DEBUG if self.contest_trouble else logging.INFO
        _log.log(level, "connected to %s as %s", self._where, self._broker.client_id)

    def _on_disconnect(
        self,
        connection: _Connection,
        _: Client,
        __: object,
        flags: DisconnectFlags,
        reason: ReasonCode,
        ___: Properties | None,
    ) -> None:
        with self._acknowledging:
            self._client = None
        if not self._stopping.is_set() and not connection.is_explained:
            self._note_end(connection, reason, is_stated=flags.is_disconnect_packet_from_server)
        self.connected = False
        connection.over.set()

    def _note_end(self, connection: _Connection, reason: ReasonCode, *, is_stated: bool) -> None:
        """Record why a connection has ended, if it has not been recorded."""
        now_s = self._monotonic()
        self._ask_for_reason = not is_stated and str(reason) == _HANG_UP
        if connection.accepted_s is None:
            self._contest.note_other_failure()
            if connection.is_mqtt5:
                self._speaks_mqtt5 = False
            self._note_trouble(f"{self._where} {describe_hang_up(tls=self._broker.tls)}")
            return
        before = self.contest_trouble
        if is_stated and reason.value == TAKEN_OVER:
            self._ask_for_reason = True
            self._contest.note_taken_over(now_s)
        elif self._ask_for_reason:
            self._contest.note_hang_up(now_s)
        else:
            self._contest.note_other_failure()
        contested = self.contest_trouble
        if contested is not None and contested != before:
            _log.warning("%s", contested)
        # The reason is set first, so that no reader sees `connected` false without it.
        self._note_trouble(f"{self._where} is gone: {reason}", repeated=contested is not None)

    def _on_message(self, connection: _Connection, client: Client, _: object, message: MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = "(a topic that is not UTF-8)"
        incoming = Incoming(
            received_ms=self._time_ms(),
            topic=topic,
            payload=bytes(message.payload),
            retained=message.retain,
            connection=connection.number,
            mid=message.mid,
            qos=message.qos,
        )
        if not self.door.enter(incoming):
            client.ack(message.mid, message.qos)
        _publish(client, self.door.take_commands())

    def _log_delivery(self, now_s: float) -> None:
        """Log when it shows that the broker does not deliver, and when it does again."""
        if self.door.probe.is_overdue(now_s) and not self._delivery_logged:
            self._delivery_logged = True
            _log.warning("%s; until they do, no outage is opened", self.delivery_trouble)
        elif self._delivery_logged and self.door.probe.is_proven(now_s):
            self._delivery_logged = False
            _log.warning("%s delivers what is subscribed to again", self._where)

    def _note_trouble(self, trouble: str, *, repeated: bool = False) -> None:
        self.trouble = trouble
        _log.log(logging.DEBUG if repeated or trouble == self._logged else logging.WARNING, "%s", trouble)
        self._logged = trouble


def _publish(client: Client, messages: Iterable[Outgoing]) -> None:
    for topic, payload, qos in messages:
        with contextlib.suppress(ValueError):  # paho's queue is full, which takes 65,535 of them
            client.publish(topic, payload, qos)

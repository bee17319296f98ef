"""The traffic on a connection: what is sent in which order, and what acknowledgements and receipts mean."""

import logging

from pantau_agent.clock import Clock
from pantau_agent.config import AgentConfig
from pantau_agent.link.commands import Commands
from pantau_agent.link.connection import Acknowledged, CommandReceived, Event, MqttConnection, ReceiptReceived
from pantau_agent.link.receipts import Receipts
from pantau_agent.link.removed_cameras import RemovedCameras
from pantau_agent.link.send_queue import PAGE_SIZE, OutgoingKind, SendQueue
from pantau_agent.spool import Batch, Spool
from pantau_agent.spool.dating import DatedBacklog
from pantau_contract.messages import CameraState, Reply
from pantau_contract.topics import Topic, TopicKind
from pantau_contract.wire import encode

_log = logging.getLogger(__name__)

CLOCK_SET_WITHIN_S = 60
"""Seconds from the first connection for which undated batches wait for the clock to be set.

With an uplink a time server answers soon. To wait longer would look like an outage, and many a virtual machine's
clock is right though nothing reports it; so it is waited for once.
"""
CLOCK_SET_WITHIN_INTERVALS = 2
"""Reporting intervals for which undated batches wait at most."""
_LOOK_FOR_OVERDUE_EVERY_S = 5
"""Seconds between two looks for batches whose receipt is overdue."""

_KINDS = {
    OutgoingKind.STATE: TopicKind.STATE,
    OutgoingKind.REPLY: TopicKind.REPLY,
    OutgoingKind.LIVE: TopicKind.TELEMETRY,
    OutgoingKind.BACKLOG: TopicKind.TELEMETRY,
    OutgoingKind.SNAPSHOT: TopicKind.SNAPSHOT,
}


class LinkTraffic:
    """What an agent sends and receives. It outlives connections; `begin` and `end` enclose each of them.

    `receipt_ms` is when the last receipt came (UTC ms).
    """

    def __init__(self, config: AgentConfig, spool: Spool, clock: Clock) -> None:
        self._site = config.site.id
        self._address = f"{config.broker.host}:{config.broker.port}"
        self._spool = spool
        self._clock = clock
        self._backlog = DatedBacklog(spool, self._site, compress=config.report.compress)
        self._queue = SendQueue(backlog_per_s=config.spool.backlog_per_s)
        self._removed_cameras = RemovedCameras(spool, (camera.id for camera in config.camera))
        self._clock_wait_s = min(CLOCK_SET_WITHIN_S, CLOCK_SET_WITHIN_INTERVALS * config.report.interval_s)
        self._wait_for_clock_until: float | None = None
        self._no_subscriber = False
        self._refused_cameras: set[str] = set()
        self._look_for_overdue_at = 0.0
        self._receipts = Receipts(self._site)
        self.commands = Commands(self._site)
        self.receipt_ms: int | None = None

    def offer_state(self, state: CameraState, *, at_once: bool) -> None:
        """Add a camera's state, to be sent now, or only on the next connection."""
        self._queue.offer_state(state.camera, encode(state), at_once=at_once)

    def offer_snapshot(self, camera: str, snapshot: bytes) -> None:
        """Add a stamped snapshot."""
        self._queue.offer_snapshot(camera, snapshot)

    def offer_batch(self, batch: Batch) -> None:
        """Add a batch that has just been spooled."""
        self._backlog.learn(batch)
        self._queue.offer_live(batch)

    def offer_reply(self, reply: Reply) -> None:
        """Add the reply to a command."""
        self._queue.offer_reply(encode(reply))

    async def begin(self, connection: MqttConnection) -> None:
        """Begin on a new connection, and clear the retained states of removed cameras."""
        self._queue.connected()
        self._no_subscriber = False
        if self._wait_for_clock_until is None:
            self._wait_for_clock_until = self._clock.monotonic() + self._clock_wait_s
        for camera in await self._removed_cameras.to_clear():
            topic = str(Topic(self._site, TopicKind.STATE, camera))
            self._removed_cameras.sent(connection.publish(topic, b"", retain=True))

    async def send_due(self, connection: MqttConnection) -> None:
        """Send everything that may be sent now."""
        now = self._clock.monotonic()
        if now >= self._look_for_overdue_at:
            self._look_for_overdue_at = now + _LOOK_FOR_OVERDUE_EVERY_S
            if await self._spool.take_overdue():
                self._queue.reread_backlog()
        if (after := self._queue.backlog_after()) is not None:
            wait = self._wait_for_clock_until is not None and now < self._wait_for_clock_until
            page, more = await self._backlog.read(after, PAGE_SIZE, wait_for_clock=wait)
            self._queue.offer_backlog(page, more=more)
        while (message := self._queue.next(self._clock.monotonic())) is not None:
            topic = str(Topic(self._site, _KINDS[message.kind], message.camera or None))
            mid = connection.publish(topic, message.payload, retain=message.kind is OutgoingKind.STATE)
            self._queue.sent(mid, message, self._clock.monotonic())

    def handle(self, event: Event | None) -> None:
        """Handle an acknowledgement, a receipt or a command."""
        match event:
            case Acknowledged(mid, has_subscriber):
                self._removed_cameras.acknowledged(mid)
                message = self._queue.acknowledged(mid)
                if message is not None and message.batch_id:
                    self._handle_acknowledged_batch(message.batch_id, has_subscriber=has_subscriber)
            case ReceiptReceived(payload):
                if (receipt := self._receipts.read(payload)) is not None:
                    self.receipt_ms = self._clock.time_ms()
                    self._spool.receive_receipt(receipt)
            case CommandReceived(payload):
                self.commands.receive(payload)

    def drop_refused(self, mid: int) -> bool:
        """Drop a message of one camera that the broker refuses, and return whether it was one.

        Its access list may not know the camera yet, or no longer. Only a message of the whole site tells that the
        site itself is refused.
        """
        if self._removed_cameras.acknowledged(mid):
            return True
        message = self._queue.acknowledged(mid)
        if message is None or not message.camera:
            return False
        if message.camera not in self._refused_cameras:
            self._refused_cameras.add(message.camera)
            _log.warning(
                "the broker %s takes neither states nor snapshots of the camera %s: let its access list know the"
                " camera; it is in the site's batches all the same",
                self._address,
                message.camera,
            )
        return True

    def end(self) -> None:
        """End with the connection: what the broker acknowledged lately is not trusted."""
        self._queue.disconnected()
        self._spool.distrust_broker()

    def due_in_s(self) -> float | None:
        """Return the seconds until more may be sent, or None if that depends on events."""
        return self._queue.due_in_s(self._clock.monotonic())

    def unacknowledged_s(self) -> float:
        """Return the seconds for which the oldest message in flight has waited for its acknowledgement."""
        return self._queue.unacknowledged_s(self._clock.monotonic())

    @property
    def live_done(self) -> bool:
        """True if only backlog is left to send and to be acknowledged."""
        return self._queue.live_done

    def _handle_acknowledged_batch(self, batch_id: int, *, has_subscriber: bool) -> None:
        """Record that the broker has a batch, unless no collector gets it and no queue keeps it for one."""
        if has_subscriber:
            self._spool.acknowledge(batch_id)
            if self._no_subscriber:
                self._no_subscriber = False
                self._queue.reread_backlog()
        elif not self._no_subscriber:
            self._no_subscriber = True
            _log.warning("no collector has subscribed at the broker %s: batches wait in the spool", self._address)

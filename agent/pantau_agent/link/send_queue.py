"""What is sent over the link next: states, replies, live batches, then snapshots and the backlog.

It has no effects: it holds what waits and what is in flight, is passed the time, and never sends. Batches are safe
in the spool; it only knows how far the spool has been read.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from pantau_agent.spool import Batch

MAX_IN_FLIGHT = 20
"""Messages without acknowledgement at a time; mosquitto's own limit unless it is configured otherwise."""
MAX_BACKLOG_IN_FLIGHT = 8
"""Backlog batches among these, so a live batch always finds room, and a slow uplink is not filled up."""
PAGE_SIZE = 64
"""Batches of the backlog read from the spool at a time."""
_MAX_LIVE = 16
"""Live batches that wait; further ones are sent with the backlog."""
_MAX_REPLIES = 16
"""Replies that wait; the oldest are discarded."""


class OutgoingKind(Enum):
    """The kinds of messages."""

    STATE = auto()
    REPLY = auto()
    LIVE = auto()
    SNAPSHOT = auto()
    BACKLOG = auto()


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to send. `camera` is set for states and snapshots, `batch_id` for batches."""

    kind: OutgoingKind
    payload: bytes
    camera: str = ""
    batch_id: int = 0


@dataclass(frozen=True, slots=True)
class _InFlight:
    message: Outgoing
    since: float


@dataclass(slots=True)
class _Connection:
    """What belongs to one connection.

    `sent` are live batches that a later page of the backlog may contain again.
    """

    connected: bool = False
    states_due: dict[str, None] = field(default_factory=dict)
    replies: deque[bytes] = field(default_factory=lambda: deque(maxlen=_MAX_REPLIES))
    live: deque[Batch] = field(default_factory=deque)
    sent: set[int] = field(default_factory=set)
    backlog: deque[Batch] = field(default_factory=deque)
    backlog_due_at: float = 0.0
    read_to: int = 0
    read_all: bool = False
    in_flight: dict[int, _InFlight] = field(default_factory=dict)


class SendQueue:
    """The order of messages. The latest states and snapshots outlive a connection; the rest starts again with one.

    Times are monotonic seconds.
    """

    def __init__(self, *, backlog_per_s: float) -> None:
        self._backlog_gap_s = 1 / backlog_per_s
        self._states: dict[str, bytes] = {}
        self._snapshots: dict[str, bytes] = {}
        self._connection = _Connection()

    def connected(self) -> None:
        """Begin a connection: every state is due, and everything in the spool is backlog."""
        self._connection = _Connection(connected=True, states_due=dict.fromkeys(self._states))

    def disconnected(self) -> None:
        """End the connection.

        What was in flight may be lost; a snapshot is sent again unless there is a newer one.
        """
        for in_flight in self._connection.in_flight.values():
            if in_flight.message.kind is OutgoingKind.SNAPSHOT:
                self._snapshots.setdefault(in_flight.message.camera, in_flight.message.payload)
        self._connection = _Connection()

    def offer_state(self, camera: str, payload: bytes, *, at_once: bool) -> None:
        """Add a camera's state, to be sent at once or on the next connection only."""
        self._states[camera] = payload
        if at_once:
            self._connection.states_due[camera] = None

    def offer_snapshot(self, camera: str, payload: bytes) -> None:
        """Add a snapshot; it replaces one of the same camera that still waits."""
        self._snapshots[camera] = payload

    def offer_reply(self, payload: bytes) -> None:
        """Add a reply; without a connection nobody waits for it any more."""
        if self._connection.connected:
            self._connection.replies.append(payload)

    def offer_live(self, batch: Batch) -> None:
        """Add a new batch. Without a connection, undated, or if too many wait, it is sent with the backlog."""
        connection = self._connection
        if connection.connected and len(connection.live) < _MAX_LIVE and batch.clock_synchronised is not False:
            connection.live.append(batch)
            connection.sent.add(batch.id)
        else:
            connection.read_all = False

    def backlog_after(self) -> int | None:
        """Return the id after which the next page should be read from the spool, or None if none is needed now."""
        connection = self._connection
        if not connection.connected or connection.read_all or connection.backlog:
            return None
        return connection.read_to

    def reread_backlog(self) -> None:
        """Read the backlog from the start again, except for what is in flight."""
        connection = self._connection
        connection.read_to, connection.read_all = 0, False
        connection.sent = {in_flight.message.batch_id for in_flight in connection.in_flight.values()}
        connection.sent |= {batch.id for batch in connection.live}
        connection.backlog.clear()

    def offer_backlog(self, page: Sequence[Batch], *, more: bool) -> None:
        """Add a page read from the spool after `backlog_after`; `more` is whether more than these wait there."""
        connection = self._connection
        connection.backlog.extend(batch for batch in page if batch.id not in connection.sent)
        connection.read_all = not more
        if page:
            connection.read_to = page[-1].id
        connection.sent = {batch_id for batch_id in connection.sent if batch_id > connection.read_to}

    def next(self, now: float) -> Outgoing | None:
        """Return the message to send now, or None if none may be sent; the caller reports it with `sent`."""
        if not self._connection.connected or len(self._connection.in_flight) >= MAX_IN_FLIGHT:
            return None
        return self._next_urgent() or self._next_snapshot() or self._next_of_backlog(now)

    def due_in_s(self, now: float) -> float | None:
        """Return the seconds until the backlog's rate allows the next batch, or None if no backlog may be sent."""
        return max(0.0, self._connection.backlog_due_at - now) if self._may_send_backlog() else None

    def sent(self, mid: int, message: Outgoing, now: float) -> None:
        """Record that a message was sent with the packet identifier `mid`."""
        self._connection.in_flight[mid] = _InFlight(message, now)

    def acknowledged(self, mid: int) -> Outgoing | None:
        """Record that the broker has acknowledged a message, and return it, or None if it was not one of these."""
        in_flight = self._connection.in_flight.pop(mid, None)
        if in_flight is None:
            return None
        if self._connection.read_all:
            self._connection.sent.discard(in_flight.message.batch_id)
        return in_flight.message

    def unacknowledged_s(self, now: float) -> float:
        """Return the seconds for which the oldest message in flight has waited for its acknowledgement."""
        oldest = next(iter(self._connection.in_flight.values()), None)
        return now - oldest.since if oldest else 0.0

    @property
    def live_done(self) -> bool:
        """True if only backlog is left to send and to be acknowledged."""
        connection = self._connection
        return not (connection.states_due or connection.replies or connection.live) and all(
            in_flight.message.kind is OutgoingKind.BACKLOG for in_flight in connection.in_flight.values()
        )

    def _next_urgent(self) -> Outgoing | None:
        connection = self._connection
        if connection.states_due:
            camera = next(iter(connection.states_due))
            del connection.states_due[camera]
            return Outgoing(OutgoingKind.STATE, self._states[camera], camera=camera)
        if connection.replies:
            return Outgoing(OutgoingKind.REPLY, connection.replies.popleft())
        if connection.live:
            batch = connection.live.popleft()
            return Outgoing(OutgoingKind.LIVE, batch.payload, batch_id=batch.id)
        return None

    def _next_snapshot(self) -> Outgoing | None:
        """Return the next snapshot; only one is in flight at a time, so no more than one delays a live batch."""
        if not self._snapshots or self._count(OutgoingKind.SNAPSHOT):
            return None
        camera = next(iter(self._snapshots))
        return Outgoing(OutgoingKind.SNAPSHOT, self._snapshots.pop(camera), camera=camera)

    def _next_of_backlog(self, now: float) -> Outgoing | None:
        connection = self._connection
        if not self._may_send_backlog() or now < connection.backlog_due_at:
            return None
        connection.backlog_due_at = max(now, connection.backlog_due_at) + self._backlog_gap_s
        batch = connection.backlog.popleft()
        return Outgoing(OutgoingKind.BACKLOG, batch.payload, batch_id=batch.id)

    def _may_send_backlog(self) -> bool:
        return bool(self._connection.backlog) and self._count(OutgoingKind.BACKLOG) < MAX_BACKLOG_IN_FLIGHT

    def _count(self, kind: OutgoingKind) -> int:
        return sum(in_flight.message.kind is kind for in_flight in self._connection.in_flight.values())

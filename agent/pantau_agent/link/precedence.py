"""What goes over the link next: states, replies, live batches, then snapshots and the backlog.

Pure: it holds what waits and what is under way, is told the time, and never sends. Batches are safe in the spool;
here is only how far it has been read.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from pantau_agent.spool.file import Batch

MAX_UNDER_WAY = 20
"""Messages without acknowledgement at a time; mosquitto's own limit unless it is set otherwise."""
MAX_BACKLOG_UNDER_WAY = 8
"""Of these, batches of the backlog: so a live batch always finds room, and a slow uplink is not filled up."""
PAGE = 64
"""Batches of the backlog read from the spool at a time."""
_MAX_LIVE = 16
_MAX_REPLIES = 16


class What(Enum):
    """What a message is."""

    STATE = auto()
    REPLY = auto()
    LIVE = auto()
    SNAPSHOT = auto()
    BACKLOG = auto()


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to send. `camera` is set for states and snapshots, `batch_id` for batches."""

    what: What
    payload: bytes
    camera: str = ""
    batch_id: int = 0


@dataclass(frozen=True, slots=True)
class _UnderWay:
    message: Outgoing
    since_s: float


@dataclass(slots=True)
class _Session:
    """What concerns one connection. `sent` are batches that a later page of the backlog may bring again."""

    connected: bool = False
    states_due: dict[str, None] = field(default_factory=dict)
    replies: deque[bytes] = field(default_factory=lambda: deque(maxlen=_MAX_REPLIES))
    live: deque[Batch] = field(default_factory=deque)
    sent: set[int] = field(default_factory=set)
    backlog: deque[Batch] = field(default_factory=deque)
    backlog_at_s: float = 0.0
    read_to: int = 0
    read_all: bool = False
    under_way: dict[int, _UnderWay] = field(default_factory=dict)


class Precedence:
    """The order of things. The latest states and snapshots outlive a connection; all else begins anew with one."""

    def __init__(self, *, backlog_per_s: float) -> None:
        self._backlog_gap_s = 1 / backlog_per_s
        self._states: dict[str, bytes] = {}
        self._snapshots: dict[str, bytes] = {}
        self._session = _Session()

    def connected(self) -> None:
        """A connection begins: every state is due, and all that the spool holds is backlog."""
        self._session = _Session(connected=True, states_due=dict.fromkeys(self._states))

    def disconnected(self) -> None:
        """It has ended: what was under way may be lost. Snapshots go again, if there is no newer."""
        for under_way in self._session.under_way.values():
            if under_way.message.what is What.SNAPSHOT:
                self._snapshots.setdefault(under_way.message.camera, under_way.message.payload)
        self._session = _Session()

    def offer_state(self, camera: str, payload: bytes, *, at_once: bool) -> None:
        """A camera's state, to go at once or on the next connection only."""
        self._states[camera] = payload
        if at_once:
            self._session.states_due[camera] = None

    def offer_snapshot(self, camera: str, payload: bytes) -> None:
        """A snapshot, in the place of the camera's one that still waits."""
        self._snapshots[camera] = payload

    def offer_reply(self, payload: bytes) -> None:
        """A reply; without a connection nobody waits for it any more."""
        if self._session.connected:
            self._session.replies.append(payload)

    def offer_live(self, batch: Batch) -> None:
        """A batch of now. Without a connection or a true time, or if too many wait, it comes with the backlog."""
        session = self._session
        if session.connected and len(session.live) < _MAX_LIVE and batch.clock_synchronised is not False:
            session.live.append(batch)
            session.sent.add(batch.id)
        else:
            session.read_all = False

    def backlog_after(self) -> int | None:
        """The id after which the next page is to be read from the spool; None when none is needed now."""
        session = self._session
        return session.read_to if session.connected and not session.read_all and not session.backlog else None

    def read_again(self) -> None:
        """What the spool holds is backlog anew, but for what is under way."""
        session = self._session
        session.read_to, session.read_all = 0, False
        session.sent = {under_way.message.batch_id for under_way in session.under_way.values()}
        session.sent |= {batch.id for batch in session.live}
        session.backlog.clear()

    def offer_backlog(self, page: Sequence[Batch], *, more: bool = False) -> None:
        """A page read from the spool after `backlog_after`; one that is not full is the last, unless told."""
        session = self._session
        session.backlog.extend(batch for batch in page if batch.id not in session.sent)
        session.read_all = len(page) < PAGE and not more
        if page:
            session.read_to = page[-1].id
        session.sent = {batch_id for batch_id in session.sent if batch_id > session.read_to}

    def next(self, now_s: float) -> Outgoing | None:
        """The message to send now, which the caller reports with `sent`; None when nothing may go now."""
        if not self._session.connected or len(self._session.under_way) >= MAX_UNDER_WAY:
            return None
        return self._next_urgent() or self._next_snapshot() or self._next_of_backlog(now_s)

    def due_in_s(self, now_s: float) -> float | None:
        """When `next` may have something without any news, at the backlog's rate; None when only news help."""
        return max(0.0, self._session.backlog_at_s - now_s) if self._may_send_backlog() else None

    def sent(self, mid: int, message: Outgoing, now_s: float) -> None:
        """The message went out under the packet identifier `mid`."""
        self._session.under_way[mid] = _UnderWay(message, now_s)

    def acknowledged(self, mid: int) -> Outgoing | None:
        """The broker has taken a message. None where it was not one of these."""
        under_way = self._session.under_way.pop(mid, None)
        if under_way is None:
            return None
        if self._session.read_all:
            self._session.sent.discard(under_way.message.batch_id)
        return under_way.message

    def waiting_s(self, now_s: float) -> float:
        """For how long the oldest message under way has waited for its acknowledgement."""
        oldest = next(iter(self._session.under_way.values()), None)
        return now_s - oldest.since_s if oldest else 0.0

    @property
    def live_done(self) -> bool:
        """Whether nothing but backlog is left to send and acknowledge."""
        session = self._session
        return not (session.states_due or session.replies or session.live) and all(
            under_way.message.what is What.BACKLOG for under_way in session.under_way.values()
        )

    def _next_urgent(self) -> Outgoing | None:
        session = self._session
        if session.states_due:
            camera = next(iter(session.states_due))
            del session.states_due[camera]
            return Outgoing(What.STATE, self._states[camera], camera=camera)
        if session.replies:
            return Outgoing(What.REPLY, session.replies.popleft())
        if session.live:
            batch = session.live.popleft()
            return Outgoing(What.LIVE, batch.payload, batch_id=batch.id)
        return None

    def _next_snapshot(self) -> Outgoing | None:
        """One at a time, so that no more than one picture is ever before a live batch on a slow uplink."""
        if not self._snapshots or self._count(What.SNAPSHOT):
            return None
        camera = next(iter(self._snapshots))
        return Outgoing(What.SNAPSHOT, self._snapshots.pop(camera), camera=camera)

    def _next_of_backlog(self, now_s: float) -> Outgoing | None:
        session = self._session
        if not self._may_send_backlog() or now_s < session.backlog_at_s:
            return None
        session.backlog_at_s = max(now_s, session.backlog_at_s) + self._backlog_gap_s
        batch = session.backlog.popleft()
        return Outgoing(What.BACKLOG, batch.payload, batch_id=batch.id)

    def _may_send_backlog(self) -> bool:
        return bool(self._session.backlog) and self._count(What.BACKLOG) < MAX_BACKLOG_UNDER_WAY

    def _count(self, what: What) -> int:
        return sum(under_way.message.what is what for under_way in self._session.under_way.values())

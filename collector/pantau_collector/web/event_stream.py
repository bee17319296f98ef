"""Streams of server-sent events: any number of viewers of the same thing cost about as much as one.

A feed says what is shown, and what has changed of it. All viewers of a feed share a channel, which asks it twice a
second, encodes each change once, and keeps the latest changes for those who come back after a break.

A stream ends by itself after less than a minute, and the browser opens it anew where it left off: so whoever may
no longer see something is asked again soon. A viewer who does not fetch what is sent to them is dropped.
"""

import asyncio
import logging
import re
import secrets
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Hashable, Iterable
from http import HTTPStatus
from typing import Any, NamedTuple, Protocol

from msgspec import Struct
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

_log = logging.getLogger(__name__)
_LINE_END = re.compile("\r\n|\r|\n")


class Event(NamedTuple):
    """An event by its name, and its data as text."""

    name: str
    data: str


class Feed(Protocol):
    """What a channel shows. It is called from the server's event loop, so it must not block."""

    def state(self) -> Any:
        """Return what is to be shown now; the same object as before if nothing can have changed."""

    def whole(self, state: Any, /) -> Iterable[Event]:
        """Return the events for a viewer who has seen nothing yet."""

    def changes(self, before: Any, after: Any, /) -> Iterable[Event]:
        """Return the events for a viewer who has seen `before`; none if `after` looks the same."""


class Viewer(NamedTuple):
    """Who opens a stream: their account and address, and whether the address may have any number of streams."""

    account: str
    address: str
    is_many: bool = False


class StreamLimits(Struct, frozen=True):
    """How many streams may be open at once, and how they are served. Times are seconds."""

    most: int = 256
    of_account: int = 96
    of_address: int = 48
    every_s: float = 0.5
    """From one look at a feed to the next."""
    rests: int = 4
    """How many times as long as the looks took is waited at least: feeds take a fifth of a core at most."""
    beat_s: float = 5.0
    """From one sign of life to the next."""
    lasts_s: float = 45.0
    """Less than the time within which a connection must have fetched its answer (see `connections`)."""
    queued: int = 32
    """Events that wait for one viewer at most."""
    kept: int = 128
    """Events that a channel keeps for viewers who come back."""
    idle_s: float = 30.0
    """For which a channel without viewers is kept."""
    idle: int = 24
    """Channels without viewers that are kept at most."""


class Channel:
    """One feed with its viewers, and its latest events."""

    def __init__(self, feed: Feed, limits: StreamLimits, now_s: float) -> None:
        self._feed = feed
        self._limits = limits
        self._epoch = secrets.token_hex(4)
        self._number = 0
        self._kept: deque[tuple[int, bytes]] = deque(maxlen=limits.kept)
        self.state: Any = feed.state()
        self.viewers: set[_Subscription] = set()
        self.used_s = now_s

    @property
    def last_id(self) -> str:
        """The id of the latest event, as of the state."""
        return f"{self._epoch}-{self._number}"

    def refresh(self) -> None:
        """Ask the feed, and send what has changed."""
        after = self._feed.state()
        if after is self.state:
            return
        for event in self._feed.changes(self.state, after):
            self._number += 1
            message = _encode(event, self.last_id)
            self._kept.append((self._number, message))
            for viewer in tuple(self.viewers):
                viewer.put(message)
        self.state = after

    def since(self, last_id: str) -> list[bytes]:
        """Return what a viewer has missed who has seen the event `last_id`; everything if that is not known."""
        epoch, _, number = last_id.partition("-")
        seen = int(number) if epoch == self._epoch and number.isdecimal() and len(number) < 16 else -1
        first = self._kept[0][0] if self._kept else self._number + 1
        if first - 1 <= seen <= self._number:
            return [message for number_, message in self._kept if number_ > seen]
        return [_encode(event, self.last_id) for event in self._feed.whole(self.state)]


class EventStreams:
    """All open streams of one server; they belong to its event loop."""

    def __init__(self, limits: StreamLimits | None = None, clock_s: Callable[[], float] = time.monotonic) -> None:
        self.limits = limits or StreamLimits()
        self._clock_s = clock_s
        self._channels: dict[Hashable, Channel] = {}
        self._of_account: Counter[str] = Counter()
        self._of_address: Counter[str] = Counter()
        self._looking: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending = False
        self.opened = 0
        """Streams that are open now."""
        self.refused = 0
        """Streams that were refused since the start, because there were too many."""
        self.dropped = 0
        """Streams that were ended since the start, because their viewers were too slow."""

    def channel(self, key: Hashable, feed: Callable[[], Feed]) -> Channel:
        """Return the channel of a key, up to date; `feed` makes its feed if there is none yet."""
        now_s = self._clock_s()
        found = self._channels.pop(key, None)
        if found is None:
            self._forget_idle(now_s)
            found = Channel(feed(), self.limits, now_s)
        else:
            found.refresh()
        found.used_s = now_s
        self._channels[key] = found
        return found

    def open(self, channel: Channel, viewer: Viewer, last_id: str = "") -> Response:
        """Return the answer that streams a channel's events, or 503 if there are too many streams.

        Args:
            channel: what is shown.
            viewer: who opens it.
            last_id: the last event that the viewer has seen: the header `Last-Event-ID`.
        """
        reason = self._full(viewer)
        if reason:
            self.refused += 1
            headers = {"Retry-After": "30", "Cache-Control": "no-store"}
            return PlainTextResponse(f"{reason}\n", HTTPStatus.SERVICE_UNAVAILABLE, headers)
        subscription = _Subscription(channel, self.limits.queued, channel.since(last_id))
        channel.viewers.add(subscription)
        self._count(viewer, 1)
        if self._looking is None:
            self._loop = asyncio.get_running_loop()
            self._looking = self._loop.create_task(self._look())

        def closed() -> None:
            channel.viewers.discard(subscription)
            channel.used_s = self._clock_s()
            self._count(viewer, -1)
            self.dropped += subscription.is_slow

        return _StreamAnswer(self._messages(subscription), closed)

    def stop(self) -> None:
        """End every stream soon, from any thread, and open no new ones."""
        self._ending = True
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._end_all)

    def _end_all(self) -> None:
        for channel in self._channels.values():
            for viewer in tuple(channel.viewers):
                viewer.end()

    def _full(self, viewer: Viewer) -> str:
        if self._ending:
            return "the collector stops"
        if self.opened >= self.limits.most:
            return f"there are {self.limits.most} open streams, and no more are possible: try again later"
        if self._of_account[viewer.account] >= self.limits.of_account:
            return f"this account has {self.limits.of_account} open streams: close one"
        if not viewer.is_many and self._of_address[viewer.address] >= self.limits.of_address:
            return f"this address has {self.limits.of_address} open streams: close one"
        return ""

    def _count(self, viewer: Viewer, change: int) -> None:
        self.opened += change
        for counter, key in ((self._of_account, viewer.account), (self._of_address, viewer.address)):
            counter[key] += change
            if not counter[key]:
                del counter[key]

    async def _look(self) -> None:
        """Ask the feeds of all channels with viewers, as long as there are any."""
        while self.opened:
            began_s = time.perf_counter()
            for key, channel in list(self._channels.items()):
                if not channel.viewers:
                    continue
                try:
                    channel.refresh()
                except Exception:  # noqa: BLE001 - whatever it was, the other channels go on
                    _log.exception("a stream of events has ended, because what it shows cannot be read")
                    self._channels.pop(key, None)
                    for viewer in tuple(channel.viewers):
                        viewer.end()
                await asyncio.sleep(0)  # so that others are answered between two channels
            took_s = time.perf_counter() - began_s
            await asyncio.sleep(max(self.limits.every_s, took_s * self.limits.rests))
        self._looking = None

    async def _messages(self, subscription: "_Subscription") -> AsyncIterator[bytes]:
        until_s = self._clock_s() + self.limits.lasts_s
        yield b"retry: 500\n\n"
        while (left_s := until_s - self._clock_s()) > 0:
            message = await subscription.next(min(left_s, self.limits.beat_s))
            if message == b"":
                return
            yield message or _encode(Event("beat", str(time.time_ns() // 1_000_000)))

    def _forget_idle(self, now_s: float) -> None:
        idle = [(key, each) for key, each in self._channels.items() if not each.viewers]
        for i, (key, each) in enumerate(idle):
            if now_s - each.used_s > self.limits.idle_s or len(idle) - i >= self.limits.idle:
                del self._channels[key]


class _Subscription:
    """What waits to be sent to one viewer. An empty message ends the stream."""

    def __init__(self, channel: Channel, size: int, first: Iterable[bytes]) -> None:
        self._channel = channel
        self._waiting: deque[bytes] = deque(first)
        self._size = size + len(self._waiting)
        self._wake = asyncio.Event()
        self.is_slow = False
        if self._waiting:
            self._wake.set()

    def put(self, message: bytes) -> None:
        if len(self._waiting) >= self._size:
            self.is_slow = True
            self._channel.viewers.discard(self)
            self.end()
            return
        self._waiting.append(message)
        self._wake.set()

    def end(self) -> None:
        self._waiting.clear()
        self._waiting.append(b"")
        self._wake.set()

    async def next(self, within_s: float) -> bytes | None:
        """Return the next message, or None if none comes in time."""
        try:
            await asyncio.wait_for(self._wake.wait(), within_s)
        except TimeoutError:
            return None
        message = self._waiting.popleft()
        if not self._waiting:
            self._wake.clear()
        return message


class _StreamAnswer(StreamingResponse):
    """The answer; `closed` is called once its viewer is gone, whatever the reason."""

    def __init__(self, messages: AsyncIterator[bytes], closed: Callable[[], None]) -> None:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(messages, headers=headers, media_type="text/event-stream")
        self._closed = closed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._closed()


def _encode(event: Event, event_id: str = "") -> bytes:
    lines = [f"id: {event_id}"] if event_id else []
    lines.append(f"event: {event.name}")
    lines += [f"data: {line}" for line in _LINE_END.split(event.data)]
    return ("\n".join(lines) + "\n\n").encode()

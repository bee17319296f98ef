"""The bounded queue between the broker's thread and the thread that writes, in which the sites take turns."""

import threading
from collections import deque

from msgspec import Struct

from pantau_contract.topics import site_of

MAX_MESSAGES = 20_000
"""Messages that wait at most."""
MAX_BYTES = 64 << 20
"""Bytes of payload that wait at most, about."""
SITES_SHARE = 4
"""One site's share of both: one part in so many."""
_TURN = 16
"""Messages of one site that are fetched before the next site's turn."""


class Incoming(Struct, frozen=True):
    """A message as the broker delivered it. `connection` and `mid` identify the delivery to acknowledge."""

    received_ms: int
    topic: str
    payload: bytes
    retained: bool
    connection: int
    mid: int
    qos: int


class Inbox:
    """A queue of at most `max_messages` messages and about `max_bytes` of payload; `put` waits for room.

    A site's messages are fetched in the order in which they came, and the sites by turns: a site of which much
    waits holds up no other.
    """

    def __init__(self, *, max_messages: int = MAX_MESSAGES, max_bytes: int = MAX_BYTES) -> None:
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        self._queues: dict[str, _Queue] = {}
        self._messages = 0
        self._bytes = 0
        self._closed = False
        self._changed = threading.Condition()

    def __len__(self) -> int:
        return self._messages

    @property
    def is_over(self) -> bool:
        """True once the inbox is closed and empty."""
        return self._closed and not self._messages

    def is_share_full(self, site: str) -> bool:
        """Return True if as much of a site waits as its share is. Any thread may call this."""
        queue = self._queues.get(site)
        return queue is not None and (
            len(queue.messages) * SITES_SHARE >= self._max_messages or queue.size * SITES_SHARE >= self._max_bytes
        )

    def put(self, message: Incoming) -> bool:
        """Add a message, waiting while there is no room.

        Return False if the inbox is closed and did not take it.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._has_room())
            if self._closed:
                return False
            queue = self._queues.setdefault(site_of(message.topic), _Queue())
            queue.messages.append(message)
            queue.size += len(message.payload)
            self._messages += 1
            self._bytes += len(message.payload)
            self._changed.notify_all()
            return True

    def get_batch(self, limit: int, max_bytes: int, timeout_s: float | None = None) -> list[Incoming]:
        """Remove and return what is queued, up to `limit` messages and about `max_bytes`, and wait for the first.

        Return an empty list once the inbox is closed and empty, or when nothing has come within `timeout_s`.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._messages, timeout_s)
            batch: list[Incoming] = []
            size = 0
            while self._messages and len(batch) < limit and size < max_bytes:
                site = next(iter(self._queues))
                queue = self._queues.pop(site)
                for _ in range(min(_TURN, len(queue.messages), limit - len(batch))):
                    message = queue.messages.popleft()
                    queue.size -= len(message.payload)
                    size += len(message.payload)
                    batch.append(message)
                    self._messages -= 1
                    if size >= max_bytes:
                        break
                if queue.messages:
                    self._queues[site] = queue  # behind all others
            self._bytes -= size
            self._changed.notify_all()
            return batch

    def close(self) -> None:
        """Refuse further messages; those that are queued can still be fetched."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _has_room(self) -> bool:
        return self._messages < self._max_messages and self._bytes < self._max_bytes


class _Queue:
    """The messages of one site, and the size of their payloads."""

    def __init__(self) -> None:
        self.messages: deque[Incoming] = deque()
        self.size = 0

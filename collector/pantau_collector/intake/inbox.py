"""The bounded queue between the broker's thread and the thread that writes."""

import threading
from collections import deque

from msgspec import Struct


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
    """A queue of at most `max_messages` messages and about `max_bytes` of payload; `put` waits for room."""

    def __init__(self, *, max_messages: int = 20_000, max_bytes: int = 64 << 20) -> None:
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        self._messages: deque[Incoming] = deque()
        self._bytes = 0
        self._closed = False
        self._changed = threading.Condition()

    def __len__(self) -> int:
        return len(self._messages)

    def put(self, message: Incoming) -> bool:
        """Add a message, waiting while there is no room.

        Return False if the inbox is closed and did not take it.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._has_room())
            if self._closed:
                return False
            self._messages.append(message)
            self._bytes += len(message.payload)
            self._changed.notify_all()
            return True

    @property
    def is_over(self) -> bool:
        """True once the inbox is closed and empty."""
        return self._closed and not self._messages

    def get_batch(self, limit: int, max_bytes: int, timeout_s: float | None = None) -> list[Incoming]:
        """Remove and return what is queued, up to `limit` messages and about `max_bytes`, and wait for the first.

        Return an empty list once the inbox is closed and empty, or when nothing has come within `timeout_s`.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._messages, timeout_s)
            batch: list[Incoming] = []
            size = 0
            while self._messages and len(batch) < limit and size < max_bytes:
                message = self._messages.popleft()
                size += len(message.payload)
                batch.append(message)
            self._bytes -= size
            self._changed.notify_all()
            return batch

    def close(self) -> None:
        """Refuse further messages; those that are queued can still be fetched."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _has_room(self) -> bool:
        return len(self._messages) < self._max_messages and self._bytes < self._max_bytes

"""Between the broker's thread and the one that writes: a queue that holds back when it is full."""

import threading
from collections import deque

from msgspec import Struct


class Incoming(Struct, frozen=True):
    """A message as the broker delivered it; `connection` and `mid` name the delivery to acknowledge."""

    received_ms: int
    topic: str
    payload: bytes
    retained: bool
    connection: int
    mid: int
    qos: int


class Inbox:
    """At most `max_messages` messages and about `max_bytes` of payload."""

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
        """Adds a message, waiting while there is no room; False when the inbox is closed, and it was not added."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._has_room())
            if self._closed:
                return False
            self._messages.append(message)
            self._bytes += len(message.payload)
            self._changed.notify_all()
            return True

    def get_batch(self, limit: int, max_bytes: int) -> list[Incoming]:
        """All that is there, up to a limit, waiting for the first; an empty list once closed and empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._messages)
            taken: list[Incoming] = []
            size = 0
            while self._messages and len(taken) < limit and size < max_bytes:
                message = self._messages.popleft()
                size += len(message.payload)
                taken.append(message)
            self._bytes -= size
            self._changed.notify_all()
            return taken

    def close(self) -> None:
        """No more is added; what is there can still be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _has_room(self) -> bool:
        return len(self._messages) < self._max_messages and self._bytes < self._max_bytes

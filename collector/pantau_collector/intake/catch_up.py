"""Knows when everything has arrived that the broker kept for us while we were away.

That comes as fast as the line allows, whoever sent it and however evenly, so it says nothing about who sends too
much. The broker delivers in the order in which it received. So a message of our own, published once we are
connected, comes back behind all of it.
"""

import secrets

from pantau_collector.intake.delivery_probe import PROBE_PREFIX, TOPICS

MAX_KEPT_BYTES = 2 << 30
"""Bytes after which everything that was kept has surely come: no broker of ours is set to keep so much."""
MARK_EVERY_S = 15.0
"""Seconds after which another mark is sent, since a broker whose queue was full has dropped the last one."""


class CatchUp:
    """Makes the marks, and judges when one has returned. All times are readings of one monotonic clock."""

    def __init__(self) -> None:
        self._prefix = PROBE_PREFIX + b"mark " + secrets.token_hex(8).encode() + b" "
        self._connection = b""
        self._bytes = 0
        self._sent_s: float | None = None
        self.is_over = False
        """True once all that was kept has arrived."""

    def begin(self, connection: int) -> None:
        """Begin with a new connection."""
        self._connection = str(connection).encode()
        self._bytes = 0
        self._sent_s = None
        self.is_over = False

    def take_due(self, now_s: float) -> list[tuple[str, bytes]]:
        """Return the mark to publish now, with QoS 1, as topic and payload."""
        if self.is_over or (self._sent_s is not None and now_s - self._sent_s < MARK_EVERY_S):
            return []
        self._sent_s = now_s
        return [(TOPICS[0], self._prefix + self._connection)]

    def note_arrived(self, payload: bytes) -> None:
        """Note a message that has arrived, which may be the mark."""
        if self.is_over:
            return
        self._bytes += len(payload)
        if self._bytes > MAX_KEPT_BYTES or payload == self._prefix + self._connection:
            self.is_over = True

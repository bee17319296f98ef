"""Restores the order of RTP packets where the transport does not keep it: over UDP.

A packet that is ahead of its turn is held until those before it have come, for a limited time and in limited
numbers. Packets that have not come by then are skipped, and the receiver counts the gap as loss. Without I/O.
"""

import struct
from collections import deque

from pantau_agent.rtsp.messages import Receiver
from pantau_agent.rtsp.rtp import MAX_DROPOUT, MAX_MISORDER

HOLD_S = 0.1
"""Seconds a packet is held, as in FFmpeg's RTSP client. Networks reorder packets within a few milliseconds."""
MAX_HELD = 64
"""Most packets that are held: 4 MB if all datagrams have the largest size."""

_SAME = 0xFFFF
_HEADER = struct.Struct("!BBHII").unpack_from


class ReorderBuffer:
    """Restores the order of one stream: `receive` gets each packet once, in order, with its arrival time.

    A packet that arrives after it was skipped is passed on late, so that it can be counted; other repeats are
    dropped. Packets of another payload type than `payload_type` count only where their number fits in.
    """

    def __init__(self, receive: Receiver, payload_type: int) -> None:
        self._receive = receive
        self._payload_type = payload_type
        self._ssrc = self._next = -1
        self._in_step = False
        self._last = b""
        self._held: dict[int, tuple[bytes, int, int, float]] = {}
        self._skipped: deque[int] = deque(maxlen=MAX_MISORDER)

    @property
    def due(self) -> float | None:
        """When `release` must be called (monotonic, seconds); None while nothing is held."""
        return next((arrived + HOLD_S for _, _, _, arrived in self._held.values()), None)

    def receive(self, buffer: bytes, start: int, end: int, now: float) -> None:
        """Process the RTP packet in `buffer[start:end]`, which arrived at `now`."""
        if end - start < 12:
            self._receive(buffer, start, end, now)
            return
        _, kind, sequence, _, ssrc = _HEADER(buffer, start)
        ahead = (sequence - self._next) & 0xFFFF
        if kind & 0x7F != self._payload_type and (ssrc != self._ssrc or ahead > MAX_HELD):
            return
        if ssrc != self._ssrc or MAX_DROPOUT <= ahead < 0x10000 - MAX_MISORDER:
            self._restart(sequence, ssrc)
            ahead = MAX_MISORDER
        if ahead == 0:
            self._last = buffer
            self._receive(buffer, start, end, now)
            self._advance(sequence + 1)
        elif ahead < MAX_DROPOUT:
            if self._held.setdefault(sequence, (buffer, start, end, now))[0] != buffer:
                self._pass_unnumbered(buffer, start, end, now)
            elif len(self._held) > MAX_HELD:
                self._skip_gap()
        elif ahead == _SAME and buffer != self._last:
            self._pass_unnumbered(buffer, start, end, now)
        elif sequence in self._skipped:
            self._skipped.remove(sequence)
            self._receive(buffer, start, end, now)

    def release(self, now: float) -> None:
        """Stop waiting for packets for which others have been held too long."""
        while self.due is not None and self.due <= now:
            self._skip_gap()

    def _pass_unnumbered(self, buffer: bytes, start: int, end: int, now: float) -> None:
        """Pass on a packet that has another's number and is no repeat of it: the camera numbers nothing."""
        while self._held:
            self._skip_gap()
        self._last = buffer
        self._receive(buffer, start, end, now)

    def _restart(self, sequence: int, ssrc: int) -> None:
        """Follow a restarted sender. Its first packets may be out of order too, so the first one is held."""
        while self._held:
            self._skip_gap()
        self._skipped.clear()
        self._ssrc, self._next, self._in_step = ssrc, (sequence - MAX_MISORDER) & 0xFFFF, False

    def _skip_gap(self) -> None:
        """Skip the missing packets, up to the first one that is held."""
        gap = min((sequence - self._next) & 0xFFFF for sequence in self._held)
        if self._in_step:
            missing = range(self._next + max(0, gap - MAX_MISORDER), self._next + gap)
            self._skipped.extend(sequence & 0xFFFF for sequence in missing)
        self._in_step = True
        self._advance(self._next + gap)

    def _advance(self, sequence: int) -> None:
        self._next = sequence & 0xFFFF
        while (held := self._held.pop(self._next, None)) is not None:
            self._receive(*held)
            self._next = (self._next + 1) & 0xFFFF

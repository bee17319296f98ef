"""RTP packets put back in order, where the transport does not keep it: over UDP.

A packet that is ahead of its turn waits for those before it: not long, and not with many others. What has not come
by then is passed over, and its gap is what the receiver counts as loss. Sans-IO.
"""

import struct
from collections import deque

from pantau_agent.rtsp.messages import Receiver
from pantau_agent.rtsp.rtp import MAX_DROPOUT, MAX_MISORDER

HOLD_S = 0.1
"""What FFmpeg's RTSP client waits too. Packets that change places on a network do so within a few milliseconds."""
MAX_HELD = 64
"""Packets; with the largest datagrams there are, 4 MB."""

_HEADER = struct.Struct("!BBHII").unpack_from


class ReorderBuffer:
    """One stream's. `receive` gets its packets in their order, each once, each with the time at which it arrived.

    What comes after it was passed over is received late, so that it can be counted; other repeats are dropped.
    """

    def __init__(self, receive: Receiver) -> None:
        self._receive = receive
        self._ssrc = self._next = -1
        self._settled = False
        self._held: dict[int, tuple[bytes, int, int, float]] = {}
        self._passed_over: deque[int] = deque(maxlen=MAX_MISORDER)

    @property
    def due(self) -> float | None:
        """When `release` is to be called (seconds, monotonic); None while nothing waits."""
        return next((arrived + HOLD_S for _, _, _, arrived in self._held.values()), None)

    def receive(self, buffer: bytes, start: int, end: int, now: float) -> None:
        """Takes the RTP packet in `buffer[start:end]`, which arrived at `now`."""
        if end - start < 12:
            self._receive(buffer, start, end, now)
            return
        _, _, sequence, _, ssrc = _HEADER(buffer, start)
        ahead = (sequence - self._next) & 0xFFFF
        if ssrc != self._ssrc or MAX_DROPOUT <= ahead < 0x10000 - MAX_MISORDER:
            self._begin(sequence, ssrc)
            ahead = MAX_MISORDER
        if ahead == 0:
            self._receive(buffer, start, end, now)
            self._go_on(sequence + 1)
        elif ahead < MAX_DROPOUT:
            self._held.setdefault(sequence, (buffer, start, end, now))
            if len(self._held) > MAX_HELD:
                self._pass_over()
        elif sequence in self._passed_over:
            self._passed_over.remove(sequence)
            self._receive(buffer, start, end, now)

    def release(self, now: float) -> None:
        """Waits no longer for what others have waited for until `now`."""
        while self.due is not None and self.due <= now:
            self._pass_over()

    def _begin(self, sequence: int, ssrc: int) -> None:
        """A sender starts anew. Its first packets may have changed places too, so the first to come waits."""
        while self._held:
            self._pass_over()
        self._passed_over.clear()
        self._ssrc, self._next, self._settled = ssrc, (sequence - MAX_MISORDER) & 0xFFFF, False

    def _pass_over(self) -> None:
        """Goes on with the first one that is there."""
        gap = min((sequence - self._next) & 0xFFFF for sequence in self._held)
        if self._settled:
            missing = range(self._next + max(0, gap - MAX_MISORDER), self._next + gap)
            self._passed_over.extend(sequence & 0xFFFF for sequence in missing)
        self._settled = True
        self._go_on(self._next + gap)

    def _go_on(self, sequence: int) -> None:
        self._next = sequence & 0xFFFF
        while (held := self._held.pop(self._next, None)) is not None:
            self._receive(*held)
            self._next = (self._next + 1) & 0xFFFF

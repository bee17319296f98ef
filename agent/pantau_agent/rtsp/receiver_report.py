"""RTCP receiver reports (RFC 3550, 6.4.2): a few cameras take them, and nothing else, as a sign of life."""

import random
import struct

from pantau_agent.rtsp.rtp import Reception, SenderClock

INTERVAL_S = 5.0
"""Least seconds between two reports (RFC 3550, 6.2)."""
_NAME = b"pantau"
_RECEIVER_REPORT, _SOURCE_DESCRIPTION, _CNAME = 201, 202, 1
_VERSION = 0x80


class ReceiverReports:
    """The reports on one stream, each due `INTERVAL_S` after the one before; the first one after PLAY."""

    def __init__(self, reception: Reception, sender_clock: SenderClock, now: float) -> None:
        self._reception = reception
        self._sender_clock = sender_clock
        self._due = now + INTERVAL_S
        self._own = random.getrandbits(32)

    def take_due(self, now: float) -> bytes | None:
        """Return the report that is due at `now` (monotonic), or None if none is, or nothing has come yet."""
        if now < self._due or not self._reception.packets:
            return None
        self._due = now + INTERVAL_S
        reported, clock = self._reception, self._sender_clock
        lost = min(max(reported.lost, 0), 0x7FFFFF)
        since_report = int((now - clock.heard) * 65536) & 0xFFFFFFFF if clock.reports else 0
        block = struct.pack(
            "!IIIIII", reported.ssrc, lost, reported.last_sequence, 0, clock.compact_time, since_report
        )
        report = struct.pack("!BBHI", _VERSION | 1, _RECEIVER_REPORT, 7, self._own) + block
        # The chunk ends with at least one zero, and on a multiple of four (RFC 3550, 6.5).
        chunk = struct.pack("!IBB", self._own, _CNAME, len(_NAME)) + _NAME
        chunk += bytes(4 - len(chunk) % 4)
        return report + struct.pack("!BBH", _VERSION | 1, _SOURCE_DESCRIPTION, len(chunk) // 4) + chunk

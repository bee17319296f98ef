"""Finds the end of a JPEG by its own structure (ITU-T T.81, annex B), as its bytes come. No I/O.

The structure is needed because the bytes of an end marker also stand inside a JPEG: a thumbnail in an APPn segment
ends with one.
"""

import re

from pantau_agent.http.receive_buffer import ReceiveBuffer

SOI = b"\xff\xd8\xff"
"""How every JPEG begins: the marker SOI, and the first byte of the next marker."""
_SCAN_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
"""A marker that ends entropy-coded data; a stuffed zero (FF 00) and restart markers (FF D0 to D7) do not."""
MAX_MARKERS = 1000
"""Most markers in one JPEG; real ones have a few dozen. It bounds the time that a hostile stream costs."""
_START, _END, _SCAN = 0xD8, 0xD9, 0xDA


class JpegExtent:
    """Measures the JPEG at the beginning of a buffer. `structured` is False once it breaks the format's rules."""

    def __init__(self) -> None:
        self.structured = True
        self._at = 2
        self._markers = 0
        self._in_scan = False

    def end(self, buffer: ReceiveBuffer) -> int | None:
        """Return the JPEG's length in bytes, or None if its end has not come yet or it is not structured.

        A picture that is cut off ends where the next one begins.
        """
        while self.structured:
            if self._in_scan:
                marker_at = buffer.search(_SCAN_MARKER, self._at)
                if marker_at < 0:
                    self._at = max(self._at, len(buffer) - 1)
                    return None
                self._at, self._in_scan = marker_at, False
            marker = buffer.peek(4, self._at)
            if len(marker) < 2:
                return None
            self._markers += 1
            if marker[0] != 0xFF or self._markers > MAX_MARKERS:
                self.structured = False
            elif marker[1] == 0xFF:
                self._at += 1  # a fill byte
            elif marker[1] == _END:
                return self._at + 2
            elif marker[1] == _START:
                return self._at
            elif len(marker) < 4:
                return None
            else:
                length = int.from_bytes(marker[2:], "big")
                self.structured = length >= 2 and marker[1] >= 0xC0
                self._in_scan = marker[1] == _SCAN
                self._at += 2 + length
        return None

"""Parses multipart/x-mixed-replace, in which cameras send MJPEG, split at any byte (RFC 2046, 5.1). No I/O.

Cameras are lax, and so is this parser: a boundary may be declared with its dashes or sent without them, lines may
end in a bare line feed, and a part may have a length or not.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from pantau_agent.http.receive_buffer import ReceiveBuffer
from pantau_agent.streams.headers import HeaderParser, content_length
from pantau_agent.streams.keyframe import MAX_KEYFRAME_BYTES
from pantau_agent.streams.malformed import MalformedError
from pantau_contract.words.evidence import detail

MAX_PART = MAX_KEYFRAME_BYTES
"""Largest part, in bytes."""
MAX_BETWEEN = 64 << 10
"""Most bytes without a boundary, before the first part or between two parts."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part; `media_type` is in lower case, and empty if there is none."""

    media_type: str
    content: bytes = field(repr=False)


class PartParser:
    """Parses a body into its parts. `ended` is set at the closing boundary.

    Raises:
        MalformedError: there is no boundary to separate parts by.
    """

    def __init__(self, boundary: str) -> None:
        self.ended = False
        self._name = boundary.strip().strip("-").encode("utf-8", "replace")
        if not self._name:
            raise MalformedError(detail("no_boundary"))
        self._buffer = ReceiveBuffer()
        self._headers = HeaderParser()
        self._between = 0
        self._media_type = ""
        self._length = 0
        self._parts: list[Part] = []
        self._step: Callable[[], bool] = self._seek

    def feed(self, data: bytes) -> list[Part]:
        """Process the next chunk, and return the parts that end in it.

        Raises:
            MalformedError: it is not multipart, or exceeds a limit.
        """
        self._buffer.feed(data)
        while not self.ended and self._step():
            pass
        parts, self._parts = self._parts, []
        return parts

    # Each of these steps returns whether it is done, so that another one can be tried.

    def _seek(self) -> bool:
        """Skip to the next boundary."""
        line = self._buffer.pop_line()
        if line is None:
            return False
        self._between += len(line) + 1
        if self._between > MAX_BETWEEN:
            raise MalformedError(detail("far_boundary", octets=MAX_BETWEEN))
        after = line.strip().lstrip(b"-").removeprefix(self._name)
        if after != line.strip().lstrip(b"-") and not after.strip(b"-"):
            self._between = 0
            self.ended = after == b"--" and line.startswith(b"--")
            self._step = self._read_headers
        return True

    def _read_headers(self) -> bool:
        line = self._buffer.pop_line()
        if line is None:
            return False
        if line:
            self._headers.feed(line)
            return True
        headers, self._headers = self._headers.headers, HeaderParser()
        self._media_type = headers.get("Content-Type").partition(";")[0].strip().lower()
        length = content_length(headers)
        if length is not None and length > MAX_PART:
            raise MalformedError(detail("long_part", octets=length, limit=MAX_PART))
        self._length = length or 0
        self._step = self._read_counted if length else self._read_uncounted
        return True

    def _read_counted(self) -> bool:
        if len(self._buffer) < self._length:
            return False
        self._end(self._buffer.pop(self._length))
        return True

    def _read_uncounted(self) -> bool:
        end = self._buffer.find(b"--" + self._name)
        if (end if end >= 0 else len(self._buffer)) > MAX_PART:
            raise MalformedError(detail("endless_part", limit=MAX_PART))
        if end < 0:
            return False
        self._end(self._buffer.pop(end).rstrip(b"-").removesuffix(b"\n").removesuffix(b"\r"))
        return True

    def _end(self, content: bytes) -> None:
        self._parts.append(Part(self._media_type, content))
        self._step = self._seek

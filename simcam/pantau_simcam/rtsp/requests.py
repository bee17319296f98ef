"""Parses RTSP requests (RFC 2326, 4 and 6); interleaved frames (10.12) are skipped."""

from collections.abc import Iterator
from dataclasses import dataclass, field

MAX_HEAD = 16 << 10
"""Bytes of the longest request head."""
MAX_BODY = 64 << 10
"""Bytes of the longest request body."""


class BadRequestError(Exception):
    """The bytes are no RTSP request; the connection cannot be used any more."""


@dataclass(frozen=True, slots=True)
class Request:
    """An RTSP request; header names are in lower case."""

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def session(self) -> str:
        """The session's id without its parameters, or an empty string."""
        return self.headers.get("session", "").partition(";")[0].strip()


class RequestParser:
    """Parses bytes that arrive in arbitrary pieces."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Request]:
        """Yield the requests that are complete now.

        Raises:
            BadRequestError: it is not RTSP/1.0, or longer than a camera would accept.
        """
        self._buffer += data
        while self._buffer:
            if self._buffer[0] == 0x24:
                length = 4 + int.from_bytes(self._buffer[2:4])
                if len(self._buffer) < 4 or len(self._buffer) < length:
                    return
                del self._buffer[:length]
                continue
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                if len(self._buffer) > MAX_HEAD:
                    raise BadRequestError(f"no end of the header after {MAX_HEAD} bytes")
                return
            request = _parse(bytes(self._buffer[:end]))
            end += 4 + _body_length(request)
            if len(self._buffer) < end:
                return
            del self._buffer[:end]
            yield request


def _parse(head: bytes) -> Request:
    first, *lines = head.decode("utf-8", "replace").strip("\r\n").split("\r\n")
    parts = first.split(" ")
    if len(parts) < 3 or parts[-1] != "RTSP/1.0":
        raise BadRequestError(f"not an RTSP/1.0 request: {first[:80]!r}")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return Request(parts[0], " ".join(parts[1:-1]), headers)


def _body_length(request: Request) -> int:
    length = request.headers.get("content-length", "0")
    if not length.isascii() or not length.isdigit() or int(length) > MAX_BODY:
        raise BadRequestError(f"Content-Length {length[:20]!r} is not a number up to {MAX_BODY}")
    return int(length)

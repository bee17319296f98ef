"""Parses HTTP/1.1 responses, split at any byte (RFC 9112, sections 4 to 7). No I/O.

A body is passed on as it comes, delimited by its length, by chunks, or by the connection's end, and is not stored.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from pantau_agent.http.receive_buffer import ReceiveBuffer
from pantau_agent.streams.headers import HeaderParser, Headers, plausible_length
from pantau_agent.streams.malformed import MalformedError, OtherProtocolError
from pantau_contract.words.evidence import detail

_STATUS_LINE = re.compile(r"HTTP/(1\.\d) +(\d{3})(?: +(.*))?")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,12})\s*(?:;.*)?")
_BOUNDARY = re.compile(r';\s*boundary\s*=\s*(?:"([^"]*)"|([^;"]*))', re.IGNORECASE)
"""A boundary; cameras write spaces into it without the quotes that RFC 2046, section 5.1.1, demands."""
_HEX = b"0123456789abcdefABCDEF"
_BEGINNING = b"HTTP/1."
_SHOWN = 40
"""How many bytes of a foreign protocol are shown as evidence."""


@dataclass(frozen=True, slots=True)
class ResponseHead:
    """A response without its body."""

    version: str
    status: int
    reason: str
    headers: Headers

    @property
    def media_type(self) -> str:
        """The media type, such as image/jpeg, in lower case; empty if there is none."""
        return self.headers.get("Content-Type").partition(";")[0].strip().lower()

    @property
    def boundary(self) -> str:
        """The boundary of a multipart body (RFC 2046, section 5.1.1); empty if there is none."""
        found = _BOUNDARY.search(self.headers.get("Content-Type"))
        return (found[1] or found[2] or "").strip() if found is not None else ""


class ResponseParser:
    """Parses one response. `head` is set once it is complete, and `complete` once the body is.

    `pieces` counts the lines, chunks and other parts that have been parsed.
    """

    def __init__(self) -> None:
        self.head: ResponseHead | None = None
        self.complete = False
        self.pieces = 0
        self._buffer = ReceiveBuffer()
        self._status_line: bytes | None = None
        self._headers = HeaderParser()
        self._remaining = 0
        self._counted = False
        self._until_close = False
        self._step: Callable[[], bytes | None] = self._read_head

    @property
    def counted(self) -> bool:
        """True if the response states the length of its body."""
        return self._counted

    @property
    def until_close(self) -> bool:
        """True if only the connection's end ends the body."""
        return self._until_close

    @property
    def reusable(self) -> bool:
        """True if another request may follow on the same connection (RFC 9112, section 9.3)."""
        if self.head is None or not self.complete or self._until_close or self._buffer:
            return False
        option = self.head.headers.get("Connection").lower()
        return "close" not in option and (self.head.version != "1.0" or "keep-alive" in option)

    def feed(self, data: bytes) -> bytes:
        """Process the next chunk, and return the part of the body in it.

        Raises:
            MalformedError: what came is not HTTP, or exceeds a limit. The connection is useless from then on.
        """
        self._buffer.feed(data)
        body: list[bytes] = []
        while not self.complete and (piece := self._step()) is not None:
            body.append(piece)
            self.pieces += 1
        return b"".join(body)

    def end(self) -> bool:
        """Handle the connection's end, and return whether the response is complete."""
        self.complete = self.complete or self._until_close
        return self.complete

    # Each of these steps returns a piece of the body, perhaps an empty one, or None if it needs more bytes.

    def _read_head(self) -> bytes | None:
        if self._status_line is None:
            self._buffer.discard_empty_lines()  # a careless camera ends the body before with one too many
        if self._status_line is None and not self._buffer.may_start_with(_BEGINNING):
            raise _not_http(self._buffer.peek(_SHOWN))
        line = self._buffer.pop_line()
        if line is None:
            return None
        if line and self._status_line is None:
            self._status_line = line
        elif line:
            self._headers.feed(line)
        else:
            self._end_head(self._status_line or b"", self._headers.headers)
        return b""

    def _end_head(self, status_line: bytes, headers: Headers) -> None:
        self._status_line, self._headers = None, HeaderParser()
        status = _STATUS_LINE.fullmatch(status_line.decode("utf-8", "replace").strip())
        if status is None:
            raise _not_http(status_line)
        if not status[2].startswith("1"):  # otherwise it is an interim response, and the final one follows
            self.head = ResponseHead(status[1], int(status[2]), (status[3] or "").strip()[:200], headers)
            self._begin_body(self.head)

    def _begin_body(self, head: ResponseHead) -> None:
        """Choose how the body is delimited (RFC 9112, section 6.3)."""
        length = plausible_length(head.headers)  # without one, the connection's end delimits the body
        if length == 0 and head.media_type.startswith("multipart/"):
            length = None  # some cameras state 0 for a stream that does not end
        if "chunked" in head.headers.get("Transfer-Encoding").lower():
            self._step = self._read_first_chunk_size
        elif head.status in {204, 304} or length == 0:
            self.complete = True
        elif length is not None:
            self._remaining, self._counted, self._step = length, True, self._read_counted
        else:
            self._until_close, self._step = True, self._read_rest

    def _read_rest(self) -> bytes | None:
        return self._buffer.pop(len(self._buffer)) or None

    def _read_counted(self) -> bytes | None:
        piece = self._buffer.pop(self._remaining)
        self._remaining -= len(piece)
        self.complete = self._remaining == 0
        return piece or None

    def _read_first_chunk_size(self) -> bytes | None:
        """Read the first chunk's size, unless the body is not chunked although the header says so."""
        first = self._buffer.peek(1)
        if not first:
            return None
        if first in _HEX:
            self._step = self._read_chunk_size
        else:
            self._until_close, self._step = True, self._read_rest
        return b""

    def _read_chunk_size(self) -> bytes | None:
        line = self._buffer.pop_line()
        if line is None:
            return None
        size = _CHUNK_SIZE.fullmatch(line)
        if size is None:
            raise MalformedError(detail("bad_chunk_size"))
        self._remaining = int(size[1], 16)
        self._step = self._read_chunk if self._remaining else self._read_trailer
        return b""

    def _read_chunk(self) -> bytes | None:
        piece = self._buffer.pop(self._remaining)
        self._remaining -= len(piece)
        if self._remaining == 0:
            self._step = self._read_chunk_end
        return piece or None

    def _read_chunk_end(self) -> bytes | None:
        line = self._buffer.pop_line()
        if line:
            raise MalformedError(detail("long_chunk"))
        if line is not None:
            self._step = self._read_chunk_size
        return line

    def _read_trailer(self) -> bytes | None:
        line = self._buffer.pop_line()
        if line:
            self._headers.feed(line)
        self.complete = line == b""
        return None if line is None else b""


def _not_http(data: bytes) -> OtherProtocolError:
    text = data.partition(b"\n")[0].decode("utf-8", "replace").strip()
    return OtherProtocolError(detail("not_http_but", text=repr(text[:_SHOWN])))

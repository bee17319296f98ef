"""RTSP 1.0 messages and the frames interleaved with them, split at any byte (RFC 2326, 4, 6, 7, 10.12).

Without I/O. All that a server sends is bounded, see the limits.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from pantau_agent.streams.headers import MAX_LINE, HeaderParser, Headers, check_line, content_length
from pantau_agent.streams.malformed import MalformedError, OtherProtocolError
from pantau_contract.words.evidence import detail

MAX_STRAY = 256 << 10
"""Most bytes in a row that are skipped between frames; a stream with more is no RTSP any more."""
MAX_BODY = 256 << 10
"""Longest body, in bytes: an SDP of more than a thousand tracks fits."""

_MAX_HEAD = 64 << 10
_STATUS_LINE = re.compile(r"RTSP/(\d\.\d)\s+(\d{3})(?:\s+(.*))?")
_REQUEST_LINE = re.compile(r"([A-Z][A-Z_]{1,31})\s+(\S+)\s+RTSP/\d\.\d")
_WORD = re.compile(r"[A-Z][A-Z_]*(?:[/ ]|$)")
_RESPONSE = b"RTSP/1"
_BEGINNING = re.compile(rb"RTSP/1|R(?:T(?:S(?:P/?)?)?)?\Z|[A-Z][A-Z_]{1,31}(?: [!-~]| ?\Z)|[A-Z]\Z")
"""What a message begins with, as far as its bytes have come."""
_RESTART = rb"\$[%b](?!\0[\0-\7])[\s\S]{2}[\x80-\xbf]|\$[\s\S]{0,3}\Z|RTSP/1|R(?:T(?:S(?:P/?)?)?)?\Z"
"""What may end stray bytes: a frame of a known channel, of RTP or RTCP by its version, 2, and its size, 8 bytes at
least; or a response; or what may be one of them once more bytes have come."""
STRAY_PER_PIECE = 8
"""Stray bytes that count as a piece."""
_FRAME_BEGINNING = 5
"""Bytes by which a frame is recognised among stray bytes."""
_EMPTY_LINE = re.compile(rb"\r?\n\r?\n")
_DOLLAR = 0x24

Receiver = Callable[[bytes, int, int, float], None]
"""Takes the frame in `buffer[start:end]`, which arrived at `now` (monotonic, seconds)."""


@dataclass(frozen=True, slots=True)
class RtspResponse:
    """A camera's response to a request."""

    status: int
    reason: str
    headers: Headers
    body: bytes = b""

    @property
    def cseq(self) -> int | None:
        """The number of the request that it answers; None if the camera leaves it out."""
        text = self.headers.get("CSeq").strip()
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


@dataclass(frozen=True, slots=True)
class RtspRequest:
    """A request of either side: a camera may send some too, such as OPTIONS as a sign of life."""

    method: str
    uri: str = field(repr=False)
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""


Message = RtspResponse | RtspRequest


def encode_request(method: str, uri: str, headers: Mapping[str, str]) -> bytes:
    """Return a request without a body as bytes.

    Raises:
        ValueError: a line contains a line break.
    """
    lines = [f"{method} {uri} RTSP/1.0", *(f"{name}: {value}" for name, value in headers.items())]
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("a request must not hold a line break")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


class Demultiplexer:
    """Splits a connection's bytes: messages are returned, frames go to the receiver of their channel.

    Frames of channels without a receiver are dropped. Takes linear time, however the bytes are split. Once frames
    have come, bytes that are neither a frame nor a message are skipped up to the next plausible one, because
    cameras and proxies leave some behind now and then; `stray` counts them, and `stray_places` where they
    stood. `pieces` counts frames and all else that takes a step.
    """

    def __init__(self) -> None:
        self.channels: dict[int, Receiver] = {}
        self.messages = 0
        self.stray = self.stray_places = 0
        self.pieces = 0
        self._stray_in_a_row = 0
        self._rest = bytearray()
        self._needed = 0
        self._in_head = False
        self._scanned = 0
        self._streaming = False

    @property
    def waiting(self) -> int:
        """Bytes of an unfinished message or frame."""
        return len(self._rest)

    def feed(self, data: bytes, now: float) -> list[Message]:  # noqa: C901 # a call a packet would cost more than it
        """Process the next chunk, and return the messages that end in it.

        Raises:
            MalformedError: what came is not RTSP, or exceeds a limit. The connection is useless from then on.
        """
        if self._rest:
            data = self._with_rest(data)
        messages: list[Message] = []
        at, end, pieces, stray = 0, len(data), 0, self.stray
        receiver_of = self.channels.get
        while at < end:
            pieces += 1
            if self._stray_in_a_row and (at := self._skip_stray(data, at)) + self._needed > end:
                break
            if data[at] == _DOLLAR:
                if end - at < 4:
                    self._needed = 4
                    break
                stop = at + 4 + (data[at + 2] << 8 | data[at + 3])
                if stop > end:
                    self._needed = stop - at
                    break
                if (receiver := receiver_of(data[at + 1])) is not None:
                    receiver(data, at + 4, stop, now)
                    self._streaming = True
                at = stop
            elif data[at] in b"\r\n":
                at += 1
            elif (found := self._read_message(data, at)) is not None:
                message, at = found
                messages += message
            else:
                break
        self.pieces += pieces + (self.stray - stray) // STRAY_PER_PIECE
        if at < end:
            self._rest += memoryview(data)[at:]
            if self._in_head:
                self._has_enough()
        return messages

    def _read_message(self, data: bytes, at: int) -> tuple[list[Message], int] | None:
        """Return the message that begins at `at`, if any, and where to go on; None to wait for more."""
        if self._streaming and _BEGINNING.match(data, at) is None:
            self._begin_stray()
            return [], at + 1
        try:
            found = self._message(data, at)
        except MalformedError:
            if not self._streaming:
                raise
            self._begin_stray()
            return [], at + 1
        if found is None:
            return None
        self.messages += 1
        return [found[0]], found[1]

    def _begin_stray(self) -> None:
        self.stray_places += not self._stray_in_a_row
        self._stray_in_a_row += 1
        self.stray += 1

    def _skip_stray(self, data: bytes, at: int) -> int:
        """Return where the next plausible frame or response begins, of which `_needed` bytes must have come.

        Raises:
            OtherProtocolError: too many bytes have been skipped in a row.
        """
        begun, end = at, len(data)
        self._needed = 1
        match = _restart(frozenset(self.channels)).search(data, at)
        if match is None:
            at = end
        else:
            at = match.start()
            self._needed = _FRAME_BEGINNING if data[at] == _DOLLAR else len(_RESPONSE)
        self.stray += at - begun
        self._stray_in_a_row += at - begun
        if self._stray_in_a_row > MAX_STRAY:
            text = data[begun : begun + 40].decode("utf-8", "replace")
            raise OtherProtocolError(detail("not_rtsp_but", text=repr(text)))
        if at + self._needed <= end:
            self._stray_in_a_row = 0
        return at

    def _with_rest(self, data: bytes) -> bytes:
        """Return the pending bytes with the new ones once they suffice to go on; empty before that."""
        if self._in_head or len(self._rest) + len(data) < self._needed:
            self._rest += data
            if not self._has_enough():
                return b""
            data = b""
        data = b"".join((self._rest, data))
        self._rest.clear()
        return data

    def _has_enough(self) -> bool:
        """Return whether the pending bytes suffice to go on; what turns out to be no head is stray in a stream."""
        try:
            return self._head_ended()
        except MalformedError:
            if not self._streaming:
                raise
            self._in_head = False
            self._begin_stray()
            del self._rest[0]
            return True

    def _head_ended(self) -> bool:
        """Return whether the pending bytes suffice to go on: a head must be complete. Scan each byte once."""
        if not self._in_head:
            return len(self._rest) >= self._needed
        if self._scanned == 0 or (self._scanned < 64 <= len(self._rest)):
            _check_beginning(bytes(self._rest[:64]))
        if _end_of_head(self._rest, max(0, self._scanned - 3))[0] >= 0:
            self._in_head = False
            return True
        self._scanned = len(self._rest)
        line = len(self._rest) - (self._rest.rfind(b"\n") + 1)
        if line > MAX_LINE or len(self._rest) > _MAX_HEAD:
            raise MalformedError(detail("long_headers", octets=MAX_LINE, all=_MAX_HEAD))
        return False

    def _message(self, data: bytes, at: int) -> tuple[Message, int] | None:
        """Return the message that begins at `at` and the position of its end; None while it is incomplete."""
        end, after = _end_of_head(data, at)
        if end < 0:
            self._in_head, self._scanned = True, 0
            return None
        _check_beginning(data[at : at + 64])
        first, headers = _parse_head(data[at:end])
        length = _body_length(headers)
        if len(data) - after < length:
            self._needed = after - at + length
            return None
        return _message_of(first, headers, data[after : after + length]), after + length


@lru_cache(maxsize=64)  # the camera chooses the channels
def _restart(channels: frozenset[int]) -> re.Pattern[bytes]:
    """Return the pattern of what may end stray bytes where these channels are known."""
    return re.compile(_RESTART % b"".join(re.escape(bytes([channel])) for channel in sorted(channels)))


def _check_beginning(head: bytes) -> None:
    """Recognise another protocol by its first bytes, without waiting for a line end that may never come."""
    line, newline, _ = head.partition(b"\n")
    text = line.decode("utf-8", "replace").strip()
    if newline and not (_STATUS_LINE.fullmatch(text) or _REQUEST_LINE.fullmatch(text)):
        raise OtherProtocolError(detail("not_rtsp_but", text=repr(text[:40])))
    if not _WORD.match(text):
        raise OtherProtocolError(detail("not_rtsp_but", text=repr(text[:40])))


def _end_of_head(data: bytes | bytearray, start: int) -> tuple[int, int]:
    """Return the ends of the head and of the empty line; (-1, -1) if incomplete. Accept bare line feeds."""
    found = _EMPTY_LINE.search(data, start)
    return found.span() if found is not None else (-1, -1)


def _parse_head(head: bytes) -> tuple[str, Headers]:
    """Return the first line, and the header fields of the others."""
    first, *lines = head.replace(b"\r\n", b"\n").split(b"\n")
    check_line(first)
    parser = HeaderParser()
    for line in lines:
        parser.feed(line)
    return first.decode("utf-8", "replace").strip(), parser.headers


def _body_length(headers: Headers) -> int:
    length = content_length(headers) or 0
    if length > MAX_BODY:
        raise MalformedError(detail("long_body", octets=length, limit=MAX_BODY))
    return length


def _message_of(first: str, headers: Headers, body: bytes) -> Message:
    if (status := _STATUS_LINE.fullmatch(first)) is not None:
        return RtspResponse(int(status[2]), (status[3] or "").strip()[:200], headers, body)
    if (request := _REQUEST_LINE.fullmatch(first)) is not None:
        return RtspRequest(request[1], request[2], headers, body)
    raise OtherProtocolError(detail("not_rtsp_but", text=repr(first[:40])))

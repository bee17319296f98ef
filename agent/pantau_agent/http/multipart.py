"""Parses multipart/x-mixed-replace, in which cameras send MJPEG, split at any byte (RFC 2046, 5.1). No I/O.

Cameras are lax, so what the bytes are decides, and not what headers claim. A boundary may be declared with its
dashes, be sent without them or with dashes at its end, stand only after each part, differ from the declared one,
or be missing altogether. Lines may end in a bare line feed. A part's length is believed only if a JPEG ends
there; otherwise the JPEG's own structure, or the next boundary, ends the part.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from pantau_agent.http.jpeg_extent import SOI, JpegExtent
from pantau_agent.http.receive_buffer import ReceiveBuffer
from pantau_agent.streams.headers import MAX_LINE, HeaderParser, Headers, plausible_length
from pantau_agent.streams.keyframe import MAX_KEYFRAME_BYTES
from pantau_agent.streams.malformed import MalformedError
from pantau_contract.words.evidence import detail

MAX_PART = MAX_KEYFRAME_BYTES
"""Largest part, in bytes."""
MAX_BETWEEN = 64 << 10
"""Most bytes without a boundary or a picture, before the first part or between two parts."""
MAX_TRAILER = 1024
"""Most bytes that may follow a JPEG's end in its part; some cameras append padding or texts of their own."""
_EOI = b"\xff\xd9"
_SOI_PATTERN = re.compile(SOI)
_LEARNABLE = re.compile(rb"--([\x21-\x7e][\x20-\x7e]{0,200})")
"""A line that is taken for a boundary although none is declared, or another one is."""
_PART_HEADER = re.compile(rb"(?:Content-[A-Za-z]+|X-[A-Za-z0-9-]+):", re.IGNORECASE)
"""A line that begins a part's headers although no boundary stands before it."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part; `media_type` is in lower case, and empty if there is none."""

    media_type: str
    content: bytes = field(repr=False)


class PartParser:
    """Parses a body into its parts. `boundary` is the declared one; empty if none is declared.

    `pieces` counts the lines and parts that have been parsed.
    """

    def __init__(self, boundary: str) -> None:
        self.pieces = 0
        self._name = boundary.strip().strip("-").encode("utf-8", "replace")
        self._confirmed = False
        self._buffer = ReceiveBuffer()
        self._headers = HeaderParser()
        self._between = 0
        self._media_type = ""
        self._length = 0
        self._lengths_wrong = False
        self._extent = JpegExtent()
        self._parts: list[Part] = []
        self._step: Callable[[], bool] = self._seek

    def feed(self, data: bytes) -> list[Part]:
        """Process the next chunk, and return the parts that end in it.

        Raises:
            MalformedError: it is not multipart, or exceeds a limit.
        """
        self._buffer.feed(data)
        while self._step():
            self.pieces += 1
        parts, self._parts = self._parts, []
        return parts

    # Each of these steps returns whether it is done, so that another one can be tried.

    def _seek(self) -> bool:
        """Skip to the next boundary, or to a part that begins without one."""
        self._buffer.discard_empty_lines()
        if self._buffer.may_start_with(SOI):
            return self._begin_jpeg()
        feed_at = self._buffer.find(b"\n", MAX_LINE + 1)
        jpeg_at = self._buffer.search(_SOI_PATTERN, 0, MAX_LINE if feed_at < 0 else feed_at)
        if jpeg_at >= 0:
            self._skip(jpeg_at)
            return True
        if feed_at < 0:
            if len(self._buffer) > MAX_LINE:
                self._skip(MAX_LINE - len(SOI))  # a picture may begin in the last bytes
                return True
            return False
        line = self._buffer.peek(feed_at).rstrip(b"\r")
        if _PART_HEADER.match(line):
            self._between = 0
            self._step = self._read_headers
            return True
        self._skip(feed_at + 1)
        if self._is_boundary(line) or self._learn(line):
            self._between = 0
            self._step = self._read_headers
        return True

    def _begin_jpeg(self) -> bool:
        """Begin a picture that stands between parts, without any header."""
        if not self._buffer.starts_with(SOI):
            return False
        self._between, self._media_type = 0, "image/jpeg"
        self._begin_uncounted()
        return True

    def _skip(self, number: int) -> None:
        self._between += number
        if self._between > MAX_BETWEEN:
            raise MalformedError(detail("far_boundary", octets=MAX_BETWEEN))
        self._buffer.discard(number)

    def _is_boundary(self, line: bytes) -> bool:
        if not self._name:
            return False
        text = line.strip().lstrip(b"-")
        found = text.startswith(self._name) and not text[len(self._name) :].strip(b"-")
        self._confirmed = self._confirmed or found
        return found

    def _learn(self, line: bytes) -> bool:
        """Take a line for the boundary, unless the declared one has been seen."""
        match = None if self._confirmed else _LEARNABLE.fullmatch(line.strip())
        if match is None or not match[1].strip(b"-"):
            return False
        self._name, self._confirmed = match[1].strip(b"-"), True
        return True

    def _read_headers(self) -> bool:
        if self._buffer.starts_with(SOI):  # no empty line ends the headers
            self._end_headers(self._headers.headers)
            return True
        line = self._buffer.pop_line()
        if line is None:
            return False
        if not line:
            self._end_headers(self._headers.headers)
        elif self._is_boundary(line):  # a closing boundary, and the next part's own
            self._headers = HeaderParser()
        else:
            self._headers.feed(line)
        return True

    def _end_headers(self, headers: Headers) -> None:
        self._headers = HeaderParser()
        self._media_type = headers.get("Content-Type").partition(";")[0].strip().lower()
        length = plausible_length(headers) or 0
        if 0 < length <= MAX_PART and not self._lengths_wrong:
            self._length, self._step = length, self._read_counted
        else:
            self._begin_uncounted()

    def _begin_uncounted(self) -> None:
        self._extent = JpegExtent()
        self._step = self._read_uncounted

    def _read_counted(self) -> bool:
        boundary_at = self._find_boundary(self._length)
        early = 0 <= boundary_at < self._length - 1
        if not early and len(self._buffer) < self._length:
            return False
        content = self._buffer.peek(self._length).lstrip(b"\r\n")
        if early or (content[: len(SOI)] == SOI[: len(content)] and not _ends_jpeg(content)):
            self._lengths_wrong = True
            self._begin_uncounted()
            return True
        self._buffer.discard(self._length)
        self._end(content)
        return True

    def _read_uncounted(self) -> bool:
        self._buffer.discard_empty_lines()
        if not self._buffer.may_start_with(SOI) or not self._extent.structured:
            return self._read_to_boundary()
        if not self._buffer.starts_with(SOI):
            return False
        end = self._extent.end(self._buffer)
        if end is None and not self._extent.structured:
            return self._read_to_boundary()
        boundary_at = self._find_boundary(end)
        if boundary_at >= 0 and (end is None or boundary_at < end):
            end = boundary_at
        return self._cut(end)

    def _find_boundary(self, before: int | None) -> int:
        """Return where the boundary's line begins, if that is before a position; -1 if it is not."""
        if not self._confirmed:
            return -1
        boundary = b"\n--" + self._name
        return self._buffer.find(boundary, None if before is None else before + len(boundary))

    def _read_to_boundary(self) -> bool:
        """Read a part that is no proper JPEG, up to the next boundary."""
        if not self._name:
            if not self._buffer.starts_with(SOI):
                self._step = self._seek
                return True
            end = self._buffer.find(_EOI)
            return self._cut(end + len(_EOI) if end >= 0 else None)
        end = self._buffer.find(b"--" + self._name)
        return self._cut(end if end >= 0 else None)

    def _cut(self, end: int | None) -> bool:
        if (end if end is not None else len(self._buffer)) > MAX_PART:
            raise MalformedError(detail("endless_part", limit=MAX_PART))
        if end is None:
            return False
        content = self._buffer.pop(end)
        self._end(content if content.endswith(_EOI) else _without_line_end(content))
        return True

    def _end(self, content: bytes) -> None:
        if content:
            self._parts.append(Part(self._media_type, content))
        self._step = self._seek


def _ends_jpeg(content: bytes) -> bool:
    """Return whether a JPEG ends with the content, and not another part begins in it."""
    end = content.rfind(_EOI, -MAX_TRAILER - len(_EOI))
    return end >= 0 and SOI not in content[end:]


def _without_line_end(content: bytes) -> bytes:
    return content.rstrip(b"-").removesuffix(b"\n").removesuffix(b"\r")

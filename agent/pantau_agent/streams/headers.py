"""Header fields of RTSP and HTTP messages, and their limits (RFC 2326, section 4.2; RFC 9112, section 5)."""

from collections.abc import Iterator

from pantau_agent.streams.malformed import MalformedError
from pantau_contract.words.evidence import detail

MAX_LINE = 8192
"""Longest header line, in bytes."""
MAX_HEADERS = 100
"""Most header lines in one message, or in one part of a multipart body."""


class Headers:
    """Header fields in their order; names are compared without regard to case."""

    def __init__(self, pairs: list[tuple[str, str]] | None = None) -> None:
        self._pairs = pairs or []

    def get(self, name: str, default: str = "") -> str:
        """Return the value of the first field of that name, or `default` if there is none."""
        return next(self.all(name), default)

    def all(self, name: str) -> Iterator[str]:
        """Iterate over the values of all fields of that name."""
        lower = name.lower()
        return (value for key, value in self._pairs if key.lower() == lower)

    def __repr__(self) -> str:
        return f"Headers({[name for name, _ in self._pairs]!r})"


class HeaderParser:
    """Parses a block of header lines, which are fed one by one without their line ends.

    A line that begins with white space continues the field before it (obsolete folding, RFC 9112, section 5.2).
    A line without a colon is ignored.
    """

    def __init__(self) -> None:
        self._lines = 0
        self._pairs: list[tuple[str, str]] = []

    def feed(self, line: bytes) -> None:
        """Parse the next line.

        Raises:
            MalformedError: there are too many lines, or this one is unusable (see `check_line`).
        """
        self._lines += 1
        if self._lines > MAX_HEADERS:
            raise MalformedError(detail("many_headers", count=MAX_HEADERS))
        check_line(line)
        text = line.decode("utf-8", "replace")
        name, colon, value = text.partition(":")
        if text[:1] in {" ", "\t"} and self._pairs:
            last, so_far = self._pairs[-1]
            self._pairs[-1] = (last, f"{so_far} {text.strip()}")
        elif colon:
            self._pairs.append((name.strip(), value.strip()))

    @property
    def headers(self) -> Headers:
        """The fields of all lines so far."""
        return Headers(self._pairs)


def check_line(line: bytes) -> None:
    """Check a line of a message's head.

    Raises:
        MalformedError: it is too long, or holds a carriage return (RFC 9112, section 2.2).
    """
    if len(line) > MAX_LINE:
        raise MalformedError(detail("long_header", octets=MAX_LINE))
    if b"\r" in line:
        raise MalformedError(detail("carriage_return"))


def content_length(headers: Headers) -> int | None:
    """Return the value of Content-Length, or None if the field is absent.

    Raises:
        MalformedError: it is not a number.
    """
    text = headers.get("Content-Length")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise MalformedError(detail("bad_length"))
    return int(text)


def plausible_length(headers: Headers) -> int | None:
    """Return the value of Content-Length, or None if there is none or it is not a number.

    For bodies whose end is also known by other means: a camera without a length may write -1 or a word.
    """
    try:
        return content_length(headers)
    except MalformedError:
        return None

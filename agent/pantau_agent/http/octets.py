"""Octets that wait to be read, by the line or by the number; each is looked at once, however they come."""

from pantau_agent.streams.failure import EvidenceError
from pantau_agent.streams.headers import Headers
from pantau_contract.words.evidence import detail

MAX_LINE = 8192
"""Longest line, in octets."""
MAX_HEADERS = 100


class FormError(EvidenceError):
    """What came is not of the form that it should have, or is over a limit; the text says which."""


class Octets:
    """A queue of octets."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._scanned = 0

    def __len__(self) -> int:
        return len(self._data)

    def feed(self, data: bytes) -> None:
        """More has come."""
        self._data += data

    def starts_like(self, beginning: bytes) -> bool:
        """Whether what is here so far may become what begins so."""
        return self._data[: len(beginning)] == beginning[: len(self._data)]

    def take(self, number: int) -> bytes:
        """The next octets, as many as are here of that number."""
        taken = bytes(memoryview(self._data)[:number])
        del self._data[:number]
        self._scanned = 0
        return taken

    def line(self) -> bytes | None:
        """The next line without its end, CRLF or a bare line feed; None while it has not all come.

        Raises:
            FormError: it is too long.
        """
        end = self._data.find(b"\n", self._scanned, MAX_LINE + 2)
        if end >= 0:
            return self.take(end + 1)[:-1].removesuffix(b"\r")
        self._scanned = len(self._data)
        if self._scanned > MAX_LINE:
            raise FormError(detail("long_line", octets=MAX_LINE))
        return None

    def find(self, mark: bytes) -> int:
        """Where the mark stands; -1 while it does not."""
        found = self._data.find(mark, self._scanned)
        self._scanned = max(0, len(self._data) - len(mark) + 1) if found < 0 else found
        return found


def header(lines: list[bytes]) -> Headers:
    """Header lines (RFC 9112, section 5). What has no colon continues the line before, or is left out.

    Raises:
        FormError: a carriage return stands in one (section 2.2).
    """
    if b"\r" in b"".join(lines):
        raise FormError(detail("carriage_return"))
    pairs: list[tuple[str, str]] = []
    for line in lines:
        text = line.decode("utf-8", "replace")
        name, colon, value = text.partition(":")
        if text[:1] in {" ", "\t"} and pairs:
            pairs[-1] = (pairs[-1][0], f"{pairs[-1][1]} {text.strip()}")
        elif colon:
            pairs.append((name.strip(), value.strip()))
    return Headers(pairs)


def length_of(headers: Headers) -> int | None:
    """What Content-Length says; None where it is absent.

    Raises:
        FormError: it is no number.
    """
    text = headers.get("Content-Length")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise FormError(detail("bad_length"))
    return int(text)

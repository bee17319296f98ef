"""Received bytes that wait to be parsed, by the line or by the number."""

import re

from pantau_agent.streams.headers import MAX_LINE
from pantau_agent.streams.malformed import MalformedError
from pantau_contract.words.evidence import detail


class ReceiveBuffer:
    """A queue of bytes. Each byte is searched once, however the stream is split into chunks."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._searched = 0
        self._separator = b""

    def __len__(self) -> int:
        return len(self._data)

    def feed(self, data: bytes) -> None:
        """Append received bytes."""
        self._data += data

    def starts_with(self, prefix: bytes) -> bool:
        """Return whether the bytes begin with `prefix`."""
        return self._data.startswith(prefix)

    def may_start_with(self, prefix: bytes) -> bool:
        """Return whether the bytes begin with `prefix`, or may do so once more of them have come."""
        return self._data[: len(prefix)] == prefix[: len(self._data)]

    def peek(self, number: int, start: int = 0) -> bytes:
        """Return the bytes from `start` on, at most that number, and leave them in the queue."""
        return bytes(memoryview(self._data)[start : start + number])

    def pop(self, number: int) -> bytes:
        """Remove and return the next bytes, at most that number."""
        data = self.peek(number)
        self.discard(number)
        return data

    def discard(self, number: int) -> None:
        """Remove the next bytes, at most that number."""
        del self._data[:number]
        self._searched = 0

    def discard_empty_lines(self) -> None:
        """Remove the carriage returns and line feeds at the beginning."""
        if self._data.startswith((b"\r", b"\n")):
            self.discard(len(self._data) - len(self._data.lstrip(b"\r\n")))

    def pop_line(self) -> bytes | None:
        """Remove the next line and return it without its end, CRLF or a bare line feed; None if it is incomplete.

        Raises:
            MalformedError: it is longer than `MAX_LINE`.
        """
        end = self.find(b"\n")
        if 0 <= end < MAX_LINE + 2:
            return self.pop(end + 1)[:-1].removesuffix(b"\r")
        if len(self._data) > MAX_LINE:
            raise MalformedError(detail("long_line", octets=MAX_LINE))
        return None

    def find(self, separator: bytes, end: int | None = None) -> int:
        """Return the position of the separator, which ends before `end`; -1 if it has not come yet."""
        if separator != self._separator:
            self._separator, self._searched = separator, 0
        end = len(self._data) if end is None else min(end, len(self._data))
        found = self._data.find(separator, self._searched, end)
        self._searched = max(self._searched, end - len(separator) + 1) if found < 0 else found
        return found

    def search(self, pattern: re.Pattern[bytes], start: int, end: int | None = None) -> int:
        """Return the position of a pattern's first match between `start` and `end`; -1 if there is none yet."""
        found = pattern.search(self._data, start, len(self._data) if end is None else end)
        return found.start() if found is not None else -1

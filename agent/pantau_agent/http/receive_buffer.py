"""Received bytes that wait to be parsed, by the line or by the number."""

from pantau_agent.streams.headers import MAX_LINE
from pantau_agent.streams.malformed import MalformedError
from pantau_contract.words.evidence import detail


class ReceiveBuffer:
    """A queue of bytes. Each byte is searched once, however the stream is split into chunks."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._searched = 0

    def __len__(self) -> int:
        return len(self._data)

    def feed(self, data: bytes) -> None:
        """Append received bytes."""
        self._data += data

    def may_start_with(self, prefix: bytes) -> bool:
        """Return whether the bytes begin with `prefix`, or may do so once more of them have come."""
        return self._data[: len(prefix)] == prefix[: len(self._data)]

    def peek(self, number: int) -> bytes:
        """Return the next bytes, at most that number, and leave them in the queue."""
        return bytes(memoryview(self._data)[:number])

    def pop(self, number: int) -> bytes:
        """Remove and return the next bytes, at most that number."""
        data = self.peek(number)
        del self._data[:number]
        self._searched = 0
        return data

    def pop_line(self) -> bytes | None:
        """Remove the next line and return it without its end, CRLF or a bare line feed; None if it is incomplete.

        Raises:
            MalformedError: it is longer than `MAX_LINE`.
        """
        end = self._data.find(b"\n", self._searched, MAX_LINE + 2)
        if end >= 0:
            return self.pop(end + 1)[:-1].removesuffix(b"\r")
        self._searched = len(self._data)
        if self._searched > MAX_LINE:
            raise MalformedError(detail("long_line", octets=MAX_LINE))
        return None

    def find(self, separator: bytes) -> int:
        """Return the position of the separator; -1 if it has not come yet."""
        found = self._data.find(separator, self._searched)
        self._searched = max(0, len(self._data) - len(separator) + 1) if found < 0 else found
        return found

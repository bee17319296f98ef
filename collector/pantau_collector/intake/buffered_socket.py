"""A socket for paho that makes few system calls for small packets, and lets large ones pass that nobody wants.

paho reads each packet in three parts and writes each acknowledgement by itself. Every system call hands Python's
lock to another thread, which may keep it for milliseconds, so that a busy collector would receive slowly just when
much arrives. And paho copies a packet several times before anybody sees it, which takes longer than a flood of
large ones takes to send.
"""

import contextlib
import ssl
from collections import deque
from collections.abc import Iterable, Mapping
from socket import socket
from typing import NamedTuple, Protocol

READ_AHEAD = 256 << 10
"""Bytes read at once, and the size above which a part is read by itself."""
LARGE = 64 << 10
"""Bytes of a packet from which on it is asked for whether anybody wants it, before it is read."""
MAX_PACKET = 8 << 20
"""Bytes of the largest packet that is read: twice the contract's largest payload."""
_MAX_READ = 1 << 20
"""Bytes for which room is made at once while a large part is read."""
_PAUSE_AFTER = 1 << 20
"""Bytes that nobody wants after which `recv` pauses, so that acknowledgements and requests leave meanwhile."""
_PUBLISH, _PUBACK = 0x30, 0x40
_FIXED_HEADER = 5
"""Bytes of the longest fixed header."""


class Arriving(NamedTuple):
    """The beginning of a packet that arrives. `size` includes the fixed header (MQTT 5, 3.3)."""

    size: int
    topic: bytes
    """Empty for a packet that is no PUBLISH."""
    mid: bytes
    """Empty for a message of QoS 0."""


class Doorkeeper(Protocol):
    """Says what is read at all."""

    @property
    def is_wary(self) -> bool:
        """True while small messages are to be asked for too."""

    def look_ahead(self, packets: Iterable[Arriving]) -> None:
        """Learn what comes next, before any of it is asked for or read."""

    def is_wanted(self, topic: bytes, size: int) -> bool:
        """Return True if a message is wanted, by its topic and its size in bytes."""


class BufferedSocket:
    """Wraps a connected socket. What is sent leaves with `flush`. It belongs to one thread.

    A message that is not wanted is read, acknowledged and forgotten; paho never sees it. Large ones are always
    asked for, and while a flooding site is shut out small ones are too: to read them takes ten times as long.
    """

    def __init__(self, wrapped: "socket | ssl.SSLSocket", doorkeeper: Doorkeeper) -> None:
        self._socket = wrapped
        self._doorkeeper = doorkeeper
        self._ahead = b""
        self._at = 0
        self._arriving: deque[Arriving] = deque()
        """The next packets, as far as their beginnings have come."""
        self._fixed_header = b""
        """The part of a packet's fixed header that has been read."""
        self._body_left = 0
        """Bytes of a packet that have not been read."""
        self._discard_left = 0
        """Bytes of an unwanted packet that have not been read."""
        self.has_paused = False
        """True if the last `recv` has read so much that nobody wants that it is time to send."""
        self._unsent = bytearray()
        self._failure: OSError | None = None

    def getpeercert(self) -> Mapping[str, object] | None:
        """Return the other side's certificate as `ssl` represents it, or None without TLS."""
        if not isinstance(self._socket, ssl.SSLSocket):
            return None
        return self._socket.getpeercert()

    def recv(self, size: int) -> bytes:
        """Return up to `size` bytes, which do not exceed the present packet; empty at the end of the connection.

        Raises:
            BlockingIOError, ssl.SSLWantReadError: there is nothing to read at present.
            OSError: the connection is broken.
        """
        if not self._body_left and not self._fixed_header:
            self._discard_unwanted()
        data = self._read(size)
        if self._body_left:
            self._body_left -= len(data)
        else:
            self._fixed_header += data
            if len(self._fixed_header) > 1 and self._fixed_header[-1] < 0x80:
                self._body_left, _ = _remaining_length(self._fixed_header, 1) or (0, 0)
                self._fixed_header = b""
                if self._body_left > MAX_PACKET:
                    raise OSError(f"the broker announces a packet of {self._body_left} bytes")
        return data

    def pending(self) -> int:
        """Return the number of bytes that can be read although the wrapped socket need not be readable."""
        inner = self._socket.pending() if isinstance(self._socket, ssl.SSLSocket) else 0
        return len(self._ahead) - self._at + inner

    def send(self, buffer: bytes | bytearray) -> int:
        """Take bytes to be sent by the next `flush`, and return their number.

        Raises:
            OSError: an earlier flush has failed.
        """
        if self._failure is not None:
            raise self._failure
        self._unsent += buffer
        return len(buffer)

    @property
    def has_unsent(self) -> bool:
        """True if not everything could be sent yet."""
        return bool(self._unsent)

    def flush(self) -> None:
        """Send what the connection takes now; a failure is raised by the next `send`."""
        try:
            while self._unsent:
                del self._unsent[: self._socket.send(self._unsent)]
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        except OSError as error:
            self._failure = error
            self._unsent.clear()

    def close(self) -> None:
        """Send what the connection takes, and close it."""
        with contextlib.suppress(OSError):
            self.flush()
        self._socket.close()

    def fileno(self) -> int:
        """Return the file descriptor."""
        return self._socket.fileno()

    def setblocking(self, flag: bool) -> None:  # as a socket has it
        """Let calls wait, or not."""
        self._socket.setblocking(flag)

    def _read(self, size: int) -> bytes:
        if self._at == len(self._ahead):
            if size >= READ_AHEAD:
                return self._socket.recv(min(size, _MAX_READ))
            self._ahead, self._at = b"", 0
            self._ahead = self._socket.recv(READ_AHEAD)
        data = self._ahead[self._at : self._at + size]
        self._at += len(data)
        return data

    def _discard_unwanted(self) -> None:
        """Read up to the next packet that is wanted, or whose beginning has not come yet.

        Raises:
            BlockingIOError, ssl.SSLWantReadError: there is nothing more to read at present, or it is time to send.
            OSError: the connection is broken.
        """
        self.has_paused = False
        discarded = 0
        while True:
            self._discard()
            if discarded > _PAUSE_AFTER:
                self.has_paused = True
                raise BlockingIOError
            if not self._arriving and not self._look_ahead():
                if not self._read_more():
                    return
                continue
            packet = self._arriving.popleft()
            is_asked_for = packet.topic and (packet.size >= LARGE or self._doorkeeper.is_wary)
            if not is_asked_for or self._doorkeeper.is_wanted(packet.topic, packet.size):
                return
            discarded += packet.size
            self._discard_left = packet.size
            if packet.mid:
                self._unsent += bytes((_PUBACK, 2)) + packet.mid

    def _look_ahead(self) -> bool:
        """Find the packets of which the beginning has come, and return False if there are none."""
        at = self._at
        while (packet := _read_beginning(self._ahead, at)) is not None:
            self._arriving.append(packet)
            at += packet.size
        self._doorkeeper.look_ahead(self._arriving)
        return bool(self._arriving)

    def _discard(self) -> None:
        skipped = min(self._discard_left, len(self._ahead) - self._at)
        self._at += skipped
        self._discard_left -= skipped
        while self._discard_left:
            received = self._socket.recv_into(_SCRATCH, min(self._discard_left, len(_SCRATCH)))
            self._discard_left = self._discard_left - received if received else 0

    def _read_more(self) -> bool:
        """Read more ahead, and return False at the end of the connection."""
        more = self._socket.recv(READ_AHEAD)
        self._ahead, self._at = self._ahead[self._at :] + more, 0
        return bool(more)


_SCRATCH = bytearray(1 << 20)
"""Where bytes go that nobody wants."""


def _read_beginning(data: bytes, at: int) -> Arriving | None:
    """Return the packet that begins at an offset, or None if its beginning has not come yet."""
    length = _remaining_length(data, at + 1)
    if length is None:
        return None if len(data) - at < _FIXED_HEADER else Arriving(_FIXED_HEADER, b"", b"")  # no packet at all
    remaining, begin = length
    size = begin - at + remaining
    first = data[at]
    if first & 0xF0 != _PUBLISH:
        return Arriving(size, b"", b"")
    topic_begin = begin + 2
    topic_end = topic_begin + int.from_bytes(data[begin:topic_begin])
    mid_end = topic_end + 2 if first & 0x06 else topic_end
    if topic_begin > len(data):
        return None
    if mid_end > at + size:
        return Arriving(size, b"", b"")  # no packet of MQTT, which is paho's to say
    if mid_end > len(data):
        return None
    return Arriving(size, data[topic_begin:topic_end], data[topic_end:mid_end])


def _remaining_length(data: bytes, at: int) -> tuple[int, int] | None:
    """Return the length of a packet's rest (MQTT 5, 1.5.5), and the offset after it; None if it is incomplete."""
    if at < len(data) and (value := data[at]) < 0x80:
        return value, at + 1
    value = 0
    for index, byte in enumerate(data[at : at + 4]):
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return value, at + index + 1
    return None

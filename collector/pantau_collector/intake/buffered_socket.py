"""A socket for paho that makes few system calls for small packets, and lets large ones pass that nobody wants.

paho reads each packet in three parts and writes each acknowledgement by itself. Every system call hands Python's
lock to another thread, which may keep it for milliseconds, so that a busy collector would receive slowly just when
much arrives. And paho copies a packet several times before anybody sees it, which takes longer than a flood of
large ones takes to send.
"""

import contextlib
import ssl
from collections.abc import Callable
from socket import socket
from typing import NamedTuple

READ_AHEAD = 256 << 10
"""Bytes read at once, and the size above which a part is read by itself."""
LARGE = 64 << 10
"""Bytes of a packet from which on it is asked for whether anybody wants it, before it is read."""
MAX_PACKET = 8 << 20
"""Bytes of the largest packet that is read: twice the contract's largest payload."""
_MAX_READ = 1 << 20
"""Bytes for which room is made at once while a large part is read."""
_PUBLISH, _PUBACK = 0x30, 0x40

IsWanted = Callable[[bytes, int], bool]
"""Returns True if a message is wanted, by its topic and its size in bytes."""


class _Publish(NamedTuple):
    """The beginning of a PUBLISH packet (MQTT 5, 3.3). `size` includes the fixed header."""

    size: int
    qos: int
    topic: bytes
    mid: bytes


class BufferedSocket:
    """Wraps a connected socket. What is sent leaves with `flush`. It belongs to one thread.

    A large message that is not wanted is read, acknowledged and forgotten; paho never sees it.
    """

    def __init__(self, wrapped: "socket | ssl.SSLSocket", is_wanted: IsWanted) -> None:
        self._socket = wrapped
        self._is_wanted = is_wanted
        self._ahead = b""
        self._at = 0
        self._fixed_header = b""
        """The part of a packet's fixed header that has been read."""
        self._body_left = 0
        """Bytes of a packet that have not been read."""
        self._discard_left = 0
        """Bytes of an unwanted packet that have not been read."""
        self._unsent = bytearray()
        self._failure: OSError | None = None

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
            BlockingIOError, ssl.SSLWantReadError: there is nothing more to read at present.
            OSError: the connection is broken.
        """
        while True:
            self._discard()
            packet = _read_publish(self._ahead, self._at)
            if packet is None:
                return
            if isinstance(packet, _Unknown):
                if not self._read_more():
                    return
            elif self._is_wanted(packet.topic, packet.size):
                return
            else:
                self._discard_left = packet.size
                if packet.qos:
                    self._unsent += bytes((_PUBACK, 2)) + packet.mid

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


class _Unknown:
    """The bytes that are there do not tell yet."""


def _read_publish(data: bytes, at: int) -> "_Publish | _Unknown | None":
    """Return the large PUBLISH packet that begins at an offset, or None if another packet does."""
    if at == len(data):
        return _Unknown()
    if data[at] & 0xF0 != _PUBLISH:
        return None
    length = _remaining_length(data, at + 1)
    if length is None:
        return _Unknown()
    remaining, begin = length
    if remaining < LARGE:
        return None
    topic_begin = begin + 2
    topic_end = topic_begin + int.from_bytes(data[begin:topic_begin])
    if topic_begin > len(data) or topic_end + 2 > len(data):
        return _Unknown()
    qos = data[at] >> 1 & 3
    return _Publish(begin - at + remaining, qos, data[topic_begin:topic_end], data[topic_end : topic_end + 2])


def _remaining_length(data: bytes, at: int) -> tuple[int, int] | None:
    """Return the length of a packet's rest (MQTT 5, 1.5.5), and the offset after it; None if it is incomplete."""
    value = 0
    for index, byte in enumerate(data[at : at + 4]):
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return value, at + index + 1
    return None

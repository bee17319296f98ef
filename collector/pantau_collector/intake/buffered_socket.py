"""A socket for paho that makes few system calls, however small the messages are.

paho reads each packet in three parts and writes each acknowledgement by itself. Every system call hands Python's
lock to another thread, which may keep it for milliseconds, so that a busy collector would receive slowly just when
much arrives.
"""

import contextlib
import ssl
from socket import socket

READ_AHEAD = 256 << 10
"""Bytes read at once, and the size above which a part is read by itself."""
_MAX_READ = 1 << 20
"""Bytes for which room is made at once while a large part is read."""


class BufferedSocket:
    """Wraps a connected socket. What is sent leaves with `flush`. It belongs to one thread."""

    def __init__(self, wrapped: "socket | ssl.SSLSocket") -> None:
        self._socket = wrapped
        self._ahead = b""
        self._at = 0
        self._unsent = bytearray()
        self._failure: OSError | None = None

    def recv(self, size: int) -> bytes:
        """Return up to `size` bytes; empty at the end of the connection.

        Raises:
            BlockingIOError, ssl.SSLWantReadError: there is nothing to read at present.
            OSError: the connection is broken.
        """
        if self._at == len(self._ahead):
            if size >= READ_AHEAD:
                return self._socket.recv(min(size, _MAX_READ))
            self._ahead, self._at = b"", 0
            self._ahead = self._socket.recv(READ_AHEAD)
        data = self._ahead[self._at : self._at + size]
        self._at += len(data)
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

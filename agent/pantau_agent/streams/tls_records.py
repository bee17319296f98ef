"""Counts the TLS records of a connection, which the TLS layer takes apart before anyone else sees them.

A record has at least 22 octets beside its payload (RFC 8446, section 5.2), so their number follows from what came
over the wire and what came out of it. Records of one octet cost the TLS layer far more than they cost a parser.
"""

import array
import fcntl
import socket
import struct
import termios

MIN_OVERHEAD = 22
"""Octets of a record that are not payload: a header of 5, one for the content's type, and 16 of the tag."""
SLACK = 1 << 20
"""Octets that may wait in the buffers of the TLS layer and its reader."""

_BYTES_RECEIVED = struct.Struct("=Q")
_BYTES_RECEIVED_AT = 128
"""Where `tcpi_bytes_received` is in Linux's `struct tcp_info` (linux/tcp.h), since Linux 4.1."""


class TlsRecords:
    """Counts the records of one connection."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._octets = 0
        self._counted = 0

    def count(self, octets: int = 0) -> int:
        """Return the number of records since the last call, at most. `octets` came out of them."""
        self._octets += octets
        wire = _octets_read(self._socket)
        records = max(self._counted, (wire - self._octets - SLACK) // MIN_OVERHEAD)
        new, self._counted = records - self._counted, records
        return new


def _octets_read(connected: socket.socket) -> int:
    """Return the octets that have been read from the socket since its connection; 0 if the kernel does not say."""
    waiting = array.array("i", [0])
    try:
        info = connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _BYTES_RECEIVED_AT + _BYTES_RECEIVED.size)
        fcntl.ioctl(connected, termios.FIONREAD, waiting)
    except OSError:
        return 0
    if len(info) < _BYTES_RECEIVED_AT + _BYTES_RECEIVED.size:
        return 0
    return int(_BYTES_RECEIVED.unpack_from(info, _BYTES_RECEIVED_AT)[0]) - waiting[0]

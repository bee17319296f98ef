"""Measures how far this machine's clock is from a time server's, with one SNTP request (RFC 4330)."""

import asyncio
import re
import secrets
from collections.abc import Callable
from pathlib import Path

PORT = 123
"""UDP port of NTP."""
TIMEOUT_S = 2.0
"""Seconds to wait for an answer."""
_SINCE_1900_S = 2_208_988_800
"""Seconds from 1900, where NTP starts counting, to 1970."""
_REQUEST_HEADER = b"\x23" + bytes(39)
"""Version 4, mode 3 (section 4); all fields of a request but the last are zero."""
_SERVER_MODE = 4
"""Mode of a server's answer."""
_PACKET_BYTES = 48
"""Bytes of the shortest valid answer."""
_CONFIGURATION_FILES = (
    ("etc/systemd/timesyncd.conf", re.compile(r"(?m)^\s*(?:Fallback)?NTP\s*=\s*(.+)$")),
    ("etc/systemd/timesyncd.conf.d/*.conf", re.compile(r"(?m)^\s*(?:Fallback)?NTP\s*=\s*(.+)$")),
    ("etc/chrony/chrony.conf", re.compile(r"(?m)^\s*(?:server|pool)\s+(\S+)")),
    ("etc/chrony/sources.d/*.sources", re.compile(r"(?m)^\s*(?:server|pool)\s+(\S+)")),
    ("etc/ntpsec/ntp.conf", re.compile(r"(?m)^\s*(?:server|pool)\s+(\S+)")),
)
"""Configuration files of time services, and the lines in them that name servers."""
_DEFAULT_SERVER = "pool.ntp.org"
"""Server that is used if none is configured."""


def time_servers(root: Path = Path("/")) -> list[str]:
    """Return the time servers that this machine is configured for, in order, or the default one."""
    named = [
        server
        for pattern, line in _CONFIGURATION_FILES
        for file in sorted(root.glob(pattern))
        for found in line.findall(_text(file))
        for server in found.split()
    ]
    return list(dict.fromkeys(named)) or [_DEFAULT_SERVER]


async def offset_s(
    server: str, now_s: Callable[[], float], *, port: int = PORT, timeout_s: float = TIMEOUT_S
) -> float:
    """Return the server's clock minus ours, in seconds. `now_s` reads ours, in seconds UTC.

    Raises:
        OSError: the server is unreachable, or does not answer within `timeout_s` (a TimeoutError).
    """
    loop = asyncio.get_running_loop()
    cookie = secrets.token_bytes(8)
    query = _Query(cookie, loop.create_future(), now_s)
    async with asyncio.timeout(timeout_s):
        transport, _ = await loop.create_datagram_endpoint(lambda: query, remote_addr=(server, port))
        try:
            sent_s = now_s()
            transport.sendto(_REQUEST_HEADER + cookie)
            server_received_s, server_sent_s, received_s = await query.answered
            return ((server_received_s - sent_s) + (server_sent_s - received_s)) / 2
        finally:
            transport.close()


class _Query(asyncio.DatagramProtocol):
    """Waits for the answer: when the server received and sent, and when we received.

    `cookie` stands in place of our transmit time: the server returns it, and nobody else knows it.
    """

    def __init__(
        self, cookie: bytes, answered: asyncio.Future[tuple[float, float, float]], now_s: Callable[[], float]
    ) -> None:
        self.answered = answered
        self._cookie = cookie
        self._now_s = now_s

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Handle a datagram, and ignore it unless it is a valid answer."""
        del addr
        times = parse_response(data, self._cookie)
        if times is not None and not self.answered.done():
            self.answered.set_result((*times, self._now_s()))

    def error_received(self, error: Exception) -> None:
        """Fail the query, because nothing listens there."""
        if not self.answered.done():
            self.answered.set_exception(error)


def parse_response(data: bytes, cookie: bytes) -> tuple[float, float] | None:
    """Return when the server received and sent (seconds UTC), or None if the answer or its clock is invalid."""
    if len(data) < _PACKET_BYTES or data[0] & 7 != _SERVER_MODE or data[24:32] != cookie:
        return None
    stratum, unsynchronised = data[1], data[0] >> 6 == 3
    if unsynchronised or not 0 < stratum < 16:
        return None
    received, sent = (_seconds(data[offset : offset + 8]) for offset in (32, 40))
    return received, sent


def _seconds(stamp: bytes) -> float:
    """Return the seconds UTC of a timestamp (section 3). With the first bit clear it counts from 2036."""
    whole, fraction = int.from_bytes(stamp[:4]), int.from_bytes(stamp[4:])
    era_s = 0 if whole & 1 << 31 else 1 << 32
    return float(whole + era_s - _SINCE_1900_S) + fraction / (1 << 32)


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8", "replace")
    except OSError:
        return ""

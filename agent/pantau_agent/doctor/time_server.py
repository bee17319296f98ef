"""How far this machine's clock is from a time server's: one question by SNTP (RFC 4330)."""

import asyncio
import re
import secrets
from collections.abc import Callable
from pathlib import Path

PORT = 123
TIMEOUT_S = 2.0
_SINCE_1900_S = 2_208_988_800
_REQUEST_HEADER = b"\x23" + bytes(39)
"""Version 4, mode 3 (section 4); all but the last field of a question is zero."""
_SERVER_MODE = 4
_PACKET_BYTES = 48
_CONFIGURATION_FILES = (
    ("etc/systemd/timesyncd.conf", re.compile(r"(?m)^\s*(?:Fallback)?NTP\s*=\s*(.+)$")),
    ("etc/systemd/timesyncd.conf.d/*.conf", re.compile(r"(?m)^\s*(?:Fallback)?NTP\s*=\s*(.+)$")),
    ("etc/chrony/chrony.conf", re.compile(r"(?m)^\s*(?:server|pool)\s+(\S+)")),
    ("etc/chrony/sources.d/*.sources", re.compile(r"(?m)^\s*(?:server|pool)\s+(\S+)")),
    ("etc/ntpsec/ntp.conf", re.compile(r"(?m)^\s*(?:server|pool)\s+(\S+)")),
)
_DEFAULT_SERVER = "pool.ntp.org"


def time_servers(root: Path = Path("/")) -> list[str]:
    """Those that this machine is set up for, in their order; the usual one where none is named."""
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
    """The server's clock less ours, in seconds; `now_s` is ours, seconds UTC.

    Raises:
        OSError: it is not reached, or does not answer within `within_s` (which is a TimeoutError).
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
    """Waits for its answer: the server's time of receiving and of answering, and ours of receiving.

    `mark` stands in the place of our time of sending: the server gives it back, and nobody else knows it.
    """

    def __init__(
        self, cookie: bytes, answered: asyncio.Future[tuple[float, float, float]], now_s: Callable[[], float]
    ) -> None:
        self.answered = answered
        self._cookie = cookie
        self._now_s = now_s

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Takes an answer."""
        del addr
        times = parse_response(data, self._cookie)
        if times is not None and not self.answered.done():
            self.answered.set_result((*times, self._now_s()))

    def error_received(self, error: Exception) -> None:
        """Nothing listens there."""
        if not self.answered.done():
            self.answered.set_exception(error)


def parse_response(data: bytes, cookie: bytes) -> tuple[float, float] | None:
    """When the server received and when it answered, seconds UTC; None for what is no answer, or from no clock."""
    if len(data) < _PACKET_BYTES or data[0] & 7 != _SERVER_MODE or data[24:32] != cookie:
        return None
    stratum, unsynchronised = data[1], data[0] >> 6 == 3
    if unsynchronised or not 0 < stratum < 16:
        return None
    received, sent = (_seconds(data[at : at + 8]) for at in (32, 40))
    return received, sent


def _seconds(stamp: bytes) -> float:
    """Of a timestamp (section 3). With the first bit clear it counts from 2036 on."""
    whole, fraction = int.from_bytes(stamp[:4]), int.from_bytes(stamp[4:])
    era_s = 0 if whole & 1 << 31 else 1 << 32
    return float(whole + era_s - _SINCE_1900_S) + fraction / (1 << 32)


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8", "replace")
    except OSError:
        return ""

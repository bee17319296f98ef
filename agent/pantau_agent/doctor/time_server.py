"""How far this machine's clock is from a time server's: one question by SNTP (RFC 4330)."""

import asyncio
import re
import secrets
from collections.abc import Callable
from pathlib import Path

PORT = 123
WITHIN_S = 2.0
_SINCE_1900_S = 2_208_988_800
_CLIENT = b"\x23" + bytes(39)
"""Version 4, mode 3 (section 4); all but the last field of a question is zero."""
_SERVER_MODE = 4
_LENGTH = 48
_CONFIGURED = (
    ("etc/systemd/timesyncd.conf", re.compile(r"(?m)^\s*(?:Fallback)?NTP\s*=\s*(.+)$")),
    ("etc/systemd/timesyncd.conf.d/*.conf", re.compile(r"(?m)^\s*(?:Fallback)?NTP\s*=\s*(.+)$")),
    ("etc/chrony/chrony.conf", re.compile(r"(?m)^\s*(?:server|pool)\s+(\S+)")),
    ("etc/chrony/sources.d/*.sources", re.compile(r"(?m)^\s*(?:server|pool)\s+(\S+)")),
    ("etc/ntpsec/ntp.conf", re.compile(r"(?m)^\s*(?:server|pool)\s+(\S+)")),
)
_USUAL = "pool.ntp.org"


def time_servers(root: Path = Path("/")) -> list[str]:
    """Those that this machine is set up for, in their order; the usual one where none is named."""
    named = [
        server
        for pattern, line in _CONFIGURED
        for file in sorted(root.glob(pattern))
        for found in line.findall(_text(file))
        for server in found.split()
    ]
    return list(dict.fromkeys(named)) or [_USUAL]


async def offset_s(
    server: str, now_s: Callable[[], float], *, port: int = PORT, within_s: float = WITHIN_S
) -> float:
    """The server's clock less ours, in seconds; `now_s` is ours, seconds UTC.

    Raises:
        OSError: it is not reached, or does not answer within `within_s` (which is a TimeoutError).
    """
    loop = asyncio.get_running_loop()
    mark = secrets.token_bytes(8)
    question = _Question(mark, loop.create_future(), now_s)
    async with asyncio.timeout(within_s):
        transport, _ = await loop.create_datagram_endpoint(lambda: question, remote_addr=(server, port))
        try:
            sent_s = now_s()
            transport.sendto(_CLIENT + mark)
            heard_s, told_s, received_s = await question.answered
            return ((heard_s - sent_s) + (told_s - received_s)) / 2
        finally:
            transport.close()


class _Question(asyncio.DatagramProtocol):
    """Waits for its answer: the server's time of receiving and of answering, and ours of receiving.

    `mark` stands in the place of our time of sending: the server gives it back, and nobody else knows it.
    """

    def __init__(
        self, mark: bytes, answered: asyncio.Future[tuple[float, float, float]], now_s: Callable[[], float]
    ) -> None:
        self.answered = answered
        self._mark = mark
        self._now_s = now_s

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Takes an answer."""
        del addr
        times = read(data, self._mark)
        if times is not None and not self.answered.done():
            self.answered.set_result((*times, self._now_s()))

    def error_received(self, error: Exception) -> None:
        """Nothing listens there."""
        if not self.answered.done():
            self.answered.set_exception(error)


def read(data: bytes, mark: bytes) -> tuple[float, float] | None:
    """When the server received and when it answered, seconds UTC; None for what is no answer, or from no clock."""
    if len(data) < _LENGTH or data[0] & 7 != _SERVER_MODE or data[24:32] != mark:
        return None
    stratum, unsynchronised = data[1], data[0] >> 6 == 3
    if unsynchronised or not 0 < stratum < 16:
        return None
    heard, told = (_seconds(data[at : at + 8]) for at in (32, 40))
    return heard, told


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

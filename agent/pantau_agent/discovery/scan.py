"""Scans addresses for open camera ports, at a rate that a network bears."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

RTSP_PORTS = (554, 8554)
"""Ports at which cameras serve RTSP."""
TLS_PORT = 443
"""The port at which cameras serve ONVIF that are set to HTTPS alone."""
WEB_PORTS = (80, 2020, 5000, 8000, 8080, 8899, TLS_PORT)
"""Ports at which cameras serve ONVIF: the usual one, Tapo's, Foscam's, Reolink's and Hikvision's, a common one,
XMEye's, and that of HTTPS."""
MAX_CONCURRENT = 64
"""Connections that are attempted at the same time."""
CONNECTIONS_PER_S = 200.0
"""Connections started per second: a cheap switch or a radio link bears that."""
TIMEOUT_S = 1.0
"""Seconds to connect."""


@dataclass(frozen=True, slots=True)
class ScanResult:
    """An address and its open ports, in the order in which they were tried."""

    host: str
    ports: tuple[int, ...] = ()


class _RateLimiter:
    """Lets one caller through per interval."""

    def __init__(self, per_s: float) -> None:
        self._interval_s = 1 / per_s
        self._next_s = 0.0

    async def wait(self) -> None:
        now = asyncio.get_running_loop().time()
        self._next_s = max(self._next_s, now) + self._interval_s
        await asyncio.sleep(self._next_s - now)


async def scan(
    hosts: Sequence[str],
    ports: Sequence[int] = RTSP_PORTS + WEB_PORTS,
    *,
    max_concurrent: int = MAX_CONCURRENT,
    per_s: float = CONNECTIONS_PER_S,
    timeout_s: float = TIMEOUT_S,
) -> AsyncGenerator[ScanResult, None]:
    """Yield each host as soon as all its ports are known, whether any is open or not."""
    rate_limiter, slots = _RateLimiter(per_s), asyncio.Semaphore(max_concurrent)

    async def is_open(host: str, port: int) -> bool:
        async with slots:
            await rate_limiter.wait()
            with contextlib.suppress(OSError):
                async with asyncio.timeout(timeout_s):
                    _, writer = await asyncio.open_connection(host, port)
                writer.transport.abort()  # RST, so that neither side keeps state
                return True
        return False

    async def scan_host(host: str) -> ScanResult:
        port_states = await asyncio.gather(*(is_open(host, port) for port in ports))
        return ScanResult(host, tuple(port for port, accepts in zip(ports, port_states, strict=True) if accepts))

    tasks = [asyncio.create_task(scan_host(host)) for host in hosts]
    try:
        for done in asyncio.as_completed(tasks):
            yield await done
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

"""Which addresses listen on the ports of cameras; no faster than a network bears."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

RTSP_PORTS = (554, 8554)
WEB_PORTS = (80, 2020, 8000, 8080, 8899)
"""Where ONVIF is: the usual one, then Tapo's, Reolink's and Hikvision's, many's, XMEye's."""
AT_ONCE = 64
PER_S = 200.0
"""Connections begun each second: a cheap switch or a radio link bears that."""
TIMEOUT_S = 1.0


@dataclass(frozen=True, slots=True)
class Scanned:
    """An address and those of the ports that take a connection, in the order they were asked for."""

    host: str
    ports: tuple[int, ...] = ()


class _Pace:
    """Lets one through every so often."""

    def __init__(self, per_s: float) -> None:
        self._gap_s = 1 / per_s
        self._next_s = 0.0

    async def wait(self) -> None:
        now = asyncio.get_running_loop().time()
        self._next_s = max(self._next_s, now) + self._gap_s
        await asyncio.sleep(self._next_s - now)


async def scan(
    hosts: Sequence[str],
    ports: Sequence[int] = RTSP_PORTS + WEB_PORTS,
    *,
    at_once: int = AT_ONCE,
    per_s: float = PER_S,
    timeout_s: float = TIMEOUT_S,
) -> AsyncGenerator[Scanned, None]:
    """Each host as soon as all its ports are known, whether any is open or not."""
    pace, room = _Pace(per_s), asyncio.Semaphore(at_once)

    async def is_open(host: str, port: int) -> bool:
        async with room:
            await pace.wait()
            with contextlib.suppress(OSError):
                async with asyncio.timeout(timeout_s):
                    _, writer = await asyncio.open_connection(host, port)
                writer.transport.abort()  # a port that was only knocked at keeps no state
                return True
        return False

    async def all_of(host: str) -> Scanned:
        opened = await asyncio.gather(*(is_open(host, port) for port in ports))
        return Scanned(host, tuple(port for port, is_it in zip(ports, opened, strict=True) if is_it))

    tasks = [asyncio.create_task(all_of(host)) for host in hosts]
    try:
        for done in asyncio.as_completed(tasks):
            yield await done
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

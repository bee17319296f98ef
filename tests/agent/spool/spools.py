"""A spool, opened for a test."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from pantau_agent.spool import Spool
from tests.agent.fake_clock import FakeClock

DAY_S = 86400.0


@asynccontextmanager
async def opened(
    path: Path,
    clock: FakeClock | None = None,
    *,
    max_bytes: float = 1e9,
    max_age_s: float = 7 * DAY_S,
    machine_boot: str = "boot-1",
) -> AsyncIterator[Spool]:
    spool = await Spool.open(
        path, max_bytes=max_bytes, max_age_s=max_age_s, machine_boot=machine_boot, clock=clock or FakeClock()
    )
    try:
        yield spool
    finally:
        await spool.close()


async def waiting(spool: Spool) -> list[bytes]:
    return [batch.payload for batch in await spool.after(0, 10_000)]

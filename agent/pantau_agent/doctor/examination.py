"""All that is examined, one after the other, from the machine to the cameras."""

import asyncio
from collections.abc import AsyncGenerator, Sequence

from pantau_agent.clock import Clock
from pantau_agent.config import AgentConfig
from pantau_agent.doctor import clock as clock_check
from pantau_agent.doctor import disk, machine
from pantau_agent.doctor.broker import broker
from pantau_agent.doctor.cameras import cameras
from pantau_agent.doctor.finding import Finding
from pantau_agent.doctor.names import names
from pantau_agent.host import Machine
from pantau_agent.picture.decoder import Decoder


async def examine(
    config: AgentConfig, this_machine: Machine, decoder: Decoder, clock: Clock, servers: Sequence[str]
) -> AsyncGenerator[Finding, None]:
    """Each finding as soon as it is known. `servers` are time servers to compare the clock with."""
    host, status = this_machine.read(), this_machine.clock()
    folder = config.spool.path.parent.absolute()
    measured = await clock_check.offset(servers, clock)
    yield clock_check.synchronised(status, right=measured.key == "right")
    yield measured
    yield disk.room(host, folder, config.spool.max_mb)
    if folder.is_dir():
        yield await asyncio.to_thread(disk.writing, folder, config.spool.path)
        for finding in disk.wear(folder):
            yield finding
    yield machine.power(host)
    yield machine.heat(host)
    yield machine.memory(host)
    for finding in await names(config):
        yield finding
    for finding in await broker(config.broker, config.site.id, clock.time_ms() / 1000):
        yield finding
    async for finding in cameras(config.camera, decoder, clock, clock_trusted=status.synchronised is True):
        yield finding

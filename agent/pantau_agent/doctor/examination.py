"""Runs all checks, one after the other, from the machine to the cameras."""

import asyncio
from collections.abc import AsyncGenerator, Sequence

from pantau_agent.assessment import camera_memory
from pantau_agent.clock import Clock
from pantau_agent.config import AgentConfig
from pantau_agent.doctor import clock as clock_check
from pantau_agent.doctor import disk, machine
from pantau_agent.doctor.broker import check_broker
from pantau_agent.doctor.cameras import check_cameras
from pantau_agent.doctor.finding import Finding
from pantau_agent.doctor.names import check_names
from pantau_agent.host import Machine
from pantau_agent.picture.decoder import Decoder


async def examine(
    config: AgentConfig, this_machine: Machine, decoder: Decoder, clock: Clock, servers: Sequence[str]
) -> AsyncGenerator[Finding, None]:
    """Yield each finding as soon as it is known. `servers` are time servers to compare the clock with."""
    host, status = this_machine.read(), this_machine.clock()
    folder = config.spool.path.parent.absolute()
    measured = await clock_check.check_offset(servers, clock)
    yield clock_check.check_synchronised(status, is_right=measured.key == "right")
    yield measured
    yield disk.check_space(host, folder, config.spool.max_mb)
    if disk.is_there(folder):
        yield await asyncio.to_thread(disk.check_writing, folder, config.spool.path)
        for finding in disk.check_wear(folder):
            yield finding
    yield machine.check_power(host)
    yield machine.check_heat(host)
    yield machine.check_memory(host)
    for finding in await check_names(config):
        yield finding
    camera = next((camera.id for camera in config.camera), None)
    for finding in await check_broker(config.broker, config.site.id, clock.time_ms() / 1000, camera=camera):
        yield finding
    remembered = camera_memory.remembered(config.spool.path.with_name(camera_memory.FILE), config.camera)
    trusted = status.synchronised is True
    async for finding in check_cameras(
        config.camera, decoder, clock, clock_trusted=trusted, remembered=remembered
    ):
        yield finding

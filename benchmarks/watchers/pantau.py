"""Watches as the agent does: every stream stays open, every packet is measured, a picture is judged every 30 s."""

import asyncio
import sys

from pantau_agent.clock import SystemClock
from pantau_agent.config import Camera
from pantau_agent.event_loop import new_event_loop
from pantau_agent.picture.decoder import Decoder
from pantau_agent.watching.host_limits import HostLimits
from pantau_agent.watching.watch import watch


async def main(urls: list[str]) -> None:
    """Watch as an agent does and discard the observations."""
    clock, host_limits = SystemClock(), HostLimits(max_connecting=64)

    async def watch_one(number: int, url: str, decoder: Decoder) -> None:
        camera = Camera(id=f"cam{number}", url=url)
        async for _ in watch(camera, decoder, clock, host_limits=host_limits):
            pass

    async with Decoder(clock) as decoder:
        await asyncio.gather(*(watch_one(number, url, decoder) for number, url in enumerate(urls)))


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main(sys.argv[1:]))

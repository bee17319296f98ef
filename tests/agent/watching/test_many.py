"""Many cameras that begin to be watched in the same instant, in virtual time."""

import asyncio
import random
from collections.abc import Callable, Sequence

import pytest

from pantau_agent.clock import Clock
from pantau_agent.config import Camera
from pantau_agent.picture.decoder import Decoder
from pantau_agent.sources import registry
from pantau_agent.sources.target import Target
from pantau_agent.streams.failure import Failure, Kind, LookError, Step
from pantau_agent.watching.host_limits import HostLimits
from pantau_agent.watching.watch import SPREAD_S, watch
from pantau_contract.words.evidence import Detail
from tests.agent.virtual_time import VirtualLoop

OPENING_S = 2.0


class Entrance:
    """Records when cameras are connected to, and how many at once per host; every attempt fails."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.highest: dict[str, int] = {}
        self._inside: dict[str, int] = {}

    def source(self, target: Target, _clock: Clock) -> "Visit":
        return Visit(self, target.url.host)

    async def enter(self, host: str) -> None:
        self.times.append(asyncio.get_running_loop().time())
        self._inside[host] = self._inside.get(host, 0) + 1
        self.highest[host] = max(self.highest.get(host, 0), self._inside[host])
        await asyncio.sleep(OPENING_S)
        self._inside[host] -= 1


class Visit:
    def __init__(self, entrance: Entrance, host: str) -> None:
        self._entrance = entrance
        self._host = host

    async def open(self, _timeout_s: float) -> None:
        await self._entrance.enter(self._host)
        raise LookError(Failure(Step.CONNECT, Kind.OS_ERROR, Detail("refused"), errno=111))

    async def close(self) -> None:
        pass


@pytest.fixture
def begin(monkeypatch: pytest.MonkeyPatch) -> Callable[[Sequence[str], float], Entrance]:
    """Return a function that watches a camera at each of the hosts for a while."""

    def run(hosts: Sequence[str], seconds: float) -> Entrance:
        entrance, loop, host_limits = Entrance(), VirtualLoop(), HostLimits()
        monkeypatch.setitem(registry.SOURCES, "rtsp", entrance.source)

        async def follow(number: int, host: str) -> None:
            camera = Camera(id=f"cam{number}", url=f"rtsp://{host}/{number}")
            async for _ in watch(camera, Decoder(loop), loop, rng=random.Random(number), host_limits=host_limits):
                pass

        async def all_of_them() -> None:
            tasks = [asyncio.create_task(follow(*one)) for one in enumerate(hosts)]
            await asyncio.sleep(seconds)
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

        try:
            loop.run_until_complete(all_of_them())
        finally:
            loop.close()
        return entrance

    return run


def test_at_the_start_they_do_not_all_come_in_the_same_instant(
    begin: Callable[[Sequence[str], float], Entrance],
) -> None:
    times = sorted(begin([f"host{number}" for number in range(64)], SPREAD_S).times)
    assert len(times) == 64
    assert all(sum(at <= time < at + SPREAD_S / 4 for time in times) < 32 for at in times)


def test_to_a_recorder_with_32_channels_few_come_at_once_and_each_gets_its_turn(
    begin: Callable[[Sequence[str], float], Entrance],
) -> None:
    entrance = begin(["recorder"] * 32 + [f"host{number}" for number in range(8)], 32 / 4 * OPENING_S + 2)
    assert entrance.highest == {"recorder": 4} | {f"host{number}": 1 for number in range(8)}
    assert len(entrance.times) >= 40

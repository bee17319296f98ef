import asyncio
import random

import pytest

from pantau_agent.assessment.wake_up import WakeUp
from pantau_agent.clock import SystemClock
from pantau_agent.sources.source import Source
from pantau_agent.streams.failure import Failure, Kind, LookError, Step
from pantau_agent.watching.host_limits import HostLimits
from pantau_agent.watching.sessions import Sessions
from pantau_contract.words.evidence import NO_DETAIL


async def test_between_two_tries_of_a_refused_password_half_an_hour_passes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            raise asyncio.CancelledError

    def make(_trusted: bool) -> Source:
        raise LookError(Failure(Step.DESCRIBE, Kind.WRONG_PASSWORD, NO_DETAIL, status=401))

    monkeypatch.setattr("pantau_agent.watching.sessions.asyncio.sleep", sleep)
    with pytest.raises(asyncio.CancelledError):
        await Sessions(make, SystemClock(), random.Random(1), WakeUp()).run(10)
    assert slept == [1800] * 3


async def test_few_come_to_one_host_at_the_same_time() -> None:
    host_limits = HostLimits(max_connecting=2)
    inside = highest = 0

    async def enter(host: str) -> None:
        nonlocal inside, highest
        async with host_limits.of(host):
            inside += 1
            highest = max(highest, inside)
            await asyncio.sleep(0.01)
            inside -= 1

    await asyncio.gather(*(enter("recorder") for _ in range(10)))
    assert highest == 2


async def test_a_wake_up_ends_a_wait_early_and_one_that_comes_before_the_wait_is_not_lost() -> None:
    wake_up = WakeUp()
    wake_up.set()
    async with asyncio.timeout(60):
        await wake_up.wait(3600)
        asyncio.get_running_loop().call_later(0.05, wake_up.set)
        await wake_up.wait(3600)
        await wake_up.wait(0.05)

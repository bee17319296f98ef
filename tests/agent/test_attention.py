"""The time in which the agent could watch: what holds it up is measured, and not held against a camera."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from pantau_agent.attention import LATE_S, TICK_S, Attention
from pantau_agent.streams.time_limit import attentive
from tests.agent.virtual_time import VirtualLoop


class HeldUpLoop(VirtualLoop):
    """Virtual time that can be held up, as by SIGSTOP, and the agent's clock."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = Attention(self.monotonic)

    def lost_since(self, since: float) -> float:
        return self.attention.lost_since(since)

    def hold_up(self, seconds: float) -> None:
        """Let time pass in which nothing runs."""
        self._leap.now += seconds

    def run(self, scenario: Coroutine[Any, Any, None]) -> None:
        async def watched() -> None:
            keeping = asyncio.create_task(self.attention.keep())
            await asyncio.sleep(0)
            await scenario
            keeping.cancel()

        try:
            self.run_until_complete(watched())
        finally:
            self.close()


def test_the_limits_are_those_that_are_documented() -> None:
    assert (TICK_S, LATE_S) == (0.25, 0.1)


def test_what_was_lost_is_measured_from_any_time_on() -> None:
    loop = HeldUpLoop()

    async def scenario() -> None:
        await asyncio.sleep(10)
        assert loop.lost_since(1_000) == 0
        loop.hold_up(30)
        assert loop.lost_since(1_000) == pytest.approx(30, abs=TICK_S)  # before anything else has run
        await asyncio.sleep(5)
        loop.hold_up(2)
        await asyncio.sleep(5)
        assert loop.lost_since(1_000) == pytest.approx(32, abs=2 * TICK_S)
        assert loop.lost_since(1_020) == pytest.approx(22, abs=2 * TICK_S)
        assert loop.lost_since(1_042) == pytest.approx(2, abs=TICK_S)
        assert loop.lost_since(1_050) == 0

    loop.run(scenario())


def test_a_check_that_is_a_little_late_loses_nothing() -> None:
    loop = HeldUpLoop()

    async def scenario() -> None:
        for _ in range(100):
            await asyncio.sleep(1)
            loop.hold_up(0.09)
        assert loop.lost_since(1_000) == 0

    loop.run(scenario())


def test_nothing_is_lost_for_who_does_not_keep_it() -> None:
    assert Attention(lambda: 5_000.0).lost_since(0) == 0


def test_a_time_limit_leaves_out_what_was_lost() -> None:
    loop = HeldUpLoop()

    async def scenario() -> None:
        limit, reached = attentive(loop), list[float]()

        async def answer() -> None:
            async with limit(10):
                await asyncio.sleep(4)
                loop.hold_up(30)
                await asyncio.sleep(5)  # without the stall, 9 s are over
                reached.append(loop.time())
                await asyncio.sleep(5)

        with pytest.raises(TimeoutError):
            await answer()
        assert reached == [pytest.approx(1_039, abs=2 * TICK_S)]
        assert loop.time() == pytest.approx(1_040, abs=2 * TICK_S)
        async with limit(None):
            await asyncio.sleep(100)

    loop.run(scenario())

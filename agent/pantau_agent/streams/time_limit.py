"""A time limit for a camera's answers, in which the time does not count in which the agent could not listen."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from pantau_agent.clock import Clock

TimeLimit = Callable[[float | None], AbstractAsyncContextManager[object]]
"""Limits a block to so many seconds, as `asyncio.timeout` does; raises `TimeoutError`."""


def attentive(clock: Clock) -> TimeLimit:
    """Return a limit in the time in which the agent was not held up."""

    @asynccontextmanager
    async def limit(seconds: float | None) -> AsyncIterator[None]:
        if seconds is None:
            yield
            return
        loop, limit_s = asyncio.get_running_loop(), seconds
        begun, begun_by_clock = loop.time(), clock.monotonic()
        timer: asyncio.TimerHandle | None = None
        async with asyncio.timeout(None) as timeout:

            def check() -> None:
                nonlocal timer
                left_s = limit_s - (loop.time() - begun) + clock.lost_since(begun_by_clock)
                if left_s > 0:
                    timer = loop.call_later(left_s, check)
                else:
                    timeout.reschedule(loop.time())

            timer = loop.call_later(limit_s, check)
            try:
                yield
            finally:
                timer.cancel()

    return limit

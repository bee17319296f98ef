"""A wait with a time limit that an event ends early."""

import asyncio

GRID_S = 0.125
"""Waits end at multiples of so many seconds: one wake-up of the process serves all cameras that are due."""


class WakeUp:
    """An event for one waiter and any number of setters. Setting it before the wait is not lost."""

    def __init__(self) -> None:
        self._is_set = False
        self._waiter: asyncio.Future[None] | None = None

    def set(self) -> None:
        """Wake the waiter, or let its next wait return immediately."""
        self._is_set = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def wait(self, seconds: float) -> None:
        """Wait until it is set, or until about `seconds` have passed, and clear it."""
        if not self._is_set:
            loop = asyncio.get_running_loop()
            self._waiter = loop.create_future()
            timer = loop.call_at(on_grid(loop.time(), seconds), _finish, self._waiter)
            try:
                await self._waiter
            finally:
                timer.cancel()
        self._is_set = False


def on_grid(now: float, seconds: float) -> float:
    """Return when a wait of so many seconds ends that begins now: at a multiple of `GRID_S` if it is long."""
    return max(round((now + seconds) / GRID_S) * GRID_S, now + seconds / 2)


def _finish(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)

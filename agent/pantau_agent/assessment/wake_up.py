"""A bell: whoever waits at it is woken early when something has happened."""

import asyncio


class WakeUp:
    """For one who waits and any who ring. A ring before the wait is not lost."""

    def __init__(self) -> None:
        self._rung = False
        self._waiting: asyncio.Future[None] | None = None

    def ring(self) -> None:
        """Something has happened."""
        self._rung = True
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def wait(self, seconds: float) -> None:
        """Until it rings, or so many seconds have passed."""
        if not self._rung:
            loop = asyncio.get_running_loop()
            self._waiting = loop.create_future()
            timer = loop.call_later(seconds, _finish, self._waiting)
            try:
                await self._waiting
            finally:
                timer.cancel()
        self._rung = False


def _finish(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)

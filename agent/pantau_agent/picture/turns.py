"""Whose picture is decoded next, so that no camera can starve the judges of the others.

One picture is decoded at a time. Among those that wait, the camera comes first that has taken least of the worker
lately. A camera that has taken too much of it has to wait even if no other does: the worker's processor core is
needed for other things.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

BUDGET_S = 20.0
"""Processor seconds that one camera may take at once: a 4K picture takes 1 s of a small machine."""
SHARE = 0.25
"""Share of a processor core that one camera may take in the long run."""


class Turns:
    """The turns at the worker. Times are monotonic seconds."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._taken: dict[str, tuple[float, float]] = {}
        self._waiting: list[tuple[str, asyncio.Future[None]]] = []
        self._busy = False

    def is_over_budget(self, camera: str) -> bool:
        """Return whether a camera has taken more than it may, and has to wait."""
        return self._taken_s(camera) > BUDGET_S

    def charge(self, camera: str, seconds: float) -> None:
        """Count what a camera took of the worker."""
        self._taken[camera] = self._taken_s(camera) + seconds, self._monotonic()

    @asynccontextmanager
    async def turn(self, camera: str) -> AsyncIterator[None]:
        """Wait for a camera's turn, and hold it."""
        if self._busy:
            waiting = camera, asyncio.get_running_loop().create_future()
            self._waiting.append(waiting)
            try:
                await waiting[1]
            except asyncio.CancelledError:
                if waiting in self._waiting:
                    self._waiting.remove(waiting)
                else:  # its turn had just come
                    self._pass_on()
                raise
        self._busy = True
        try:
            yield
        finally:
            self._pass_on()

    def _pass_on(self) -> None:
        """Give the turn to the camera that has taken least; of one camera, to who has waited longest."""
        self._busy = bool(self._waiting)
        if self._waiting:
            next_one = min(self._waiting, key=lambda waiting: self._taken_s(waiting[0]))
            self._waiting.remove(next_one)
            next_one[1].set_result(None)

    def _taken_s(self, camera: str) -> float:
        taken_s, at = self._taken.get(camera, (0.0, 0.0))
        return max(0.0, taken_s - SHARE * (self._monotonic() - at))

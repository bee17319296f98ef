"""Staying connected: one session with a camera after another, never two, each ended politely."""

import asyncio
import contextlib
import random
from collections.abc import Callable
from typing import Any

from pantau_agent.assessment.camera_memory import CameraMemory
from pantau_agent.assessment.wake_up import WakeUp
from pantau_agent.clock import Clock
from pantau_agent.sources.source import Source
from pantau_agent.streams.failure import Failure, LookError
from pantau_agent.watching.backoff import Backoff

PROVEN_S = 10.0
"""A session that lasted so long counts as a success: the next failure is met with fast tries again."""
AT_ONCE = 4
"""So many sessions are opened with one host at the same time: a recorder with 32 channels is one host."""


class HostLimits:
    """Shared by all cameras: how many may be on their way in to one host."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._at_once = at_once
        self._doors: dict[str, asyncio.Semaphore] = {}

    def to(self, host: str) -> asyncio.Semaphore:
        """The door of one host."""
        return self._doors.setdefault(host, asyncio.Semaphore(self._at_once))


class Sessions:
    """One camera's. `source` streams now, or is None; `failure` is why the last visit, or try, ended.

    `last_packet` is when the last packet of all visits that are over came (monotonic seconds); 0 is never.
    `make` gives a new source, told whether the camera has taken the password before; `bell` rings at each change.
    """

    def __init__(
        self,
        make: Callable[[bool], Source],
        clock: Clock,
        rng: random.Random,
        bell: WakeUp,
        door: asyncio.Semaphore | None = None,
        page: CameraMemory | None = None,
    ) -> None:
        self.source: Source | None = None
        self.opened = 0.0
        self.failure: Failure | None = None
        self.last_packet = 0.0
        self._make = make
        self._page = page or CameraMemory()
        self._clock = clock
        self._backoff = Backoff(rng, self._page, clock)
        self._bell = bell
        self._door = door
        self._given_up: asyncio.Future[Failure] | None = None

    def give_up(self, failure: Failure) -> None:
        """The visit under way is of no use any more: it is ended, and another one follows."""
        if self._given_up is not None and not self._given_up.done():
            self._given_up.set_result(failure)

    async def keep(self, timeout_s: float) -> None:
        """Sessions until cancelled. Each opening has `timeout_s`. A camera that refused us is left alone first."""
        if (held := self._backoff.held()) is not None:
            self._tell(None, held[0])
            await asyncio.sleep(held[1])
        while True:
            failure = await self._visit(timeout_s)
            await asyncio.sleep(self._backoff.after(failure))

    async def _visit(self, timeout_s: float) -> Failure:
        """One visit, from connecting to its end; why it ended."""
        source: Source | None = None
        try:
            async with self._door or contextlib.nullcontext():
                source = self._make(self._page.trusted)
                await source.open(timeout_s)
            self._page.trusted = self._page.trusted or source.accepted
            self.opened = self._clock.monotonic()
            self._given_up = asyncio.get_running_loop().create_future()
            self._tell(source, None)
            failure = await self._end_of(source, self._given_up)
            if source.counts().last_packet - self.opened >= PROVEN_S:
                self._backoff.succeeded()
        except LookError as error:
            failure = error.failure
            self._tell(None, failure)
        finally:
            self.source = None
            if source is not None:
                await source.close()
        return failure

    async def _end_of(self, source: Source, given_up: asyncio.Future[Failure]) -> Failure:
        ending: asyncio.Future[None] = asyncio.ensure_future(source.wait())
        try:
            either: list[asyncio.Future[Any]] = [ending, given_up]
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ending.cancel()
        failure = given_up.result() if given_up.done() else source.failure
        assert failure is not None  # noqa: S101 # for the type checker: a source that has ended tells why
        self.last_packet = max(self.last_packet, source.counts().last_packet)
        self._tell(None, failure)
        return failure

    def _tell(self, source: Source | None, failure: Failure | None) -> None:
        self.source, self.failure = source, failure
        self._bell.ring()

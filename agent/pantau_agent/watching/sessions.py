"""Staying connected: one session with a camera after another, never two at a time, each closed politely."""

import asyncio
import contextlib
import random
from collections.abc import Callable
from typing import Any

from pantau_agent.assessment.camera_memory import CameraMemory
from pantau_agent.assessment.wake_up import WakeUp
from pantau_agent.clock import Clock
from pantau_agent.sources.source import Source
from pantau_agent.streams.failure import Failure, Kind, LookError
from pantau_agent.watching.backoff import Backoff, must_wait

PROVEN_S = 10.0
"""Seconds that a session must last to count as a success, after which the next failure is retried fast again."""


class Sessions:
    """The sessions with one camera.

    `source` is streaming now, or None; `opened` is since when (monotonic seconds). `failure` is why the last
    session, or attempt, ended; `ended` counts them. `held` is set while the camera must be left alone.
    `last_packet` is when the last packet of all finished sessions came (monotonic seconds), or 0. `make_source` is
    called with whether the camera has accepted the password before. `wake_up` is set at each change.
    """

    def __init__(
        self,
        make_source: Callable[[bool], Source],
        clock: Clock,
        rng: random.Random,
        wake_up: WakeUp,
        host_limit: asyncio.Semaphore | None = None,
        memory: CameraMemory | None = None,
    ) -> None:
        self.source: Source | None = None
        self.opened = 0.0
        self.failure: Failure | None = None
        self.last_packet = 0.0
        self.ended = 0
        self.held = False
        self._hurried = asyncio.Event()
        self._make_source = make_source
        self._memory = memory or CameraMemory()
        self._clock = clock
        self._backoff = Backoff(rng, self._memory, clock)
        self._wake_up = wake_up
        self._host_limit = host_limit
        self._abandoned: asyncio.Future[Failure] | None = None

    def abandon(self, failure: Failure) -> None:
        """Close the session in progress because of `failure`; another one follows."""
        if self._abandoned is not None and not self._abandoned.done():
            self._abandoned.set_result(failure)

    def hurry(self) -> None:
        """Let the next attempt begin now, unless the camera must be left alone."""
        if not self.held:
            self._hurried.set()

    async def run(self, timeout_s: float) -> None:
        """Open one session after another until cancelled, each within `timeout_s`.

        A camera that refused our login before is left alone first.
        """
        if (refused := self._backoff.remembered_refusal()) is not None:
            failure, remaining_s = refused
            self._publish(None, failure)
            await self._pause(remaining_s, failure)
        while True:
            failure = await self._run_session(timeout_s)
            await self._pause(self._backoff.delay_after(failure), failure)

    async def _pause(self, seconds: float, failure: Failure) -> None:
        self._hurried.clear()
        self.held = must_wait(failure)
        if self.held:
            await asyncio.sleep(seconds)
            self.held = False
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._hurried.wait()

    async def _run_session(self, timeout_s: float) -> Failure:
        """Run one session from connecting to its end, and return why it ended."""
        source: Source | None = None
        try:
            async with self._host_limit or contextlib.nullcontext():
                source = self._make_source(self._memory.trusted)
                await source.open(timeout_s)
            self._memory.trusted = self._memory.trusted or source.accepted
            self.opened = self._clock.monotonic()
            self._abandoned = asyncio.get_running_loop().create_future()
            self._publish(source, None)
            failure = await self._wait_for_end(source, self._abandoned)
            proven = source.counts().last_packet - self.opened >= PROVEN_S
            if proven and failure.kind is not Kind.FLOODING:
                self._backoff.record_success()
        except LookError as error:
            failure = error.failure
            self._publish(None, failure)
        finally:
            self.source = None
            if source is not None:
                await source.close()
        return failure

    async def _wait_for_end(self, source: Source, abandoned: asyncio.Future[Failure]) -> Failure:
        ending: asyncio.Future[None] = asyncio.ensure_future(source.wait())
        try:
            either: list[asyncio.Future[Any]] = [ending, abandoned]
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ending.cancel()
        failure = abandoned.result() if abandoned.done() else source.failure
        assert failure is not None  # noqa: S101 # for the type checker: a source that has ended has a failure
        self.last_packet = max(self.last_packet, source.counts().last_packet)
        self._publish(None, failure)
        return failure

    def _publish(self, source: Source | None, failure: Failure | None) -> None:
        self.source, self.failure = source, failure
        self.ended += source is None
        self._wake_up.set()

"""Watching a camera: connected all the time and read continuously, or probed each interval."""

import asyncio
import contextlib
import random
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace

from pantau_agent.assessment.assess import Limits
from pantau_agent.assessment.baseline import configured_expectation
from pantau_agent.assessment.camera_memory import CameraMemory
from pantau_agent.assessment.observation import Looked, Observation
from pantau_agent.assessment.picture_sampler import PictureSampler
from pantau_agent.assessment.wake_up import WakeUp
from pantau_agent.clock import Clock
from pantau_agent.config import Camera
from pantau_agent.picture.decoder import Decoder
from pantau_agent.sources.registry import make_source
from pantau_agent.sources.source import Source
from pantau_agent.sources.target import safeguards_of, target_of
from pantau_agent.watching.backoff import Backoff, must_wait
from pantau_agent.watching.host_limits import HostLimits
from pantau_agent.watching.observer import Observer
from pantau_agent.watching.one_shot import OneShotProbe
from pantau_agent.watching.sessions import Sessions

OBSERVE_INTERVAL_S = 1.0
"""Seconds between two observations in watch mode."""
URGENT_INTERVAL_S = 0.25
"""Seconds between two observations while a picture looks wrong.

Keyframe sizes alone look wrong too often for that.
"""
SPREAD_S = 1.0
"""Seconds over which the first connections of all cameras are spread."""
PROBE_S = 5.0
"""Seconds that a probe lasts in sample mode."""


def watch(
    camera: Camera,
    decoder: Decoder,
    clock: Clock,
    *,
    rng: random.Random | None = None,
    host_limits: HostLimits | None = None,
    memory: CameraMemory | None = None,
    learns: bool = False,
    clock_trusted: Callable[[], bool] = lambda: True,
    picture_requested: asyncio.Event | None = None,
) -> AsyncGenerator[Observation, None]:
    """Watch a camera for ever in its mode: an observation each second and at once on a change, or one a probe.

    `host_limits` are shared by all cameras of an agent; `memory` is kept up to date. With `learns`, as in the
    running agent, a certificate that is seen for the first time is accepted for ever. `clock_trusted` returns
    whether this machine's clock is right. Setting `picture_requested` requests a look now: a picture of the
    stream, or else an attempt to connect, unless the camera must be left alone. It is cleared when that is
    noticed, and the observation with which the look has ended is marked. Closing the generator, or
    cancelling whoever iterates it, ends the session with a TEARDOWN.
    """
    mode = _watch_continuously if camera.mode == "watch" else _probe_repeatedly
    return mode(
        camera,
        decoder,
        clock,
        rng or random.Random(),
        host_limits or HostLimits(),
        memory or CameraMemory(),
        learns,
        clock_trusted,
        picture_requested or asyncio.Event(),
    )


async def _watch_continuously(
    camera: Camera,
    decoder: Decoder,
    clock: Clock,
    rng: random.Random,
    host_limits: HostLimits,
    memory: CameraMemory,
    learns: bool,
    clock_trusted: Callable[[], bool],
    picture_requested: asyncio.Event,
) -> AsyncGenerator[Observation, None]:
    target = target_of(camera, safeguards_of(camera, memory.proof, learns=learns))

    def make(trusted: bool) -> Source:
        return make_source(replace(target, trusted=trusted, keep_alive=memory.keep_alive), clock)

    wake_up = WakeUp()
    sampler = PictureSampler(camera.id, decoder, camera.picture_interval_s, wake_up)
    limits = Limits(camera.timeout_s, expected=configured_expectation(camera))
    observer = Observer(camera.id, clock, sampler, memory, limits, clock_trusted)
    sessions = Sessions(make, clock, rng, wake_up, host_limits.of(target.url.host), memory)
    look = _RequestedLook(sampler, sessions)
    await asyncio.sleep(rng.uniform(0, SPREAD_S))
    running = asyncio.create_task(sessions.run(camera.timeout_s))
    running.add_done_callback(lambda _: wake_up.set())
    try:
        while True:
            if running.done():
                running.result()
            if picture_requested.is_set():
                picture_requested.clear()
                look.begin()
            if (source := sessions.source) is None:
                await sampler.end_session()
                observer.assess_failure(sessions.failure, sessions.last_packet)
            else:
                await source.refresh()
                observer.assess_stream(source, sessions.opened)
            yield replace(observer.conclude(), looked=look.ended())
            failure = observer.session_failure()
            if failure is not None and sessions.source is source:
                sessions.abandon(failure)
            await wake_up.wait(URGENT_INTERVAL_S if sampler.urgent else OBSERVE_INTERVAL_S)
    finally:
        running.cancel()
        await asyncio.wait({running})
        await sampler.end_session()


class _RequestedLook:
    """A look that was requested of a camera that is watched continuously."""

    def __init__(self, sampler: PictureSampler, sessions: Sessions) -> None:
        self._sampler = sampler
        self._sessions = sessions
        self._ended_before: int | None = None

    def begin(self) -> None:
        """Request a picture, and a session if there is none."""
        self._ended_before = self._sessions.ended
        self._sampler.request()
        self._sessions.hurry()

    def ended(self) -> Looked | None:
        """Return how the look has ended, once; None while it goes on, or if there is none."""
        if self._ended_before is None:
            return None
        if not self._sampler.requested or self._sessions.ended > self._ended_before:
            self._ended_before = None
            return Looked.DONE
        if self._sessions.held:
            self._ended_before = None
            return Looked.HELD
        return None


async def _probe_repeatedly(
    camera: Camera,
    decoder: Decoder,
    clock: Clock,
    rng: random.Random,
    host_limits: HostLimits,
    memory: CameraMemory,
    learns: bool,
    clock_trusted: Callable[[], bool],
    picture_requested: asyncio.Event,
) -> AsyncGenerator[Observation, None]:
    probe = OneShotProbe(
        camera,
        decoder,
        clock,
        host_limits=host_limits,
        memory=memory,
        learns=learns,
        clock_trusted=clock_trusted,
    )
    backoff = Backoff(rng, memory, clock)
    await asyncio.sleep(rng.uniform(0, SPREAD_S))
    if (refused := backoff.remembered_refusal()) is not None:
        refusal, remaining_s = refused
        yield probe.observe_failure(refusal)
        until = clock.monotonic() + remaining_s
        while await _is_set_within(picture_requested, until - clock.monotonic()):
            picture_requested.clear()
            yield replace(probe.observe_failure(refusal), looked=Looked.HELD)
    while True:
        began = clock.monotonic()
        asked = picture_requested.is_set()
        picture_requested.clear()
        observation = await probe.run(PROBE_S)
        failure = probe.failure
        pause_s = 0.0
        if failure is None:
            backoff.record_success()
        else:
            pause_s = backoff.delay_after(failure)
        yield replace(observation, looked=Looked.DONE if asked else None)
        if failure is not None:
            until = clock.monotonic() + pause_s
            while await _is_set_within(picture_requested, until - clock.monotonic()) and must_wait(failure):
                picture_requested.clear()
                yield replace(probe.observe_failure(failure), looked=Looked.HELD)
        await _is_set_within(picture_requested, camera.picture_interval_s - (clock.monotonic() - began))


async def _is_set_within(event: asyncio.Event, seconds: float) -> bool:
    """Wait until an event is set, for at most so many seconds, and return whether it was."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()

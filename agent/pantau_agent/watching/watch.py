"""Which camera is looked at when: kept open and read continuously, or visited each interval."""

import asyncio
import contextlib
import random
from collections.abc import AsyncGenerator, Callable

from pantau_agent.assessment.assess import Assessment, Limits
from pantau_agent.assessment.baseline import configured
from pantau_agent.assessment.camera_memory import CameraMemory
from pantau_agent.assessment.observation import Observation
from pantau_agent.assessment.picture_sampler import PictureSampler
from pantau_agent.assessment.wake_up import WakeUp
from pantau_agent.clock import Clock
from pantau_agent.config import Camera
from pantau_agent.picture.decoder import Decoder
from pantau_agent.sources.registry import make_source
from pantau_agent.sources.source import Source
from pantau_agent.sources.target import Target, target_of
from pantau_agent.watching.backoff import Backoff
from pantau_agent.watching.one_shot import Looker
from pantau_agent.watching.sessions import HostLimits, Sessions

TICK_S = 1.0
TENSE_S = 0.25
"""While a picture or the stream looks wrong. Sizes of keyframes alone do so too often to be woken for them."""
SPREAD_S = 1.0
"""The first visits of all cameras are spread over so long."""
VISIT_S = 5.0
"""How long a visit lasts, in sample mode."""


async def watch(
    camera: Camera,
    decoder: Decoder,
    clock: Clock,
    *,
    rng: random.Random | None = None,
    doors: HostLimits | None = None,
    page: CameraMemory | None = None,
    clock_trusted: Callable[[], bool] = lambda: True,
    wanted: asyncio.Event | None = None,
) -> AsyncGenerator[Observation, None]:
    """Watches for ever, in the camera's mode: an observation each second and at once on a change, or one a visit.

    `doors` is shared by all cameras of an agent; the `page` is kept up to date. `clock_trusted` tells whether this
    machine's clock is right. Setting `wanted` asks for a picture now; it is cleared when that is heard.
    Closing the generator, or cancelling whoever iterates it, ends the session with a TEARDOWN.
    """
    rng, doors, page = rng or random.Random(), doors or HostLimits(), page or CameraMemory()
    wanted = wanted or asyncio.Event()
    await asyncio.sleep(rng.uniform(0, SPREAD_S))
    mode = _keep_open if camera.mode == "watch" else _visit
    watching = mode(camera, decoder, clock, rng, doors, page, clock_trusted, wanted)
    async with contextlib.aclosing(watching) as observations:
        async for observation in observations:
            yield observation


async def _keep_open(
    camera: Camera,
    decoder: Decoder,
    clock: Clock,
    rng: random.Random,
    doors: HostLimits,
    page: CameraMemory,
    clock_trusted: Callable[[], bool],
    wanted: asyncio.Event,
) -> AsyncGenerator[Observation, None]:
    target = target_of(camera)

    def make(trusted: bool) -> Source:
        return make_source(Target(target.url, target.credentials, trusted), clock)

    bell = WakeUp()
    glances = PictureSampler(camera.id, decoder, camera.picture_interval_s, bell)
    limits = Limits(camera.timeout_s, expected=configured(camera))
    appraisal = Assessment(camera.id, clock, glances, page, limits, clock_trusted)
    visits = Sessions(make, clock, rng, bell, doors.to(target.url.host), page)
    keeping = asyncio.create_task(visits.keep(camera.timeout_s))
    keeping.add_done_callback(lambda _: bell.ring())
    try:
        while True:
            if keeping.done():
                keeping.result()
            if wanted.is_set():
                wanted.clear()
                glances.want()
            source = visits.source
            if source is None:
                await glances.leave()
            else:
                await source.refresh()
            yield appraisal.observe(source, visits.opened, visits.failure, visits.last_packet)
            failure = appraisal.hopeless()
            if failure is not None and visits.source is source:
                visits.give_up(failure)
            await bell.wait(TENSE_S if glances.tense else TICK_S)
    finally:
        keeping.cancel()
        await asyncio.wait({keeping})
        await glances.leave()


async def _visit(
    camera: Camera,
    decoder: Decoder,
    clock: Clock,
    rng: random.Random,
    doors: HostLimits,
    page: CameraMemory,
    clock_trusted: Callable[[], bool],
    wanted: asyncio.Event,
) -> AsyncGenerator[Observation, None]:
    looker = Looker(camera, decoder, clock, doors=doors, page=page, clock_trusted=clock_trusted)
    backoff = Backoff(rng, page, clock)
    if (held := backoff.held()) is not None:
        yield looker.failed(held[0])
        await asyncio.sleep(held[1])
    while True:
        begun = clock.monotonic()
        observation = await looker.look(VISIT_S)
        pause = 0.0
        if looker.failure is None:
            backoff.succeeded()
        else:
            pause = backoff.after(looker.failure)
        yield observation
        await asyncio.sleep(pause)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(camera.picture_interval_s - (clock.monotonic() - begun)):
                await wanted.wait()
        wanted.clear()

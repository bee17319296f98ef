"""Cameras over HTTP that are watched for longer: stalls and recoveries."""

import asyncio
import contextlib
import itertools
import random
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from pantau_agent.assessment.observation import Observation
from pantau_agent.clock import SystemClock
from pantau_agent.config import Camera as Configured
from pantau_agent.picture.decoder import Decoder
from pantau_agent.watching.watch import watch
from pantau_contract.states import Cause, State
from tests.agent.concurrent_tests import ConcurrentTests
from tests.agent.http.camera import MULTIPART, Asked, Camera, Visitor, part, pictures, saying, serving, stills

pytestmark = pytest.mark.asyncio(loop_scope="module")
concurrently = ConcurrentTests()


@pytest_asyncio.fixture(loop_scope="module", scope="module", autouse=True)
async def all_at_once(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    async with concurrently.running(request):
        yield


async def watched_until(
    camera: Camera, works: asyncio.Event, *expected: tuple[State, Cause | None]
) -> list[Observation]:
    """Return the changes until all expected ones have come in order; set `works` at the first."""
    remaining, changes = list(expected), []
    async with asyncio.timeout(100), Decoder(SystemClock()) as decoder:
        configured = Configured(id="one", url=camera.url, timeout_s=10)
        observations = watch(configured, decoder, SystemClock(), rng=random.Random(1))
        async with contextlib.aclosing(observations):
            async for observation in observations:
                if observation.changed:
                    changes.append(observation)
                if (observation.sample.state, observation.sample.cause) == remaining[0]:
                    works.set()
                    remaining.pop(0)
                    if not remaining:
                        return changes
    raise AssertionError


STALL = (State.OK, None), (State.DOWN, Cause.STALLED), (State.OK, None)


@concurrently
async def test_a_stream_that_stalls_is_down_and_back_over_a_new_connection() -> None:
    async def stalling(visitor: Visitor, _asked: Asked) -> None:
        await visitor.send(MULTIPART)
        for jpeg in itertools.cycle(pictures()):
            if visitor.camera.connections == 1 and works.is_set():
                await asyncio.Event().wait()
            await visitor.send(part(jpeg))
            await asyncio.sleep(0.1)

    works = asyncio.Event()
    async with serving(Camera(stalling)) as camera:
        changes = await watched_until(camera, works, *STALL)
    sample = next(change.sample for change in changes if change.sample.cause is Cause.STALLED)
    assert float(sample.detail.removeprefix("no packet for ").partition(" ")[0]) >= 3
    assert camera.connections == 2


@concurrently
async def test_a_still_that_is_not_answered_is_a_stall() -> None:
    async def hanging_once(visitor: Visitor, asked: Asked) -> None:
        if works.is_set() and not hung:
            hung.append(visitor)
            await asyncio.Event().wait()
        await stills()(visitor, asked)

    works = asyncio.Event()
    hung: list[Visitor] = []
    async with serving(Camera(hanging_once)) as camera:
        await watched_until(camera, works, *STALL)
    assert camera.connections == 2


@concurrently
async def test_a_camera_that_takes_long_over_a_still_is_no_stall() -> None:
    async def slow(visitor: Visitor, asked: Asked) -> None:
        requests.append(visitor)
        await asyncio.sleep(3.5)
        await stills()(visitor, asked)

    requests: list[Visitor] = []
    async with serving(Camera(slow)) as camera, Decoder(SystemClock()) as decoder:
        configured = Configured(id="one", url=camera.url)
        observations = watch(configured, decoder, SystemClock(), rng=random.Random(1))
        async with asyncio.timeout(60), contextlib.aclosing(observations):
            async for observation in observations:
                assert observation.sample.state is not State.DOWN, observation.sample.detail
                if len(requests) == 3:
                    break
    assert camera.most_open == 1


@concurrently
async def test_a_still_that_is_refused_later_is_told() -> None:
    async def gone(visitor: Visitor, asked: Asked) -> None:
        await (saying("404 Not Found") if works.is_set() else stills())(visitor, asked)

    works = asyncio.Event()
    async with serving(Camera(gone)) as camera:
        await watched_until(camera, works, (State.OK, None), (State.DOWN, Cause.NOT_FOUND))

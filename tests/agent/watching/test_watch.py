"""Watching: what is observed when, and what the camera sees of us."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio

from pantau_agent.assessment.observation import Observation
from pantau_agent.clock import SystemClock
from pantau_agent.config import Camera as Configured
from pantau_agent.picture.decoder import Decoder
from pantau_agent.watching import watch as watch_module
from pantau_agent.watching.watch import watch
from pantau_contract.states import Cause, State
from pantau_simcam import Fault, Simcam
from tests.agent.concurrent_tests import ConcurrentTests
from tests.agent.eventually import eventually
from tests.agent.rtsp.scripted import Asked, Camera, Visitor, footage, saying, serving, usual
from tests.agent.slow_machine import is_healthy, state_changes
from tests.simcam.small import spec

pytestmark = pytest.mark.asyncio(loop_scope="module")
concurrently = ConcurrentTests("decoder")


@pytest_asyncio.fixture(loop_scope="module", scope="module", autouse=True)
async def all_at_once(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(watch_module, "PROBE_S", 1.0)
        async with Decoder(SystemClock()) as decoder, concurrently.running(request, decoder=decoder):
            yield


class Watched:
    """One camera under watch, and all observations of it."""

    def __init__(self) -> None:
        self.observations: list[Observation] = []

    @property
    def changes(self) -> list[tuple[State, Cause | None]]:
        return state_changes(self.observations)

    @property
    def pictures(self) -> list[bytes]:
        return [one.snapshot for one in self.observations if one.snapshot is not None]

    @property
    def is_well(self) -> bool:
        """True if the camera is ok now, or slow as everything is on a busy machine."""
        return bool(self.observations) and is_healthy(self.observations[-1].sample)

    def has(self, cause: Cause) -> bool:
        return bool(self.observations) and self.observations[-1].sample.cause is cause


@asynccontextmanager
async def watching(
    decoder: Decoder, url: str, picture_requested: asyncio.Event | None = None, **options: object
) -> AsyncIterator[Watched]:
    watched = Watched()
    given = {"id": f"camera{abs(hash(url)) % 10**9}", "url": url, "timeout_s": 60} | options
    camera = Configured(**given)  # type: ignore[arg-type] # a test gives what there is

    async def follow() -> None:
        async for observation in watch(
            camera, decoder, SystemClock(), rng=random.Random(1), picture_requested=picture_requested
        ):
            watched.observations.append(observation)

    task = asyncio.create_task(follow())
    try:
        yield watched
    finally:
        task.cancel()
        await asyncio.wait({task})
        with contextlib.suppress(asyncio.CancelledError):
            task.result()


@concurrently
async def test_a_camera_from_its_start_to_its_end_and_back(decoder: Decoder) -> None:
    camera = Camera(media=footage())
    async with contextlib.AsyncExitStack() as stack:
        async with serving(camera):
            watched = await stack.enter_async_context(watching(decoder, camera.url))
            assert await eventually(lambda: watched.is_well)
            assert watched.observations[0].sample.cause is Cause.STARTING
            assert await eventually(lambda: watched.pictures and watched.observations[-1].sample.fps)
        assert await eventually(lambda: watched.has(Cause.REFUSED))
        down = watched.observations[-1].sample
        assert down.since <= down.time
        assert down.fps is None
        async with serving(camera):
            assert await eventually(lambda: watched.is_well)
            await stack.aclose()
            assert await eventually(lambda: camera.methods()[-1] == "TEARDOWN")
    first, *down_changes, last = watched.changes
    assert first == last == (State.OK, None)
    # On a busy machine the stream stalls before the refusal is seen.
    assert set(down_changes) <= {(State.DOWN, Cause.STALLED), (State.DOWN, Cause.REFUSED)}
    assert all(one.sample.since <= one.sample.time for one in watched.observations)


@concurrently
async def test_a_connection_that_is_dropped_is_opened_again(decoder: Decoder) -> None:
    visitors: list[Visitor] = []

    async def media(visitor: Visitor) -> None:
        visitors.append(visitor)
        await footage()(visitor)

    async with serving(Camera(media=media)) as camera, watching(decoder, camera.url) as watched:
        assert await eventually(lambda: watched.is_well)
        visitors[0].writer.transport.abort()
        assert await eventually(lambda: len(visitors) == 2)
        seen = len(watched.observations)
        assert await eventually(lambda: len(watched.observations) > seen and watched.is_well)


@concurrently
async def test_a_stall_is_reported_and_its_session_closed_before_another_is_opened(decoder: Decoder) -> None:
    highest = 0

    async def media(visitor: Visitor) -> None:
        nonlocal highest
        highest = max(highest, visitor.camera.open_now)
        await footage(frames=60)(visitor)

    async def slow_farewell(visitor: Visitor, asked: Asked) -> bytes:
        await asyncio.sleep(0.7)
        return usual(visitor, asked)

    camera = Camera({"TEARDOWN": slow_farewell}, media=media)
    async with serving(camera), watching(decoder, camera.url) as watched:
        assert await eventually(lambda: watched.is_well)
        assert await eventually(lambda: watched.has(Cause.STALLED))
        assert await eventually(lambda: camera.count("TEARDOWN"))
        assert await eventually(lambda: watched.is_well)
        assert highest == 1


@concurrently
async def test_a_wrong_password_is_tried_once(decoder: Decoder) -> None:
    refused = saying("401 Unauthorized", 'WWW-Authenticate: Digest realm="gate", nonce="n"')
    camera = Camera({"DESCRIBE": refused})
    async with serving(camera), watching(decoder, camera.url, user="u", password="wrong") as watched:
        assert await eventually(lambda: watched.has(Cause.AUTH_FAILED))
        seen = len(watched.observations)
        assert await eventually(lambda: len(watched.observations) > seen + 3)
    assert sum("Authorization" in asked.headers for asked in camera.asked) == 1
    assert camera.connections == 1


@concurrently
async def test_a_camera_that_hangs_up_again_and_again_never_sees_two_of_us(decoder: Decoder) -> None:
    highest = 0

    async def hang_up(visitor: Visitor) -> None:
        nonlocal highest
        highest = max(highest, visitor.camera.open_now)
        await footage(frames=5)(visitor)
        visitor.writer.close()

    async with serving(Camera(media=hang_up)) as camera, watching(decoder, camera.url) as watched:
        assert await eventually(lambda: camera.connections >= 3)
        assert await eventually(lambda: watched.has(Cause.STALLED))
    assert highest == 1


@concurrently
async def test_cancelled_while_connecting_nothing_is_left_open(decoder: Decoder) -> None:
    async def late(visitor: Visitor, asked: Asked) -> bytes:
        await asyncio.sleep(0.2)
        return usual(visitor, asked)

    async with serving(Camera({"SETUP": late})) as camera:
        async with watching(decoder, camera.url):
            assert await eventually(lambda: camera.count("SETUP"))
        assert await eventually(lambda: camera.methods()[-1] == "TEARDOWN")
        assert await eventually(lambda: camera.open_now == 0)


@concurrently
async def test_in_sample_mode_each_visit_ends(decoder: Decoder) -> None:
    async with serving(Camera(media=footage())) as camera:
        async with watching(decoder, camera.url, mode="sample", picture_interval_s=1) as watched:
            assert await eventually(lambda: len(watched.observations) >= 2)
            assert watched.changes == [(State.OK, None)]
            assert await eventually(lambda: len(watched.pictures) >= 2)
        # The last session may have been cancelled before it was set up.
        assert await eventually(lambda: camera.open_now == 0 and camera.count("TEARDOWN") >= camera.count("PLAY"))


@concurrently
async def test_in_sample_mode_a_wrong_password_is_tried_once(decoder: Decoder) -> None:
    refused = saying("401 Unauthorized", 'WWW-Authenticate: Digest realm="gate", nonce="n"')
    camera = Camera({"DESCRIBE": refused})
    async with (
        serving(camera),
        watching(decoder, camera.url, mode="sample", user="u", password="w", picture_interval_s=0.1),
    ):
        assert await eventually(lambda: camera.connections)
        await asyncio.sleep(1)
    assert camera.connections == 1


@concurrently
async def test_a_frozen_picture_is_noticed_and_so_is_its_end(decoder: Decoder) -> None:
    small = spec("gate", width=320, height=192, gop_s=1)
    async with Simcam([small]) as simcam:
        await simcam.filmed()  # it answers DESCRIBE only then, on a busy machine later than a camera may
        async with watching(decoder, simcam.url("gate"), picture_interval_s=300) as watched:
            assert await eventually(lambda: watched.is_well and len(watched.observations) > 8)
            simcam.set_fault("gate", Fault.FREEZE)
            assert await eventually(lambda: watched.has(Cause.FROZEN))
            simcam.clear("gate")
            assert await eventually(lambda: watched.is_well)
            assert simcam.counts("gate").highest == 1


@pytest.mark.parametrize("mode", ["watch", "sample"])
@concurrently
async def test_a_picture_that_is_requested_comes_before_its_interval(decoder: Decoder, mode: str) -> None:
    requested = asyncio.Event()
    async with Simcam([spec("gate")]) as simcam:
        await simcam.filmed()  # otherwise the first probe fails on a busy machine, and the next is due in an hour
        url = simcam.url("gate")
        async with watching(decoder, url, requested, mode=mode, picture_interval_s=3600) as watched:
            assert await eventually(lambda: len(watched.pictures) == 1)
            await asyncio.sleep(3)
            assert len(watched.pictures) == 1
            requested.set()
            assert await eventually(lambda: len(watched.pictures) == 2)
            assert not requested.is_set()

"""Watching for ever: what is said when, and what the camera sees of us."""

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
from pantau_simcam import CameraSpec, Fault, Simcam
from tests.agent.concurrent_tests import ConcurrentTests
from tests.agent.eventually import eventually
from tests.agent.rtsp.scripted import Asked, Camera, Visitor, footage, saying, serving, usual
from tests.agent.slow_machine import state_changes

pytestmark = pytest.mark.asyncio(loop_scope="module")
concurrently = ConcurrentTests("decoder")


@pytest_asyncio.fixture(loop_scope="module", scope="module", autouse=True)
async def all_at_once(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(watch_module, "PROBE_S", 1.0)
        async with Decoder(SystemClock()) as decoder, concurrently.running(request, decoder=decoder):
            yield


class Watched:
    """One camera under watch; all that was said of it."""

    def __init__(self) -> None:
        self.said: list[Observation] = []

    @property
    def changes(self) -> list[tuple[State, Cause | None]]:
        return state_changes(self.said)

    @property
    def pictures(self) -> list[bytes]:
        return [one.snapshot for one in self.said if one.snapshot is not None]

    def says(self, state: State, cause: Cause | None = None) -> bool:
        return bool(self.said) and (self.said[-1].sample.state, self.said[-1].sample.cause) == (state, cause)


@asynccontextmanager
async def watching(
    decoder: Decoder, url: str, picture_requested: asyncio.Event | None = None, **options: object
) -> AsyncIterator[Watched]:
    watched = Watched()
    camera = Configured(id=f"camera{abs(hash(url)) % 10**9}", url=url, **options)  # type: ignore[arg-type] # a test gives what there is

    async def follow() -> None:
        async for observation in watch(
            camera, decoder, SystemClock(), rng=random.Random(1), picture_requested=picture_requested
        ):
            watched.said.append(observation)

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
            assert await eventually(lambda: watched.says(State.OK))
            assert watched.said[0].sample.cause is Cause.STARTING
            assert any(one.snapshot for one in watched.said)
            assert await eventually(lambda: watched.said[-1].sample.fps)
        assert await eventually(lambda: watched.says(State.DOWN, Cause.REFUSED))
        down = watched.said[-1].sample
        assert down.since <= down.time
        assert down.fps is None
        async with serving(camera):
            assert await eventually(lambda: watched.says(State.OK))
            await stack.aclose()
            assert await eventually(lambda: camera.methods()[-1] == "TEARDOWN")
    assert watched.changes == [(State.OK, None), (State.DOWN, Cause.REFUSED), (State.OK, None)]
    assert all(one.sample.since <= one.sample.time for one in watched.said)


@concurrently
async def test_a_connection_that_is_dropped_and_comes_back_is_no_outage(decoder: Decoder) -> None:
    visitors: list[Visitor] = []

    async def media(visitor: Visitor) -> None:
        visitors.append(visitor)
        await footage()(visitor)

    async with serving(Camera(media=media)) as camera, watching(decoder, camera.url) as watched:
        assert await eventually(lambda: watched.says(State.OK))
        visitors[0].writer.transport.abort()
        assert await eventually(lambda: len(visitors) == 2)
        before = len(watched.said)
        assert await eventually(lambda: len(watched.said) > before + 5)
        assert watched.changes == [(State.OK, None)]


@concurrently
async def test_a_drop_that_is_seen_late_is_no_stall(decoder: Decoder) -> None:
    visitors: list[Visitor] = []

    async def media(visitor: Visitor) -> None:
        visitors.append(visitor)
        await footage()(visitor)

    async def late_the_second_time(visitor: Visitor, asked: Asked) -> bytes:
        await asyncio.sleep(1 if visitors else 0)
        return usual(visitor, asked)

    camera = Camera({"OPTIONS": late_the_second_time}, media=media)
    async with serving(camera):
        configured = Configured(id="late", url=camera.url)
        async with contextlib.aclosing(watch(configured, decoder, SystemClock(), rng=random.Random(1))) as said:
            while (await anext(said)).sample.state is not State.OK:
                pass
            await asyncio.sleep(4)  # the agent is busy with others; packets come all the while
            visitors[0].writer.transport.abort()
            assert await eventually(lambda: camera.connections == 2)
            assert not (await anext(said)).changed


@concurrently
async def test_a_stall_is_said_within_five_seconds_and_the_session_is_given_up(decoder: Decoder) -> None:
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
        assert await eventually(lambda: watched.says(State.OK))
        assert await eventually(lambda: watched.says(State.DOWN, Cause.STALLED))
        stalled = watched.said[-1].sample
        assert 0 < (stalled.time - stalled.since) / 1000 < 9  # five, on a machine that is not busy; `ok` is older
        assert await eventually(lambda: camera.count("TEARDOWN"))
        assert await eventually(lambda: watched.says(State.OK))
        assert highest == 1


@concurrently
async def test_a_wrong_password_is_tried_once(decoder: Decoder) -> None:
    refused = saying("401 Unauthorized", 'WWW-Authenticate: Basic realm="gate"')
    camera = Camera({"DESCRIBE": refused})
    async with serving(camera), watching(decoder, camera.url, user="u", password="wrong") as watched:
        assert await eventually(lambda: watched.says(State.DOWN, Cause.AUTH_FAILED))
        seen = len(watched.said)
        assert await eventually(lambda: len(watched.said) > seen + 3)
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
        assert await eventually(lambda: watched.says(State.DOWN, Cause.STALLED))
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
            assert await eventually(lambda: len(watched.said) >= 2)
            assert watched.changes == [(State.OK, None)]
            assert all(one.snapshot for one in watched.said)
        assert await eventually(lambda: camera.count("TEARDOWN") == camera.connections)


@concurrently
async def test_in_sample_mode_a_wrong_password_is_tried_once(decoder: Decoder) -> None:
    refused = saying("401 Unauthorized", 'WWW-Authenticate: Basic realm="gate"')
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
    specs = [CameraSpec("gate", width=320, height=192, gop_s=1)]
    async with Simcam(specs) as simcam, watching(decoder, simcam.url("gate"), picture_interval_s=300) as watched:
        assert await eventually(lambda: watched.says(State.OK))
        assert await eventually(lambda: len(watched.said) > 8)
        simcam.set_fault("gate", Fault.FREEZE)
        assert await eventually(lambda: watched.says(State.IMPAIRED, Cause.FROZEN))
        simcam.clear("gate")
        assert await eventually(lambda: watched.says(State.OK))
        assert simcam.counts("gate").highest == 1


@pytest.mark.parametrize("mode", ["watch", "sample"])
@concurrently
async def test_a_picture_that_is_asked_for_comes_before_its_interval(decoder: Decoder, mode: str) -> None:
    picture_requested = asyncio.Event()
    async with (
        Simcam(["gate"]) as cameras,
        watching(decoder, cameras.url("gate"), picture_requested, mode=mode, picture_interval_s=3600) as watched,
    ):
        assert await eventually(lambda: len(watched.pictures) == 1)
        await asyncio.sleep(3)
        assert len(watched.pictures) == 1
        picture_requested.set()
        assert await eventually(lambda: len(watched.pictures) == 2)
        assert not picture_requested.is_set()

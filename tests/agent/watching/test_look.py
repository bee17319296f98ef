"""A look that is requested of a camera that is being watched."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest
import pytest_asyncio

from pantau_agent.assessment.camera_memory import CameraMemory
from pantau_agent.assessment.observation import Looked, Observation
from pantau_agent.clock import SystemClock
from pantau_agent.config import Camera as Configured
from pantau_agent.picture.decoder import Decoder
from pantau_agent.watching.backoff import Backoff
from pantau_agent.watching.watch import watch
from pantau_contract.states import State
from pantau_simcam import CameraSpec, Simcam
from tests.servers.process import free_port

SPEC = CameraSpec("gate", width=128, height=96, bitrate_kbps=150)


@pytest_asyncio.fixture
async def decoder() -> AsyncIterator[Decoder]:
    async with Decoder(SystemClock()) as decoder:
        yield decoder


async def looked_at(
    camera: Configured, decoder: Decoder, known: frozenset[State], memory: CameraMemory | None = None
) -> Observation:
    """Request a look once the camera's state is known and its first picture came; return what ends the look."""
    request, is_known, pictures = asyncio.Event(), False, 0
    watching = watch(
        camera, decoder, SystemClock(), rng=random.Random(1), memory=memory, picture_requested=request
    )
    async with aclosing(watching), asyncio.timeout(240):
        async for one in watching:
            pictures += one.snapshot is not None
            if one.looked is not None:
                assert not request.is_set()
                return one
            if not is_known and one.sample.state in known and (pictures or one.sample.state is State.DOWN):
                is_known = True
                request.set()
    raise AssertionError


@pytest.mark.parametrize("mode", ["watch", "sample"])
async def test_a_streaming_camera_gives_a_fresh_picture_long_before_the_next_is_due(
    mode: str, decoder: Decoder
) -> None:
    async with Simcam([SPEC]) as simcam:
        settings = {"id": "gate", "url": simcam.url("gate"), "mode": mode, "picture_interval_s": 600}
        healthy = frozenset(State) - {State.UNKNOWN, State.DOWN}
        ended = await looked_at(Configured.model_validate(settings), decoder, healthy)
        sessions = simcam.counts("gate").total
    assert ended.looked is Looked.DONE
    assert ended.snapshot is not None
    assert sessions == (1 if mode == "watch" else 2)


@pytest.mark.parametrize("mode", ["watch", "sample"])
async def test_a_camera_that_is_down_is_tried_at_once_and_not_when_its_turn_comes(
    mode: str, decoder: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Backoff, "delay_after", lambda _self, _failure: 3600.0)
    url = f"rtsp://127.0.0.1:{free_port()}/gate"
    camera = Configured.model_validate({"id": "gate", "url": url, "mode": mode, "picture_interval_s": 600})
    ended = await looked_at(camera, decoder, frozenset({State.DOWN}))
    assert (ended.looked, ended.sample.state) == (Looked.DONE, State.DOWN)


@pytest.mark.parametrize("mode", ["watch", "sample"])
async def test_a_camera_that_refused_the_password_is_not_tried(mode: str, decoder: Decoder) -> None:
    guarded = CameraSpec("gate", width=128, height=96, user="operator", password="right")
    async with Simcam([guarded]) as simcam:
        settings = {"id": "gate", "url": simcam.url("gate"), "user": "operator", "password": "wrong"}
        camera = Configured.model_validate(settings | {"mode": mode, "picture_interval_s": 600})
        memory = CameraMemory()
        ended = await looked_at(camera, decoder, frozenset({State.DOWN}), memory)
        failed = simcam.counts("gate").failed_logins
        after_restart = await looked_at(camera, decoder, frozenset({State.DOWN}), memory)
        failed_after_restart = simcam.counts("gate").failed_logins
    assert (ended.looked, after_restart.looked) == (Looked.HELD, Looked.HELD)
    assert (failed, failed_after_restart) == (1, 1)

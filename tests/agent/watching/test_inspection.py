"""Inspections: which cameras are asked what they are, and an error at one camera does not affect the others."""

from collections.abc import Sequence

import pytest
from pydantic import SecretStr

from pantau_agent.assessment.observation import Observation
from pantau_agent.clock import SystemClock
from pantau_agent.config import Camera
from pantau_agent.identity.firmware import Identity
from pantau_agent.picture.decoder import Decoder
from pantau_agent.watching.inspection import Inspected, inspect
from pantau_agent.watching.one_shot import OneShotProbe
from pantau_contract.states import State
from tests.agent.http.camera import Asked, Visitor, response, serving, stills
from tests.agent.http.camera import Camera as WebCamera
from tests.agent.identity.maker_pages import PAGES
from tests.servers.process import free_port


async def inspected(cameras: Sequence[Camera], *, ask: bool = True) -> dict[str, Inspected]:
    clock = SystemClock()
    async with Decoder(clock) as decoder:
        return {one.camera.id: one async for one in inspect(cameras, decoder, clock, seconds=1, ask=ask)}


def hikvision() -> WebCamera:
    """A camera with stills and the maker's page."""
    pictures = stills()

    async def show(visitor: Visitor, asked: Asked) -> None:
        if asked.path in PAGES:
            await visitor.send(response("200 OK", body=PAGES[asked.path]))
        else:
            await pictures(visitor, asked)

    return WebCamera(show)


def pages_asked(camera: WebCamera) -> int:
    return sum(asked.path in PAGES for asked in camera.asked)


async def test_a_camera_that_streams_is_asked_and_one_that_is_down_is_not() -> None:
    async with serving(hikvision()) as camera:
        down = f"http://127.0.0.1:{free_port()}/cam"
        seen = await inspected(
            [
                Camera(id="gate", url=camera.url, vendor="hikvision"),
                Camera(id="down", url=down, vendor="hikvision", user="u", password=SecretStr("p")),
            ]
        )
    assert seen["gate"].identity == Identity("hikvision", "DS-2CD2142FWD-I", "V5.4.0 build 160530")
    down_now = seen["down"].observation
    assert down_now is not None
    assert (down_now.sample.state, seen["down"].identity, seen["down"].no_identity) == (State.DOWN, None, "")


async def test_nobody_is_asked_where_nobody_wants_to_know() -> None:
    async with serving(hikvision()) as camera:
        seen = await inspected([Camera(id="gate", url=camera.url, vendor="hikvision")], ask=False)
        assert pages_asked(camera) == 0
    assert (seen["gate"].identity, seen["gate"].no_identity) == (None, "")


async def test_the_channels_of_one_host_are_asked_once() -> None:
    async with serving(hikvision()) as camera:
        names = ("one", "two", "three")
        seen = await inspected([Camera(id=name, url=camera.url, vendor="hikvision") for name in names])
        assert pages_asked(camera) == 1
    assert len({one.identity for one in seen.values()}) == 1


async def test_a_mistake_of_ours_at_one_camera_leaves_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    run = OneShotProbe.run

    async def break_once(probe: OneShotProbe, seconds: float) -> Observation:
        if not broken:
            broken.append(probe)
            raise ZeroDivisionError
        return await run(probe, seconds)

    broken: list[OneShotProbe] = []
    monkeypatch.setattr(OneShotProbe, "run", break_once)
    async with serving(hikvision()) as camera:
        seen = await inspected([Camera(id=name, url=camera.url) for name in ("gate", "hall")], ask=False)
    assert sorted(one.failed for one in seen.values()) == ["", "ZeroDivisionError(). Please report this"]
    assert [one.observation is None for one in seen.values()].count(True) == 1

"""Play the answers of real cameras to the agent."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from pydantic import SecretStr

from pantau_agent.clock import SystemClock
from pantau_agent.config import Camera
from pantau_agent.picture.decoder import Decoder
from pantau_agent.rtsp import sdp
from pantau_agent.watching.one_shot import OneShotProbe
from pantau_contract.states import State
from tests.agent.concurrent_tests import ConcurrentTests
from tests.agent.slow_machine import is_healthy
from tests.cameras.corpus import PASSWORD, USER, RealCamera, all_cameras
from tests.cameras.players import playing

CORPUS = all_cameras()

pytestmark = pytest.mark.asyncio(loop_scope="module")
concurrently = ConcurrentTests("decoder")


@pytest_asyncio.fixture(loop_scope="module", scope="module", autouse=True)
async def all_at_once(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    async with Decoder(SystemClock()) as decoder, concurrently.running(request, decoder=decoder):
        yield


def _parameters() -> list[object]:
    """Return a parameter for each camera, named after its file; those with `wrong_today` must fail."""
    return [
        pytest.param(
            name,
            id=name,
            marks=[pytest.mark.xfail(reason=camera.wrong_today, strict=True)] if camera.wrong_today else [],
        )
        for name, camera in CORPUS.items()
    ]


@pytest.mark.parametrize("name", _parameters())
@concurrently
async def test_answers(name: str, decoder: Decoder) -> None:
    camera, expect = CORPUS[name], CORPUS[name].expect
    async with playing(camera) as played:
        configured = Camera(
            id=name,
            url=played.url,
            user=USER,
            password=SecretStr(PASSWORD),
            timeout_s=camera.timeout_s,
            allow_basic=expect.authentication == "basic",
        )
        sample = (await OneShotProbe(configured, decoder, SystemClock()).run(0.5)).sample
    assert is_healthy(sample) if expect.state is State.OK else sample.state is expect.state, sample
    assert expect.state is State.OK or sample.cause is expect.cause, sample
    assert expect.detail is None or expect.detail in sample.detail
    seen = {
        "codec": sample.codec,
        "transport": sample.transport,
        "authentication": played.authentication,
        "tracks": tracks_of(camera),
        "setup": played.first("SETUP"),
        "play": played.first("PLAY"),
    }
    wanted = {key: getattr(expect, key) for key in seen if getattr(expect, key) is not None}
    assert {key: seen[key] for key in wanted} == wanted


def tracks_of(camera: RealCamera) -> list[str]:
    """Return the media of the camera's last description; empty if none can be parsed."""
    body = camera.answers.get("DESCRIBE", [""])[-1].partition("\n\n")[2]
    try:
        return sdp.parse(body.encode(), camera.url).encodings()
    except sdp.SdpError:
        return []

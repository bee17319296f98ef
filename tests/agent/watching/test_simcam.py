"""Watching simulated cameras that lock accounts, use TLS or IPv6, restart, and send out of order."""

import random
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest
import pytest_asyncio
from pydantic import SecretStr

from pantau_agent.assessment.camera_memory import CameraMemories, CameraMemory
from pantau_agent.assessment.observation import Observation
from pantau_agent.clock import SystemClock
from pantau_agent.config import Camera as Configured
from pantau_agent.picture.decoder import Decoder
from pantau_agent.watching.one_shot import OneShotProbe
from pantau_agent.watching.watch import watch
from pantau_contract.states import Cause, State
from pantau_simcam import CameraSpec, Codec, Fault, Simcam
from tests.agent.certificate import make_certificate
from tests.agent.slow_machine import is_healthy, state_changes

SMALL = {"width": 128, "height": 96, "bitrate_kbps": 150}
GUARDED = {"user": "operator", "password": "right", "lockout_after": 3}


@pytest_asyncio.fixture
async def decoder() -> AsyncIterator[Decoder]:
    async with Decoder(SystemClock()) as decoder:
        yield decoder


def spec(**more: object) -> CameraSpec:
    return CameraSpec("gate", **(SMALL | more))  # type: ignore[arg-type] # a test gives what there is


def configured(url: str, **more: object) -> Configured:
    return Configured(id="gate", url=url, **more)  # type: ignore[arg-type] # as above


async def watched(
    camera: Configured,
    decoder: Decoder,
    count: int,
    *,
    memory: CameraMemory | None = None,
    pictures: bool = False,
) -> list[Observation]:
    """Return the first observation with a known state, and so many after it.

    With `pictures`, observations go on until a picture was decoded, which a busy machine does late.
    """
    observations: list[Observation] = []
    async with aclosing(watch(camera, decoder, SystemClock(), rng=random.Random(1), memory=memory)) as watching:
        async for one in watching:
            if one.sample.state is not State.UNKNOWN:
                observations.append(one)
            shown = one.sample.width is not None and any(each.snapshot for each in observations)
            if len(observations) > count and (shown or not pictures):
                return observations
    return observations


async def test_a_wrong_password_locks_no_camera_however_often_the_agent_starts(
    tmp_path: Path, decoder: Decoder
) -> None:
    async with Simcam([spec(**GUARDED)]) as simcam:
        wrong = configured(simcam.url("gate"), user="operator", password=SecretStr("wrong"))
        for _ in range(4):
            memories = CameraMemories([wrong], tmp_path / "cameras.json")
            observations = await watched(wrong, decoder, 3, memory=memories.of("gate"))
            assert observations[-1].sample.cause is Cause.AUTH_FAILED
            memories.save()
        assert simcam.counts("gate").failed_logins == 1
        right = configured(simcam.url("gate"), user="operator", password=SecretStr("right"))
        memory = CameraMemories([right], tmp_path / "cameras.json").of("gate")
        assert is_healthy((await watched(right, decoder, 1, memory=memory))[-1].sample)


async def test_a_camera_that_somebody_else_has_locked_is_told_apart_from_a_wrong_password(
    decoder: Decoder,
) -> None:
    async with Simcam([spec(**GUARDED)]) as simcam:
        right = configured(simcam.url("gate"), user="operator", password=SecretStr("right"))
        probe = OneShotProbe(right, decoder, SystemClock())
        assert is_healthy((await probe.run(1)).sample)
        wrong = configured(simcam.url("gate"), user="operator", password=SecretStr("guessed"))
        for _ in range(3):
            assert (await OneShotProbe(wrong, decoder, SystemClock()).run(1)).sample.cause is Cause.AUTH_FAILED
        assert (await probe.run(1)).sample.cause is Cause.LOCKED_OUT


async def test_over_tls(tmp_path: Path, decoder: Decoder) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*make_certificate(tmp_path))
    async with Simcam([spec()], tls=context) as simcam:
        assert simcam.url("gate").startswith("rtsps://")
        (*_, last) = await watched(configured(simcam.url("gate")), decoder, 3)
        assert (is_healthy(last.sample), last.sample.transport) == (True, "tls")
        assert simcam.counts("gate").open == 0
        assert simcam.counts("gate").teardowns == 1


@pytest.mark.parametrize("transport", ["tcp", "udp"])
async def test_over_ipv6(transport: str, decoder: Decoder) -> None:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("this machine has no IPv6")
    async with Simcam([spec(transports=frozenset({transport}))], host="::1") as simcam:
        (*_, last) = await watched(configured(simcam.url("gate")), decoder, 3)
        assert (is_healthy(last.sample), last.sample.transport) == (True, transport)
        assert last.sample.rtp_loss_pct == 0


async def test_a_session_of_five_seconds_lives_on_though_the_sign_of_life_it_asks_for_is_refused(
    decoder: Decoder,
) -> None:
    odd = spec(session_timeout_s=5, rejects=frozenset({"GET_PARAMETER"}))
    async with Simcam([odd]) as simcam:
        observations = await watched(configured(simcam.url("gate")), decoder, 8)
        counts = simcam.counts("gate")
    assert state_changes(observations) == [(State.OK, None)]
    assert (counts.total, counts.expired, counts.teardowns) == (1, 0, 1)


async def test_an_encoder_that_starts_anew_is_no_outage_and_no_loss(decoder: Decoder) -> None:
    async with Simcam([spec()]) as simcam:
        observations: list[Observation] = []
        camera = configured(simcam.url("gate"))
        async with aclosing(watch(camera, decoder, SystemClock(), rng=random.Random(1))) as watching:
            async for one in watching:
                observations.append(one)
                if one.sample.fps is not None and len(observations) % 3 == 0:
                    simcam.set_fault("gate", Fault.RESTART)
                if len(observations) > 14:
                    break
        assert state_changes(observations) == [(State.OK, None)]
        assert observations[-1].sample.rtp_loss_pct == 0


@pytest.mark.parametrize("codec", [Codec.H264, Codec.H265, Codec.MJPEG])
async def test_datagrams_in_another_order_are_no_loss_and_their_pictures_are_whole(
    codec: Codec, decoder: Decoder
) -> None:
    odd = spec(codec=codec, width=640, height=360, transports=frozenset({"udp"}))
    async with Simcam([odd]) as simcam:
        await simcam.filmed()
        simcam.set_fault("gate", Fault.REORDER, percent=100)
        observations = await watched(configured(simcam.url("gate")), decoder, 8, pictures=True)
    assert state_changes(observations) == [(State.OK, None)]
    last = observations[-1].sample
    assert (last.transport, last.codec, last.width, last.rtp_loss_pct) == ("udp", codec.value, 640, 0)
    assert any(one.snapshot for one in observations)


@pytest.mark.parametrize("transport", ["tcp", "udp"])
async def test_of_a_camera_with_a_microphone_only_the_video_is_taken_and_judged(
    transport: str, decoder: Decoder
) -> None:
    async with Simcam([spec(audio=True, transports=frozenset({transport}))]) as simcam:
        (*_, last) = await watched(configured(simcam.url("gate")), decoder, 5)
        counts = simcam.counts("gate")
    assert (is_healthy(last.sample), last.sample.codec, last.sample.rtp_loss_pct) == (True, "h264", 0)
    assert last.sample.fps is not None
    assert 0 < last.sample.fps < 40  # a busy machine sends fewer than 15; with the audio's packets it would be 65
    assert (counts.total, counts.audio, counts.teardowns) == (1, 0, 1)

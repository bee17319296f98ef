"""What else a real camera can do, seen by a one-shot probe or by watching it for a while."""

import asyncio
import contextlib
import itertools
import os
import random
import re
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from pydantic import SecretStr

from pantau_agent.assessment.baseline import Baseline
from pantau_agent.assessment.camera_memory import CameraMemory
from pantau_agent.assessment.observation import Observation
from pantau_agent.clock import SystemClock
from pantau_agent.config import Camera as Configured
from pantau_agent.picture.decoder import Decoder
from pantau_agent.watching.one_shot import OneShotProbe
from pantau_agent.watching.watch import watch
from pantau_contract.messages import Sample
from pantau_contract.states import Cause, State
from tests.agent.concurrent_tests import ConcurrentTests
from tests.agent.eventually import eventually
from tests.agent.rtsp.footage import access_units
from tests.agent.rtsp.scripted import (
    SDP,
    Asked,
    Camera,
    Handler,
    Visitor,
    footage,
    interleaved,
    packets_of,
    response,
    serving,
    usual,
)
from tests.agent.slow_machine import is_healthy, state_changes

TCP_REPAIR = 19
"""Socket option of Linux (<linux/tcp.h>): a socket in repair mode is closed without sending anything."""

pytestmark = pytest.mark.asyncio(loop_scope="module")
concurrently = ConcurrentTests("decoder")


@pytest_asyncio.fixture(loop_scope="module", scope="module", autouse=True)
async def all_at_once(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    async with Decoder(SystemClock()) as decoder, concurrently.running(request, decoder=decoder):
        yield


def configured(url: str, **more: object) -> Configured:
    given = {"id": f"camera{abs(hash(url)) % 10**9}", "url": url, "timeout_s": 10} | more
    return Configured(**given)  # type: ignore[arg-type] # a test gives what there is


async def probed(url: str, decoder: Decoder, *, seconds: float = 2, **more: object) -> Sample:
    return (await OneShotProbe(configured(url, **more), decoder, SystemClock()).run(seconds)).sample


@asynccontextmanager
async def watching(
    url: str, decoder: Decoder, *, memory: CameraMemory | None = None, **more: object
) -> AsyncIterator[list[Observation]]:
    """Watch a camera, and give the growing list of observations."""
    observations: list[Observation] = []

    async def follow() -> None:
        async for one in watch(
            configured(url, **more), decoder, SystemClock(), rng=random.Random(1), memory=memory
        ):
            observations.append(one)  # noqa: PERF401 # a list must be seen growing

    task = asyncio.create_task(follow())
    try:
        yield observations
    finally:
        task.cancel()
        await asyncio.wait({task})


# Connecting to the camera.


@concurrently
async def test_a_name_that_nobody_has(decoder: Decoder) -> None:
    sample = await probed("rtsp://no-such-camera.invalid/cam", decoder)
    assert (sample.state, sample.cause) == (State.DOWN, Cause.UNREACHABLE)
    assert "cannot be resolved" in sample.detail


@concurrently
async def test_no_way_to_the_address(decoder: Decoder) -> None:
    sample = await probed("rtsp://255.255.255.255/cam", decoder)  # Linux has no route for TCP to all
    assert (sample.state, sample.cause) == (State.DOWN, Cause.UNREACHABLE)
    assert "unreachable" in sample.detail


@concurrently
async def test_an_address_that_does_not_answer(decoder: Decoder) -> None:
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):  # the kernel answers nobody once its queue is full
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        await asyncio.sleep(0.1)
        sample = await probed(f"rtsp://127.0.0.1:{listener.getsockname()[1]}/cam", decoder, timeout_s=1)
    assert (sample.state, sample.cause) == (State.DOWN, Cause.UNREACHABLE)
    assert "no answer within 1 s" in sample.detail


@pytest.mark.parametrize(
    ("answer", "cause"),
    [(b"RTSP/1.0 400 Bad Request\r\n\r\n", Cause.WRONG_PROTOCOL), (b"", Cause.TIMEOUT)],
    ids=["an answer in clear", "silence"],
)
@concurrently
async def test_tls_where_none_is_spoken(answer: bytes, cause: Cause, decoder: Decoder) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(answer)
        with contextlib.suppress(ConnectionError):
            await reader.read()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        sample = await probed(f"rtsps://127.0.0.1:{port}/cam", decoder, timeout_s=2)
    assert (sample.state, sample.cause) == (State.DOWN, cause)
    assert "TLS" in sample.detail


@pytest.mark.parametrize("path", ["/a b/c#1", "/100%/@home", "/user=admin:channel=1?x=a b&y=#"])
@concurrently
async def test_an_address_with_signs_that_must_be_quoted(path: str, decoder: Decoder) -> None:
    async with serving(Camera(media=footage())) as camera:
        url = f"rtsp://ope rator:p@ss#w%rd:1@127.0.0.1:{camera.port}{path}"
        assert is_healthy(await probed(url, decoder))
    asked = {one.uri for one in camera.asked if one.method == "DESCRIBE"}
    assert len(asked) == 1
    assert re.fullmatch(r"rtsp://127\.0\.0\.1:\d+/[!-~]+", asked.pop())
    assert not any("p@ss" in one.uri for one in camera.asked)


# Logging in.


@concurrently
async def test_a_password_that_was_taken_before_is_refused_by_a_camera_that_is_full(decoder: Decoder) -> None:
    challenge = 'WWW-Authenticate: Digest realm="Login to 3G0", nonce="n"'
    full = False

    def describe(visitor: Visitor, asked: Asked) -> bytes:
        if full or "Authorization" not in asked.headers:
            return response("401 Unauthorized", challenge)
        return usual(visitor, asked)

    async with serving(Camera({"DESCRIBE": describe}, media=footage())) as camera:
        who = configured(camera.url, user="u", password=SecretStr("p"))
        probe = OneShotProbe(who, decoder, SystemClock())
        assert is_healthy((await probe.run(1.5)).sample)
        full = True
        assert (await probe.run(1)).sample.cause is Cause.SESSIONS_FULL


# How its answers and packets arrive.


@concurrently
async def test_every_octet_alone(decoder: Decoder) -> None:
    async def drip(visitor: Visitor, answer: bytes, cseq: str) -> None:
        for octet in answer.replace(b"CSEQ", cseq.encode()):
            visitor.writer.write(bytes([octet]))
            await visitor.writer.drain()
            await asyncio.sleep(0)

    def slowly(visitor: Visitor, asked: Asked) -> Awaitable[None]:
        return drip(visitor, usual(visitor, asked), asked.headers["CSeq"])

    async def media(visitor: Visitor) -> None:
        sequence = 0
        for number, unit in enumerate(itertools.cycle(access_units())):
            for packet in packets_of(unit, sequence, number * 3600):
                data, sequence = interleaved(packet), sequence + 1
                for at in range(0, len(data), 7):
                    visitor.writer.write(data[at : at + 7])
                    await visitor.writer.drain()
            await asyncio.sleep(0.04)

    handlers: dict[str, Handler] = dict.fromkeys(("OPTIONS", "DESCRIBE", "SETUP"), slowly)
    async with serving(Camera(handlers, media=media)) as camera:
        sample = await probed(camera.url, decoder)
    assert (is_healthy(sample), sample.rtp_loss_pct) == (True, 0), sample


@pytest.mark.parametrize(
    "before",
    [
        b"m=audio 0 RTP/AVP 0\r\na=control:sound\r\n",
        b"m=video 0 RTP/AVP 97\r\na=rtpmap:97 VP8/90000\r\na=control:other\r\n",
        b"m=application 0 RTP/AVP 107\r\na=control:events\r\n" * 3,
    ],
    ids=["audio", "another video", "events"],
)
@concurrently
async def test_tracks_before_the_video(before: bytes, decoder: Decoder) -> None:
    head, video = SDP.split(b"m=", 1)
    more = b"m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:second\r\n"
    async with serving(Camera(sdp=head + before + b"m=" + video + more, media=footage())) as camera:
        assert is_healthy(await probed(camera.url, decoder))
    assert [one.uri for one in camera.asked if one.method == "SETUP"] == [f"{camera.url}/track1"]


@pytest.mark.parametrize("anew", ["all", "SSRC", "timestamps", "sequence numbers"])
@concurrently
async def test_an_encoder_that_starts_anew_in_mid_stream_is_no_loss(anew: str, decoder: Decoder) -> None:
    async def restart(visitor: Visitor) -> None:
        sequence = began = 0
        for source in range(20):
            ssrc = source if anew in {"all", "SSRC"} else 7
            sequence += 20_000 if anew in {"all", "sequence numbers"} else 0
            began = random.randrange(1 << 32) if anew in {"all", "timestamps"} else began + 25 * 3600
            for number, unit in enumerate(access_units()[:25]):
                for packet in packets_of(unit, sequence, began + number * 3600):
                    head = struct.pack("!I", ssrc)
                    visitor.writer.write(interleaved(packet[:8] + head + packet[12:]))
                    sequence += 1
                await visitor.writer.drain()
                await asyncio.sleep(0.04)

    async with serving(Camera(media=restart)) as camera, watching(camera.url, decoder) as observations:
        assert await eventually(lambda: len(observations) > 10)
        assert state_changes(observations) == [(State.OK, None)]
        assert observations[-1].sample.rtp_loss_pct == 0
        assert (
            observations[-1].sample.jitter_ms or 0
        ) < 2000  # a jump of the timestamps counts for many seconds, a busy machine for few


def over_udp(send: Callable[[socket.socket, tuple[str, int]], Awaitable[None]]) -> Camera:
    """A camera that refuses TCP."""
    ports: list[int] = []

    def set_up(_visitor: Visitor, asked: Asked) -> bytes:
        match = re.search(r"client_port=(\d+)-(\d+)", asked.headers["Transport"])
        if match is None:
            return response("461 Unsupported Transport")
        ports[:] = [int(match[1])]
        return response("200 OK", "Session: 5", f"Transport: RTP/AVP;unicast;{match[0]};server_port=9000-9001")

    async def media(_visitor: Visitor) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
            await send(own, ("127.0.0.1", ports[0]))

    return Camera({"SETUP": set_up}, media=media)


@concurrently
async def test_datagrams_in_another_order_are_no_loss(decoder: Decoder) -> None:
    async def swapped(own: socket.socket, to: tuple[str, int]) -> None:
        sequence, held = 0, b""
        for number in range(1000):
            for packet in packets_of(access_units()[number % 100], sequence, number * 3600):
                sequence += 1
                if sequence % 10 == 3:
                    held = packet
                    continue
                own.sendto(packet, to)
                if held:
                    own.sendto(held, to)
                    held = b""
            await asyncio.sleep(0.04)

    async with serving(over_udp(swapped)) as camera:
        sample = await probed(camera.url, decoder, seconds=3)
    assert (is_healthy(sample), sample.transport) == (True, "udp"), sample
    assert sample.rtp_loss_pct is not None
    assert sample.rtp_loss_pct < 1


@concurrently
async def test_datagrams_that_are_lost(decoder: Decoder) -> None:
    async def lossy(own: socket.socket, to: tuple[str, int]) -> None:
        sequence = 0
        for number in range(1000):
            for packet in packets_of(access_units()[number % 100], sequence, number * 3600):
                if sequence % 9 != 7:
                    own.sendto(packet, to)
                sequence += 1
            await asyncio.sleep(0.04)

    async with serving(over_udp(lossy)) as camera:
        sample = await probed(camera.url, decoder, seconds=3)
    assert (sample.cause, sample.transport) == (Cause.PACKET_LOSS, "udp")


# What it stops to do.


@concurrently
async def test_a_camera_that_is_gone_without_a_word(decoder: Decoder) -> None:
    gone = asyncio.Event()

    async def until_gone(visitor: Visitor, asked: Asked) -> bytes | None:
        return None if gone.is_set() else usual(visitor, asked)

    async def media(visitor: Visitor) -> None:
        playing = asyncio.ensure_future(footage()(visitor))
        await gone.wait()
        playing.cancel()

    names = ("OPTIONS", "DESCRIBE", "SETUP", "PLAY", "GET_PARAMETER", "TEARDOWN")
    handlers: dict[str, Handler] = dict.fromkeys(names, until_gone)
    async with serving(Camera(handlers, media=media)) as camera:
        async with watching(camera.url, decoder, timeout_s=4) as observations:
            assert await eventually(lambda: state_changes(observations) == [(State.OK, None)])
            gone.set()
            assert await eventually(lambda: len(state_changes(observations)) == 3)
        assert state_changes(observations)[1:] == [(State.DOWN, Cause.STALLED), (State.DOWN, Cause.TIMEOUT)]


@concurrently
async def test_a_connection_that_only_we_believe_in(decoder: Decoder) -> None:
    visitors: list[Visitor] = []

    async def media(visitor: Visitor) -> None:
        visitors.append(visitor)
        await footage()(visitor)

    async with serving(Camera(media=media)) as camera, watching(camera.url, decoder) as observations:
        assert await eventually(lambda: state_changes(observations) == [(State.OK, None)])
        forget(visitors[0])
        assert await eventually(lambda: len(state_changes(observations)) == 3)
        stalled = next(one.sample for one in observations if one.sample.cause is Cause.STALLED)
        assert state_changes(observations) == [(State.OK, None), (State.DOWN, Cause.STALLED), (State.OK, None)]
        assert "no packet for" in stalled.detail
        assert camera.connections == 2


def forget(visitor: Visitor) -> None:
    """Drop the camera's end of the connection without a packet, as if it lost power: half-open TCP."""
    assert visitor.streaming is not None
    visitor.streaming.cancel()
    own = socket.socket(fileno=os.dup(visitor.writer.get_extra_info("socket").fileno()))
    try:
        own.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
    except PermissionError:
        pytest.skip("only root can forget a TCP connection")
    own.close()
    visitor.writer.transport.abort()


@concurrently
async def test_keyframes_that_fail_to_come_within_the_interval_that_was_learnt(decoder: Decoder) -> None:
    memory = CameraMemory(baseline=Baseline(assessments=86_400, fps=25, bitrate_kbps=100, keyframe_interval_s=1))
    async with (
        serving(Camera(media=played(*access_units(), *deltas() * 100))) as camera,
        watching(camera.url, decoder, memory=memory) as observations,
    ):
        assert await eventually(lambda: len(state_changes(observations)) == 2)
        assert state_changes(observations) == [(State.OK, None), (State.DEGRADED, Cause.LONG_GOP)]
        # How often is usual it goes on to learn while it is watched, and on a slow machine keyframes come late.
        assert "usually" in observations[-1].sample.detail


@concurrently
async def test_a_first_keyframe_is_waited_for_as_long_as_was_learnt(decoder: Decoder) -> None:
    memory = CameraMemory(baseline=Baseline(assessments=120, fps=25, bitrate_kbps=100, keyframe_interval_s=30))
    async with serving(Camera(media=played(*deltas() * 100))) as camera:
        async with watching(camera.url, decoder, timeout_s=3, memory=memory) as patient:
            async with watching(camera.url, decoder, timeout_s=3) as ignorant:
                assert await eventually(lambda: state_changes(ignorant) == [(State.DOWN, Cause.NO_MEDIA)])
                assert "no keyframe" in ignorant[-1].sample.detail
            before = len(patient)
            assert await eventually(lambda: len(patient) > before + 2)
        assert state_changes(patient) == []


@concurrently
async def test_one_look_waits_for_a_first_keyframe_as_long_as_was_learnt(decoder: Decoder) -> None:
    memory = CameraMemory(baseline=Baseline(assessments=120, fps=25, bitrate_kbps=100, keyframe_interval_s=30))
    async with serving(Camera(media=played(*deltas() * 4, *access_units() * 4))) as camera:
        probe = OneShotProbe(configured(camera.url, timeout_s=3), decoder, SystemClock(), memory=memory)
        sample = (await probe.run(1)).sample
    assert sample.first_keyframe_ms is not None
    assert sample.first_packet_ms is not None
    assert sample.first_keyframe_ms > sample.first_packet_ms + 3500


def deltas() -> list[list[bytes]]:
    """Return the access units of a second without a keyframe."""
    return access_units()[1:25]


def played(*units: list[bytes]) -> Callable[[Visitor], Awaitable[None]]:
    """Return media that sends these access units, 25 a second."""

    async def media(visitor: Visitor) -> None:
        sequence = 0
        for number, unit in enumerate(units):
            for packet in packets_of(unit, sequence, number * 3600):
                visitor.writer.write(interleaved(packet))
                sequence += 1
            await visitor.writer.drain()
            await asyncio.sleep(0.04)

    return media


@concurrently
async def test_keyframes_that_fail_to_come(decoder: Decoder) -> None:
    async with (
        serving(Camera(media=played(*access_units(), *deltas() * 100))) as camera,
        watching(camera.url, decoder, expected_keyframe_interval_s=1) as observations,
    ):
        assert await eventually(lambda: len(state_changes(observations)) == 2)
        assert state_changes(observations) == [(State.OK, None), (State.DEGRADED, Cause.LONG_GOP)]


@concurrently
async def test_a_session_that_lasts_five_seconds_is_kept_alive(decoder: Decoder) -> None:
    camera = Camera(timeout_s=5, media=footage())
    async with serving(camera), watching(camera.url, decoder):
        assert await eventually(lambda: camera.count("GET_PARAMETER") >= 3)

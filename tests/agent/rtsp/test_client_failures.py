"""How sessions fail, and the failure that is reported."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from pantau_agent.rtsp.client import RtspSession
from pantau_agent.streams.failure import Kind, LookError, Step
from pantau_agent.streams.url import parse
from tests.agent.concurrent_tests import ConcurrentTests
from tests.agent.eventually import eventually
from tests.agent.rtsp.scripted import (
    SDP,
    Answer,
    Asked,
    Camera,
    Visitor,
    interleaved,
    never,
    rtp,
    saying,
    serving,
)
from tests.agent.rtsp.sessions import failure_of, opened

pytestmark = pytest.mark.asyncio(loop_scope="module")
concurrently = ConcurrentTests()


@pytest_asyncio.fixture(loop_scope="module", scope="module", autouse=True)
async def all_at_once(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    async with concurrently.running(request):
        yield


@pytest.mark.parametrize("method", ["OPTIONS", "DESCRIBE", "SETUP", "PLAY"])
@concurrently
async def test_silence_at_any_step_ends_at_the_deadline(method: str) -> None:
    async with serving(Camera({method: never})) as camera:
        failure = await failure_of(camera, timeout_s=3)
    assert (failure.step, failure.kind) == (Step[method], Kind.SILENT)


@pytest.mark.parametrize("method", ["OPTIONS", "DESCRIBE", "SETUP", "PLAY"])
@concurrently
async def test_a_connection_closed_at_any_step_is_told(method: str) -> None:
    def close(visitor: Visitor, _asked: Asked) -> Answer:
        visitor.writer.close()
        return None

    async with serving(Camera({method: close})) as camera:
        failure = await failure_of(camera)
    assert (failure.step, failure.kind) == (Step[method], Kind.CLOSED)


@pytest.mark.parametrize(
    "greeting",
    [b"HTTP/1.0 400 Bad Request\r\n\r\n", b"\x15\x03\x01\x00\x02", b"220 mail.example.org ESMTP\r\n", b"hello"],
)
@concurrently
async def test_what_is_not_rtsp_is_told(greeting: bytes) -> None:
    async with serving(Camera({"OPTIONS": lambda *_: greeting})) as camera:
        assert (await failure_of(camera)).kind is Kind.WRONG_PROTOCOL


@pytest.mark.parametrize("status", ["403 Forbidden", "404 Not Found", "453 Not Enough Bandwidth", "500 \x07Error"])
@concurrently
async def test_an_error_carries_its_status(status: str) -> None:
    async with serving(Camera({"DESCRIBE": saying(status)})) as camera:
        failure = await failure_of(camera)
    assert (failure.kind, failure.status) == (Kind.STATUS, int(status[:3]))
    assert failure.detail.isprintable()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        SDP.replace(b"H264", b"VP8"),
        SDP.replace(b"video", b"audio"),
        SDP + b"m=video 0 RTP/AVP 96\r\n" * 5000,
    ],
)
@concurrently
async def test_a_description_without_video_for_us_is_told(body: bytes) -> None:
    async with serving(Camera({"DESCRIBE": saying("200 OK", body=body)})) as camera:
        failure = await failure_of(camera)
    assert failure.kind is Kind.NO_VIDEO


@pytest.mark.parametrize("name", ["Content-Base", "Content-Location", "Session", "Location"])
@concurrently
async def test_a_line_break_in_a_header_is_not_passed_on(name: str) -> None:
    describe = saying("200 OK", f"{name}: rtsp://127.0.0.1/a\rTEARDOWN rtsp://127.0.0.1/b", body=SDP)
    async with serving(Camera({"DESCRIBE": describe})) as camera:
        failure = await failure_of(camera)
        assert camera.methods() == ["OPTIONS", "DESCRIBE"]
    assert (failure.step, failure.kind) == (Step.DESCRIBE, Kind.WRONG_PROTOCOL)


@concurrently
async def test_headers_without_end_are_cut() -> None:
    async def flood(visitor: Visitor, _asked: Asked) -> None:
        visitor.writer.write(b"RTSP/1.0 200 OK\r\n")
        with contextlib.suppress(ConnectionError):
            for _ in range(20_000):
                visitor.writer.write(b"X: " + b"y" * 100_000)
                await visitor.writer.drain()

    async with serving(Camera({"OPTIONS": flood})) as camera:
        failure = await failure_of(camera)
    assert failure.kind is Kind.WRONG_PROTOCOL
    assert "limit" in failure.detail


@concurrently
async def test_garbage_in_mid_stream_ends_the_session() -> None:
    async def garble(visitor: Visitor) -> None:
        await asyncio.sleep(0.1)
        visitor.writer.write(interleaved(rtp(1, 0, b"\x65\x88\x80", marker=True)) + b"\xff" * 300_000)

    async with serving(Camera(media=garble)) as camera, opened(camera) as session:
        await asyncio.wait_for(session.wait(), 60)
        assert session.failure is not None
        assert session.failure.kind is Kind.WRONG_PROTOCOL


async def test_a_flood_is_read_no_faster_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pantau_agent.streams.budget.MAX_OCTETS", 200_000)

    async def flood(visitor: Visitor) -> None:
        sequence = 0
        while not visitor.writer.is_closing():
            visitor.writer.write(interleaved(rtp(sequence, sequence, bytes(60_000))))
            sequence += 1
            await visitor.writer.drain()

    async with serving(Camera(media=flood)) as camera, opened(camera) as session:
        assert session._dialogue is not None
        transport = session._dialogue.connection._transport
        assert transport is not None
        assert await eventually(lambda: not transport.is_reading())
        assert await eventually(transport.is_reading)


@concurrently
async def test_nobody_there() -> None:
    async with serving(Camera()) as camera:
        pass
    failure = await failure_of(camera)
    assert (failure.step, failure.kind) == (Step.CONNECT, Kind.OS_ERROR)
    assert "refused" in failure.detail


@concurrently
async def test_a_name_that_nobody_has() -> None:
    session = RtspSession(parse("rtsp://no-such-camera.invalid/x"), None, time.monotonic)
    with pytest.raises(LookError) as raised:
        await session.open(20)
    assert raised.value.failure.kind is Kind.NAME

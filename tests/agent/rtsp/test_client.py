"""The RTSP client against cameras of this test's own, each with its way."""

import asyncio
import contextlib
import re
import socket
import ssl
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from pantau_agent.failure import Kind, LookError, Step
from pantau_agent.rtsp.client import Session
from pantau_agent.rtsp.keyframe import Keyframe
from pantau_agent.rtsp.url import Credentials, parse
from tests.agent.certificate import make_certificate
from tests.agent.rtsp.scripted import (
    SDP,
    Answer,
    Asked,
    Camera,
    Visitor,
    footage,
    interleaved,
    never,
    packets_of,
    response,
    rtp,
    saying,
    serving,
    usual,
)
from tests.agent.rtsp.sessions import failure_of, opened
from tests.agent.soon import soon
from tests.agent.together import Together

pytestmark = pytest.mark.asyncio(loop_scope="module")
together = Together()


@pytest_asyncio.fixture(loop_scope="module", scope="module", autouse=True)
async def all_at_once(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    async with together.running(request):
        yield


WHO = Credentials("operator", "p@ss:w#rd%1")
DIGEST = 'WWW-Authenticate: Digest realm="camera", nonce="{}"{}'


@together
async def test_plays_and_measures_and_ends_with_teardown() -> None:
    async with serving(Camera(media=footage())) as camera:
        seen: list[Keyframe] = []
        async with opened(camera) as session:
            session.unit.want(seen.append)
            assert await soon(lambda: session.reception.frames > 26 and seen)
            assert session.track.codec == "h264"
            assert session.transport == "tcp"
            assert session.reception.lost == 0
        assert camera.methods() == ["OPTIONS", "DESCRIBE", "SETUP", "PLAY", "TEARDOWN"]
        assert {asked.headers.get("Session") for asked in camera.asked[3:]} == {"12345678"}
        assert await soon(lambda: camera.open_now == 0)


@together
async def test_reading_in_gulps_counts_the_same() -> None:
    async with serving(Camera(media=footage(fps=200, frames=250))) as camera, opened(camera) as session:
        session._gulps._began = time.monotonic() - 5  # past the exact turn at first
        deadline = time.monotonic() + 30
        while session.reception.frames < 250 and time.monotonic() < deadline:
            await session.refresh()
            await asyncio.sleep(0.2)
        assert (session.reception.frames, session.reception.keyframes, session.reception.lost) == (250, 10, 0)


@together
async def test_the_rest_of_a_gulp_is_read_by_refreshing() -> None:
    async with serving(Camera(media=footage(frames=3))) as camera, opened(camera) as session:
        assert session._dialogue is not None
        session._dialogue.connection.wake_at(100_000)
        assert await soon(lambda: camera.count("PLAY"))
        await asyncio.sleep(0.3)
        await session.refresh()
        assert await soon(lambda: session.reception.frames == 3)


# How a session ends.


@together
async def test_cancelled_while_playing_it_still_says_teardown() -> None:
    async with serving(Camera(media=footage())) as camera:

        async def watch() -> None:
            async with opened(camera):
                await asyncio.Event().wait()

        task = asyncio.create_task(watch())
        assert await soon(lambda: camera.count("PLAY"))
        task.cancel()
        await asyncio.wait({task})
        assert camera.methods()[-1] == "TEARDOWN"


@pytest.mark.parametrize("during", ["SETUP", "PLAY"])
@together
async def test_cancelled_while_opening_it_still_says_teardown(during: str) -> None:
    async def late(visitor: Visitor, asked: Asked) -> bytes:
        await asyncio.sleep(0.3)
        return usual(visitor, asked)

    async with serving(Camera({during: late})) as camera:
        task = asyncio.create_task(failure_of(camera))
        assert await soon(lambda: camera.count(during))
        task.cancel()
        await asyncio.wait({task})
        assert camera.methods()[-1] == "TEARDOWN"


@together
async def test_a_camera_deaf_to_teardown_holds_nobody_up() -> None:
    async with serving(Camera({"TEARDOWN": never})) as camera:
        async with opened(camera):
            pass
        assert camera.methods()[-1] == "TEARDOWN"
        assert await soon(lambda: camera.open_now == 0)


@together
async def test_a_dropped_connection_is_told() -> None:
    async with serving(Camera(media=footage())) as camera:
        session = Session(parse(camera.url), None, time.monotonic)
        await session.open(10)
    await asyncio.wait_for(session.wait(), 10)
    assert session.failure is not None
    assert (session.failure.step, session.failure.kind) == (Step.STREAM, Kind.CLOSED)
    await session.close()


# Keeping alive.


@together
async def test_signs_of_life_come_in_under_half_the_timeout() -> None:
    times: list[float] = []

    def noted(visitor: Visitor, asked: Asked) -> bytes:
        times.append(time.monotonic())
        return usual(visitor, asked)

    async with serving(Camera({"GET_PARAMETER": noted}, timeout_s=1)) as camera, opened(camera) as session:
        assert session.timeout_s == 1
        assert await soon(lambda: len(times) >= 3)
        assert camera.count("OPTIONS") == 1


@together
async def test_a_refused_sign_of_life_is_followed_by_the_next_method() -> None:
    refusing = Camera({"GET_PARAMETER": saying("405 Method Not Allowed")}, timeout_s=1)
    async with serving(refusing) as camera, opened(camera):
        assert await soon(lambda: camera.count("OPTIONS") >= 3)
        assert camera.count("GET_PARAMETER") == 1


@together
async def test_what_the_camera_says_it_knows_is_tried_first() -> None:
    camera = Camera({"OPTIONS": saying("200 OK", "Public: DESCRIBE, SET_PARAMETER")}, timeout_s=1)
    async with serving(camera), opened(camera):
        assert await soon(lambda: camera.count("SET_PARAMETER") >= 2)
        assert camera.count("GET_PARAMETER") == 0


@together
async def test_a_camera_that_asks_gets_an_answer() -> None:
    async def ask(visitor: Visitor) -> None:
        visitor.writer.write(b"OPTIONS rtsp://us/ RTSP/1.0\r\nCSeq: 77\r\n\r\n")

    async with serving(Camera(media=ask)) as camera, opened(camera):
        assert await soon(lambda: camera.count("RTSP/1.0"))
        answer = next(asked for asked in camera.asked if asked.method == "RTSP/1.0")
        assert (answer.uri, answer.headers["CSeq"]) == ("200", "77")


# Descriptions and transports.


@together
async def test_control_urls_stand_on_the_content_base() -> None:
    base = "rtsp://127.0.0.1/base/"
    describe = saying("200 OK", f"Content-Base: {base}", body=SDP)
    async with serving(Camera({"DESCRIBE": describe})) as camera, opened(camera):
        uris = {asked.method: asked.uri for asked in camera.asked}
    assert uris["SETUP"] == base + "track1"
    assert uris["PLAY"] == base


@together
async def test_video_behind_audio_is_the_one_that_is_set_up() -> None:
    audio = b"m=audio 0 RTP/AVP 0\r\na=control:sound\r\n"
    head, video = SDP.split(b"m=", 1)
    async with serving(Camera(sdp=head + audio + b"m=" + video)) as camera, opened(camera):
        assert [asked.uri for asked in camera.asked if asked.method == "SETUP"] == [f"{camera.url}/track1"]


@together
async def test_other_channels_than_asked_for_are_read() -> None:
    agreed = saying("200 OK", "Session: 1", "Transport: RTP/AVP/TCP;interleaved=6-7")
    camera = Camera({"SETUP": agreed}, media=footage(channel=6))
    async with serving(camera), opened(camera) as session:
        assert await soon(lambda: session.reception.frames > 2)


@pytest.mark.parametrize("status", ["461 Unsupported Transport", "406 Not Acceptable"])
@together
async def test_where_tcp_is_refused_udp_is_used_and_told(status: str) -> None:
    async def datagrams(_visitor: Visitor) -> None:
        sequence = 0
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
            for number in range(1000):
                for packet in packets_of([b"\x65\x88\x80"], sequence, number * 3600):
                    own.sendto(packet, ("127.0.0.1", ports[0]))
                sequence += 1
                await asyncio.sleep(0.02)

    ports: list[int] = []

    def set_up(_visitor: Visitor, asked: Asked) -> bytes:
        match = re.search(r"client_port=(\d+)-(\d+)", asked.headers["Transport"])
        if match is None:
            return response(status)
        ports[:] = [int(match[1]), int(match[2])]
        return response("200 OK", "Session: 5", f"Transport: RTP/AVP;unicast;{match[0]};server_port=9000-9001")

    async with serving(Camera({"SETUP": set_up}, media=datagrams)) as camera, opened(camera) as session:
        assert session.transport == "udp"
        assert await soon(lambda: session.reception.frames > 5)
        assert (ports[0] % 2, ports[1] - ports[0]) == (0, 1)


@together
async def test_datagrams_of_strangers_are_not_taken() -> None:
    ports: list[int] = []

    def set_up(_visitor: Visitor, asked: Asked) -> bytes:
        match = re.search(r"client_port=(\d+)", asked.headers["Transport"])
        if match is None:
            return response("461 Unsupported Transport")
        ports.append(int(match[1]))
        return response("200 OK", "Session: 5")

    async with serving(Camera({"SETUP": set_up})) as camera, opened(camera) as session:
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own,
        ):
            stranger.bind(("127.0.0.2", 0))
            stranger.sendto(rtp(1, 0, b"\x65\x88\x80", marker=True), ("127.0.0.1", ports[0]))
            own.sendto(rtp(50, 0, b"\x65\x88\x80", marker=True), ("127.0.0.1", ports[0]))
        assert await soon(lambda: session.reception.packets)
        assert session.reception.packets == 1


async def test_over_tls_with_a_certificate_of_the_cameras_own(tmp_path: Path) -> None:
    files = make_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    async with serving(Camera(media=footage()), tls=context) as camera, opened(camera, scheme="rtsps") as session:
        assert session.transport == "tls"
        assert await soon(lambda: session.reception.frames > 2)
        await session.refresh()


@together
async def test_over_ipv6() -> None:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("this machine has no IPv6")
    async with serving(Camera(host="::1", media=footage())) as camera, opened(camera) as session:
        assert await soon(lambda: session.reception.frames > 2)


@together
async def test_a_redirect_is_followed() -> None:
    async with serving(Camera(media=footage())) as real:
        moved = saying("302 Moved Temporarily", f"Location: {real.url}")
        async with serving(Camera({"DESCRIBE": moved})) as first, opened(first) as session:
            assert await soon(lambda: session.reception.frames > 2)
            assert await soon(lambda: first.open_now == 0)


@pytest.mark.parametrize("location", ["", "Location: http://127.0.0.1/", "Location: rtsp://a b"])
@together
async def test_a_redirect_to_nowhere_is_told(location: str) -> None:
    async with serving(Camera({"DESCRIBE": saying("302 Found", *filter(None, [location]))})) as camera:
        assert (await failure_of(camera)).status == 302


@together
async def test_redirects_in_a_circle_end() -> None:
    camera = Camera()
    camera.handlers["DESCRIBE"] = lambda *_: response("302 Found", f"Location: {camera.url}")
    async with serving(camera):
        assert (await failure_of(camera)).status == 302


# What fails.


@together
async def test_an_answer_to_an_earlier_request_is_not_taken_for_this_one() -> None:
    def late(visitor: Visitor, asked: Asked) -> bytes:
        return b"RTSP/1.0 404 Not Found\r\nCSeq: 1\r\n\r\n" + usual(visitor, asked)

    async with serving(Camera({"DESCRIBE": late})) as camera, opened(camera) as session:
        assert session.failure is None


@pytest.mark.parametrize("method", ["OPTIONS", "DESCRIBE", "SETUP", "PLAY"])
@together
async def test_silence_at_any_step_ends_at_the_deadline(method: str) -> None:
    async with serving(Camera({method: never})) as camera:
        failure = await failure_of(camera, timeout_s=0.5)
    assert (failure.step, failure.kind) == (Step[method], Kind.SILENT)


@pytest.mark.parametrize("method", ["OPTIONS", "DESCRIBE", "SETUP", "PLAY"])
@together
async def test_a_connection_closed_at_any_step_is_told(method: str) -> None:
    def close(visitor: Visitor, _asked: Asked) -> Answer:
        visitor.writer.close()
        return None

    async with serving(Camera({method: close})) as camera:
        failure = await failure_of(camera)
    assert (failure.step, failure.kind) == (Step[method], Kind.CLOSED)


@pytest.mark.parametrize(
    "said",
    [b"HTTP/1.0 400 Bad Request\r\n\r\n", b"\x15\x03\x01\x00\x02", b"220 mail.example.org ESMTP\r\n", b"hello"],
)
@together
async def test_what_is_not_rtsp_is_told(said: bytes) -> None:
    async with serving(Camera({"OPTIONS": lambda *_: said})) as camera:
        assert (await failure_of(camera, timeout_s=2)).kind is Kind.NOT_RTSP


@pytest.mark.parametrize("status", ["403 Forbidden", "404 Not Found", "453 Not Enough Bandwidth", "500 \x07Error"])
@together
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
@together
async def test_a_description_without_video_for_us_is_told(body: bytes) -> None:
    async with serving(Camera({"DESCRIBE": saying("200 OK", body=body)})) as camera:
        failure = await failure_of(camera)
    assert failure.kind is Kind.NO_VIDEO


@pytest.mark.parametrize("name", ["Content-Base", "Content-Location", "Session", "Location"])
@together
async def test_a_line_break_in_a_header_is_not_passed_on(name: str) -> None:
    describe = saying("200 OK", f"{name}: rtsp://127.0.0.1/a\rTEARDOWN rtsp://127.0.0.1/b", body=SDP)
    async with serving(Camera({"DESCRIBE": describe})) as camera:
        failure = await failure_of(camera)
        assert camera.methods() == ["OPTIONS", "DESCRIBE"]
    assert (failure.step, failure.kind) == (Step.DESCRIBE, Kind.NOT_RTSP)


@together
async def test_headers_without_end_are_cut() -> None:
    async def flood(visitor: Visitor, _asked: Asked) -> None:
        visitor.writer.write(b"RTSP/1.0 200 OK\r\n")
        with contextlib.suppress(ConnectionError):
            for _ in range(20_000):
                visitor.writer.write(b"X: " + b"y" * 100_000)
                await visitor.writer.drain()

    async with serving(Camera({"OPTIONS": flood})) as camera:
        failure = await failure_of(camera)
    assert failure.kind is Kind.NOT_RTSP
    assert "limit" in failure.detail


@together
async def test_garbage_in_mid_stream_ends_the_session() -> None:
    async def garble(visitor: Visitor) -> None:
        await asyncio.sleep(0.1)
        visitor.writer.write(interleaved(rtp(1, 0, b"\x65\x88\x80", marker=True)) + b"\xff" * 1000)

    async with serving(Camera(media=garble)) as camera, opened(camera) as session:
        await asyncio.wait_for(session.wait(), 10)
        assert session.failure is not None
        assert session.failure.kind is Kind.NOT_RTSP


async def test_a_flood_is_read_no_faster_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pantau_agent.tcp.MAX_OCTETS_PER_SECOND", 200_000)

    async def flood(visitor: Visitor) -> None:
        sequence = 0
        while not visitor.writer.is_closing():
            visitor.writer.write(interleaved(rtp(sequence, sequence, bytes(60_000))))
            sequence += 1
            await visitor.writer.drain()

    async with serving(Camera(media=flood)) as camera, opened(camera) as session:
        assert await soon(lambda: session.reception.packets)
        before, began = session.reception.octets, time.monotonic()
        await asyncio.sleep(1.2)
        rate = (session.reception.octets - before) / (time.monotonic() - began)
        assert rate < 2_000_000


@together
async def test_nobody_there() -> None:
    async with serving(Camera()) as camera:
        pass
    failure = await failure_of(camera)
    assert (failure.step, failure.kind) == (Step.CONNECT, Kind.OS_ERROR)
    assert "refused" in failure.detail


@together
async def test_a_name_that_nobody_has() -> None:
    session = Session(parse("rtsp://no-such-camera.invalid/x"), None, time.monotonic)
    with pytest.raises(LookError) as raised:
        await session.open(20)
    assert raised.value.failure.kind is Kind.NAME

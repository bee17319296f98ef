"""The RTSP client against scripted cameras."""

import asyncio
import re
import socket
import ssl
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from pantau_agent.rtsp.client import RtspSession
from pantau_agent.streams.failure import Kind, Step
from pantau_agent.streams.keep_alive import KeepAlive
from pantau_agent.streams.keyframe import Keyframe
from pantau_agent.streams.url import parse
from tests.agent.certificate import make_certificate
from tests.agent.concurrent_tests import ConcurrentTests
from tests.agent.eventually import eventually
from tests.agent.rtsp.footage import access_units
from tests.agent.rtsp.scripted import (
    SDP,
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

pytestmark = pytest.mark.asyncio(loop_scope="module")
concurrently = ConcurrentTests()


@pytest_asyncio.fixture(loop_scope="module", scope="module", autouse=True)
async def all_at_once(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    async with concurrently.running(request):
        yield


@concurrently
async def test_plays_and_measures_and_ends_with_teardown() -> None:
    async with serving(Camera(media=footage())) as camera:
        delivered: list[Keyframe] = []
        async with opened(camera) as session:
            session.unit.request_keyframe(delivered.append)
            assert await eventually(lambda: session.reception.frames > 26 and delivered)
            assert session.track.codec == "h264"
            assert session.transport == "tcp"
            assert session.reception.lost == 0
        assert camera.methods() == ["OPTIONS", "DESCRIBE", "SETUP", "PLAY", "TEARDOWN"]
        assert {asked.headers.get("Session") for asked in camera.asked[3:]} == {"12345678"}
        assert await eventually(lambda: camera.open_now == 0)


@concurrently
async def test_reading_in_gulps_counts_the_same() -> None:
    async with serving(Camera(media=footage(fps=200, frames=250))) as camera, opened(camera) as session:
        session._low_water_mark._started = time.monotonic() - 5  # past the exact turn at first
        deadline = time.monotonic() + 60
        while session.reception.frames < 250 and time.monotonic() < deadline:
            await session.refresh()
            await asyncio.sleep(0.2)
        assert (session.reception.frames, session.reception.keyframes, session.reception.lost) == (250, 10, 0)


@concurrently
async def test_the_rest_of_a_gulp_is_read_by_refreshing() -> None:
    async with serving(Camera(media=footage(frames=3))) as camera, opened(camera) as session:
        assert session._dialogue is not None
        session._dialogue.connection.set_low_water_mark(100_000)
        assert await eventually(lambda: camera.count("PLAY"))
        async with asyncio.timeout(60):
            while session.reception.frames < 3:
                await asyncio.sleep(0.1)
                await session.refresh()


@pytest.mark.parametrize(
    ("announced", "encoder", "sent"), [("H265", "libx264", "h264"), ("H264", "libx265", "h265")]
)
@concurrently
async def test_a_stream_of_another_codec_than_announced_is_read(announced: str, encoder: str, sent: str) -> None:
    async def play(visitor: Visitor) -> None:
        sequence = 0
        for number, unit in enumerate(access_units(encoder)[:60]):
            for packet in packets_of(unit, sequence, number * 3600):
                visitor.writer.write(interleaved(packet))
            sequence += len(unit)
            await visitor.writer.drain()
            await asyncio.sleep(0.04)

    sdp = SDP.replace(b"H264", announced.encode())
    async with serving(Camera(sdp=sdp, media=play)) as camera, opened(camera) as session:
        delivered: list[Keyframe] = []
        session.unit.request_keyframe(delivered.append)
        announced_codec = session.codec
        assert await eventually(lambda: session.counts().keyframes > 1 and delivered)
        assert (announced_codec, session.codec) == (announced.lower(), sent)
        assert delivered[0].codec == sent


@pytest.mark.parametrize(("places", "told"), [(9, False), (10, True)])
@concurrently
async def test_bytes_between_packets_are_told_if_they_go_on(places: int, told: bool) -> None:
    async def play(visitor: Visitor) -> None:
        for number in range(places + 1):
            (packet,) = packets_of([b"\x41\x9a\x00\x00"], number, number * 3600)
            visitor.writer.write(interleaved(packet) + (b"\x00\x01\x02" if number < places else b""))

    async with serving(Camera(media=play)) as camera, opened(camera) as session:
        assert await eventually(lambda: session.reception.packets == places + 1)
        expected = "30 octets between its packets belong to none, in 10 places" if told else ""
        assert session.stray() == expected


# How a session ends.


@concurrently
async def test_cancelled_while_playing_it_still_says_teardown() -> None:
    async with serving(Camera(media=footage())) as camera:

        async def watch() -> None:
            async with opened(camera):
                await asyncio.Event().wait()

        task = asyncio.create_task(watch())
        assert await eventually(lambda: camera.count("PLAY"))
        task.cancel()
        await asyncio.wait({task})
        assert await eventually(lambda: camera.methods()[-1] == "TEARDOWN")


@pytest.mark.parametrize("during", ["SETUP", "PLAY"])
@concurrently
async def test_cancelled_while_opening_it_still_says_teardown(during: str) -> None:
    async def late(visitor: Visitor, asked: Asked) -> bytes:
        await asyncio.sleep(0.3)
        return usual(visitor, asked)

    async with serving(Camera({during: late})) as camera:
        task = asyncio.create_task(failure_of(camera))
        assert await eventually(lambda: camera.count(during))
        task.cancel()
        await asyncio.wait({task})
        assert await eventually(lambda: camera.methods()[-1] == "TEARDOWN")


@concurrently
async def test_a_camera_deaf_to_teardown_holds_nobody_up() -> None:
    async with serving(Camera({"TEARDOWN": never})) as camera:
        async with opened(camera):
            pass
        assert camera.methods()[-1] == "TEARDOWN"
        assert await eventually(lambda: camera.open_now == 0)


@concurrently
async def test_a_dropped_connection_is_told() -> None:
    async with serving(Camera(media=footage())) as camera:
        session = RtspSession(parse(camera.url), None, time.monotonic)
        await session.open(10)
    await asyncio.wait_for(session.wait(), 60)
    assert session.failure is not None
    assert (session.failure.step, session.failure.kind) == (Step.STREAM, Kind.CLOSED)
    await session.close()


# Keeping alive.


@concurrently
async def test_signs_of_life_come_in_under_half_the_timeout() -> None:
    times: list[float] = []

    def noted(visitor: Visitor, asked: Asked) -> bytes:
        times.append(time.monotonic())
        return usual(visitor, asked)

    async with serving(Camera({"GET_PARAMETER": noted}, timeout_s=1)) as camera, opened(camera) as session:
        assert session.timeout_s == 1
        assert await eventually(lambda: len(times) >= 3)
        assert camera.count("OPTIONS") == 1


@concurrently
async def test_a_refused_sign_of_life_is_followed_by_the_next_method() -> None:
    refusing = Camera({"GET_PARAMETER": saying("405 Method Not Allowed")}, timeout_s=1)
    async with serving(refusing) as camera, opened(camera):
        assert await eventually(lambda: camera.count("OPTIONS") >= 3)
        assert camera.count("GET_PARAMETER") == 1


@concurrently
async def test_what_the_camera_says_it_knows_is_tried_first() -> None:
    camera = Camera({"OPTIONS": saying("200 OK", "Public: DESCRIBE, SET_PARAMETER")}, timeout_s=1)
    async with serving(camera), opened(camera):
        assert await eventually(lambda: camera.count("SET_PARAMETER") >= 2)
        assert camera.count("GET_PARAMETER") == 0


@concurrently
async def test_a_camera_that_asks_gets_an_answer() -> None:
    async def ask(visitor: Visitor) -> None:
        visitor.writer.write(b"OPTIONS rtsp://us/ RTSP/1.0\r\nCSeq: 77\r\n\r\n")

    async with serving(Camera(media=ask)) as camera, opened(camera):
        assert await eventually(lambda: camera.count("RTSP/1.0"))
        answer = next(asked for asked in camera.asked if asked.method == "RTSP/1.0")
        assert (answer.uri, answer.headers["CSeq"]) == ("200", "77")


# Descriptions and transports.


@concurrently
async def test_control_urls_stand_on_the_content_base() -> None:
    base = "rtsp://127.0.0.1/base/"
    describe = saying("200 OK", f"Content-Base: {base}", body=SDP)
    async with serving(Camera({"DESCRIBE": describe})) as camera, opened(camera):
        uris = {asked.method: asked.uri for asked in camera.asked}
    assert uris["SETUP"] == base + "track1"
    assert uris["PLAY"] == base


@concurrently
async def test_video_behind_audio_is_the_one_that_is_set_up() -> None:
    audio = b"m=audio 0 RTP/AVP 0\r\na=control:sound\r\n"
    head, video = SDP.split(b"m=", 1)
    async with serving(Camera(sdp=head + audio + b"m=" + video)) as camera, opened(camera):
        assert [asked.uri for asked in camera.asked if asked.method == "SETUP"] == [f"{camera.url}/track1"]


@concurrently
async def test_other_channels_than_asked_for_are_read() -> None:
    agreed = saying("200 OK", "Session: 1", "Transport: RTP/AVP/TCP;interleaved=6-7")
    camera = Camera({"SETUP": agreed}, media=footage(channel=6))
    async with serving(camera), opened(camera) as session:
        assert await eventually(lambda: session.reception.frames > 2)


@pytest.mark.parametrize("status", ["461 Unsupported Transport", "406 Not Acceptable"])
@concurrently
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
        assert await eventually(lambda: session.reception.frames > 5)
        assert (ports[0] % 2, ports[1] - ports[0]) == (0, 1)


@concurrently
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
        assert await eventually(lambda: session.reception.packets)
        assert session.reception.packets == 1


async def test_over_tls_with_a_certificate_of_the_cameras_own(tmp_path: Path) -> None:
    files = make_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    async with serving(Camera(media=footage()), tls=context) as camera, opened(camera, scheme="rtsps") as session:
        assert session.transport == "tls"
        assert await eventually(lambda: session.reception.frames > 2)
        await session.refresh()


@concurrently
async def test_over_ipv6() -> None:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("this machine has no IPv6")
    async with serving(Camera(host="::1", media=footage())) as camera, opened(camera) as session:
        assert await eventually(lambda: session.reception.frames > 2)


@concurrently
async def test_a_redirect_is_followed() -> None:
    async with serving(Camera(media=footage())) as real:
        moved = saying("302 Moved Temporarily", f"Location: {real.url}")
        async with serving(Camera({"DESCRIBE": moved})) as first, opened(first) as session:
            assert await eventually(lambda: session.reception.frames > 2)
            assert await eventually(lambda: first.open_now == 0)


@pytest.mark.parametrize("location", ["", "Location: http://127.0.0.1/", "Location: rtsp://a b"])
@concurrently
async def test_a_redirect_to_nowhere_is_told(location: str) -> None:
    async with serving(Camera({"DESCRIBE": saying("302 Found", *filter(None, [location]))})) as camera:
        assert (await failure_of(camera)).status == 302


@concurrently
async def test_redirects_in_a_circle_end() -> None:
    camera = Camera()
    camera.handlers["DESCRIBE"] = lambda *_: response("302 Found", f"Location: {camera.url}")
    async with serving(camera):
        assert (await failure_of(camera)).status == 302


# What fails.


@concurrently
async def test_an_answer_to_an_earlier_request_is_not_taken_for_this_one() -> None:
    def late(visitor: Visitor, asked: Asked) -> bytes:
        return b"RTSP/1.0 404 Not Found\r\nCSeq: 1\r\n\r\n" + usual(visitor, asked)

    async with serving(Camera({"DESCRIBE": late})) as camera, opened(camera) as session:
        assert session.failure is None


@pytest.mark.parametrize("status", ["400 Bad Request", "500 Internal Server Error", "504 Gateway Timeout"])
@concurrently
async def test_a_camera_of_udp_alone_is_read_from_the_address_that_it_names(status: str) -> None:
    async def datagrams(_visitor: Visitor) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
            own.bind(("127.0.0.3", 0))
            for number in range(1000):
                own.sendto(packets_of([b"\x65\x88\x80"], number, number * 3600)[0], ("127.0.0.1", ports[0]))
                await asyncio.sleep(0.02)

    ports: list[int] = []

    def set_up(_visitor: Visitor, asked: Asked) -> bytes:
        match = re.search(r"client_port=(\d+)-(\d+)", asked.headers["Transport"])
        if match is None:
            return response(status)
        ports[:] = [int(match[1])]
        return response("200 OK", "Session: 5", f"Transport: RTP/AVP;unicast;source=127.0.0.3;{match[0]}")

    async with serving(Camera({"SETUP": set_up}, media=datagrams)) as camera, opened(camera) as session:
        assert session.transport == "udp"
        assert await eventually(lambda: session.reception.frames > 5)


@concurrently
async def test_a_camera_that_answers_tcp_by_udp_ports_is_asked_for_udp() -> None:
    def set_up(_visitor: Visitor, asked: Asked) -> bytes:
        match = re.search(r"client_port=(\d+)-(\d+)", asked.headers["Transport"])
        ports = match[0] if match else "client_port=5000-5001"
        return response("200 OK", "Session: 5", f"Transport: RTP/AVP;unicast;{ports}")

    async with serving(Camera({"SETUP": set_up})) as camera, opened(camera) as session:
        assert session.transport == "udp"


@concurrently
async def test_a_camera_that_refuses_any_transport_is_told_by_its_first_answer() -> None:
    async with serving(Camera({"SETUP": saying("500 Internal Server Error")})) as camera:
        failure = await failure_of(camera)
        assert (failure.status, camera.count("SETUP")) == (500, 2)


@concurrently
async def test_a_camera_that_takes_no_range_plays_without_one() -> None:
    def play(visitor: Visitor, asked: Asked) -> bytes:
        return response("457 Invalid Range") if "Range" in asked.headers else usual(visitor, asked)

    async with serving(Camera({"PLAY": play}, media=footage())) as camera, opened(camera) as session:
        assert await eventually(lambda: session.reception.frames > 2)
        assert camera.count("PLAY") == 2


@pytest.mark.parametrize("known", ["/track/1", "/cam/track/1"])
@concurrently
async def test_a_control_with_a_path_is_tried_both_ways(known: str) -> None:
    def set_up(visitor: Visitor, asked: Asked) -> bytes:
        if asked.uri != f"rtsp://127.0.0.1:{visitor.camera.port}{known}":
            return response("404 Not Found")
        return usual(visitor, asked)

    camera = Camera({"SETUP": set_up}, sdp=SDP.replace(b"control:track1", b"control:/track/1"), media=footage())
    async with serving(camera), opened(camera) as session:
        assert await eventually(lambda: session.reception.frames > 2)


@concurrently
async def test_a_sign_of_life_that_keeps_no_session_is_replaced_in_the_next_one() -> None:
    def end(visitor: Visitor, asked: Asked) -> bytes:
        visitor.writer.close()
        return usual(visitor, asked)

    memory = KeepAlive()
    camera = Camera({"GET_PARAMETER": end}, timeout_s=1, media=footage())
    async with serving(camera):
        async with opened(camera, keep_alive=memory) as session:
            await asyncio.wait_for(session.wait(), 60)
        assert memory.method == "OPTIONS"
        async with opened(camera, keep_alive=memory) as session:
            assert await eventually(lambda: memory.proven)
            assert session.failure is None
            assert camera.count("GET_PARAMETER") == 1


@concurrently
async def test_a_session_that_we_close_is_not_held_against_its_sign_of_life() -> None:
    memory = KeepAlive()
    async with serving(Camera(timeout_s=1, media=footage())) as camera:
        async with opened(camera, keep_alive=memory):
            assert await eventually(lambda: camera.count("GET_PARAMETER") > 0)
        assert memory.method in {"", "GET_PARAMETER"}
        assert memory.last_age_s == 0

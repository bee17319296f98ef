"""Cameras that send far more pieces than a camera may: their session ends by itself, with a cause of its own."""

import asyncio
import itertools
import socket
import ssl
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from pantau_agent.clock import SystemClock
from pantau_agent.sources.registry import make_source
from pantau_agent.sources.target import Target
from pantau_agent.streams.failure import Failure, Kind, LookError
from pantau_agent.streams.url import parse
from tests.agent.certificate import make_certificate
from tests.agent.concurrent_tests import ConcurrentTests
from tests.agent.eventually import eventually
from tests.agent.http.camera import MULTIPART, Asked
from tests.agent.http.camera import Camera as WebCamera
from tests.agent.http.camera import Visitor as WebVisitor
from tests.agent.http.camera import serving as serving_web
from tests.agent.rtsp import scripted
from tests.agent.rtsp.scripted import Camera, Visitor, interleaved, response, rtp, serving

pytestmark = pytest.mark.asyncio(loop_scope="module")
concurrently = ConcurrentTests("tls")


@pytest_asyncio.fixture(loop_scope="module", scope="module", autouse=True)
async def all_at_once(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[None]:
    made = make_certificate(tmp_path_factory.mktemp("tls"))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(made.certificate, made.key)
    with pytest.MonkeyPatch.context() as patch:  # so that a flood of a test is a small one
        patch.setattr("pantau_agent.streams.budget.MAX_PIECES", 1_000)
        patch.setattr("pantau_agent.streams.budget.PATIENCE_S", 1.0)
        patch.setattr("pantau_agent.streams.tls_records.SLACK", 10_000)
        patch.setattr("pantau_agent.rtsp.connection.FAREWELL_S", 60.0)  # a busy machine reads it late
        async with concurrently.running(request, tls=tls):
            yield


async def end_of(url: str) -> Failure:
    """Watch until the session ends by itself, and return why."""
    source = make_source(Target(parse(url)), SystemClock())
    try:
        async with asyncio.timeout(60):
            await source.open(30)
            while source.failure is None:
                await source.refresh()
                await asyncio.sleep(0.02)
            return source.failure
    except LookError as error:
        return error.failure
    finally:
        await source.close()


TINY = b"".join(interleaved(rtp(i, 0, b"\x41")) for i in range(100))
RTSP_FLOODS = {
    "tiny packets": TINY,
    "empty frames of no channel": b"$\x09\x00\x00" * 100,
    "line ends": b"\r\n" * 200,
    "requests": b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n" * 50,
    "responses": b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n" * 50,
    "stray bytes": interleaved(rtp(1, 0, b"\x41")) + b"\x00$" * 100,
}


def sending(block: bytes, pause_s: float = 0.0) -> Camera:
    async def send(visitor: Visitor) -> None:
        while True:
            visitor.writer.write(block)
            await visitor.writer.drain()
            await asyncio.sleep(pause_s)

    return Camera(media=send)


@pytest.mark.parametrize("kind", RTSP_FLOODS)
@concurrently
async def test_rtsp_floods_end_the_session_with_a_teardown(kind: str) -> None:
    async with serving(sending(RTSP_FLOODS[kind])) as camera:
        failure = await end_of(camera.url)
        assert failure.kind is Kind.FLOODING, failure
        assert await eventually(lambda: camera.count("TEARDOWN") == 1)


@concurrently
async def test_a_large_stream_is_no_flood() -> None:
    async with serving(sending(interleaved(rtp(1, 0, b"\x41" + bytes(30_000))), pause_s=0.02)) as camera:
        source = make_source(Target(parse(camera.url)), SystemClock())
        await source.open(30)
        await asyncio.sleep(3)
        assert source.failure is None
        await source.close()


@concurrently
async def test_tls_records_of_one_byte_are_pieces(tls: ssl.SSLContext) -> None:
    packet = interleaved(rtp(1, 0, b"\x41" + bytes(200)))

    async def drip(visitor: Visitor) -> None:
        for byte in itertools.cycle(packet):
            visitor.writer.write(bytes([byte]))
            await visitor.writer.drain()

    async with serving(Camera(media=drip), tls=tls) as camera:
        assert (await end_of(camera.url.replace("rtsp:", "rtsps:"))).kind is Kind.FLOODING


@concurrently
async def test_a_flood_of_datagrams_ends_the_session() -> None:
    ports: list[int] = []

    def only_udp(_visitor: Visitor, asked: scripted.Asked) -> bytes:
        if "TCP" in asked.headers["Transport"]:
            return response("461 Unsupported Transport")
        ports.append(int(asked.headers["Transport"].partition("client_port=")[2].partition("-")[0]))
        return response("200 OK", "Session: 1", f"Transport: {asked.headers['Transport']};server_port=9000-9001")

    async def flood(_visitor: Visitor) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            for number in itertools.count():
                out.sendto(rtp(number, number, b"\x41"), ("127.0.0.1", ports[0]))
                if number % 20 == 0:
                    await asyncio.sleep(0)

    async with serving(Camera(handlers={"SETUP": only_udp}, media=flood)) as camera:
        assert (await end_of(camera.url)).kind is Kind.FLOODING


CHUNKED = MULTIPART.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n")
HTTP_FLOODS = {
    "tiny parts": (MULTIPART, b"--frame\r\n\r\nx\r\n" * 50),
    "parts that say their length": (MULTIPART, b"--frame\r\nContent-Length: 1\r\n\r\nx\r\n" * 50),
    "tiny pictures": (MULTIPART, b"--frame\r\n" + b"\xff\xd8" * 100 + b"\r\n"),
    "tiny chunks": (CHUNKED, b"1\r\nx\r\n" * 50),
    "interim responses": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 50),
}


def sending_web(first: bytes, block: bytes) -> WebCamera:
    async def send(visitor: WebVisitor, _asked: Asked) -> None:
        await visitor.send(first)
        while True:
            await visitor.send(block)
            await asyncio.sleep(0)

    return WebCamera(send)


@pytest.mark.parametrize("kind", HTTP_FLOODS)
@concurrently
async def test_http_floods_end_the_session(kind: str) -> None:
    async with serving_web(sending_web(*HTTP_FLOODS[kind])) as camera:
        assert (await end_of(camera.url)).kind is Kind.FLOODING
        assert await eventually(lambda: camera.open_now == 0)


@concurrently
async def test_tls_records_of_one_byte_are_pieces_over_http(tls: ssl.SSLContext) -> None:
    async def drip(visitor: WebVisitor, _asked: Asked) -> None:
        await visitor.send(MULTIPART)
        while True:
            await visitor.send(b"\n")

    async with serving_web(WebCamera(drip), tls) as camera:
        assert (await end_of(camera.url)).kind is Kind.FLOODING

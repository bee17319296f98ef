"""RTSP tunnelled in HTTP: by GStreamer's server, and by a camera that answers as a test's script says."""

import asyncio
import base64
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio
from pydantic import SecretStr

from pantau_agent.clock import SystemClock
from pantau_agent.config import Camera as Configured
from pantau_agent.http import rtsp_tunnel
from pantau_agent.picture.decoder import Decoder
from pantau_agent.watching.one_shot import OneShotProbe
from pantau_contract.messages import Sample
from pantau_contract.states import Cause, State
from tests.agent.certificate import make_certificate
from tests.agent.rtsp import scripted
from tests.agent.slow_machine import is_healthy
from tests.servers.gst_cameras import GstCameras

BASIC = "Basic " + base64.b64encode(b"u:p").decode()


@pytest_asyncio.fixture
async def decoder() -> AsyncIterator[Decoder]:
    async with Decoder(SystemClock()) as decoder:
        yield decoder


@dataclass
class WebServer:
    """A camera's web server with a tunnel to `camera`, and the requests that it received as (method, headers)."""

    camera: scripted.Camera
    answer: Callable[[str, dict[str, str]], bytes | None] = lambda _method, _headers: None
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    posts_closed_after: int = 1_000_000
    port: int = 0


OK = b"HTTP/1.0 200 OK\r\nContent-Type: application/x-rtsp-tunnelled\r\n\r\n"


@asynccontextmanager
async def serving(server: WebServer, tls: ssl.SSLContext | None = None) -> AsyncIterator[WebServer]:
    """Serve the tunnel: what comes by POST goes to the camera, and its answers into the response to the GET."""
    inputs: dict[str, asyncio.StreamReader] = {}
    tasks: set[asyncio.Task[None]] = set()

    async def get(cookie: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests = inputs[cookie] = asyncio.StreamReader()
        visitor = scripted.Visitor(server.camera, requests, writer)
        serve = asyncio.create_task(visitor.serve())
        tasks.add(serve)
        await reader.read()  # until the agent closes its side
        serve.cancel()
        if visitor.streaming is not None:
            visitor.streaming.cancel()

    async def post(cookie: str, reader: asyncio.StreamReader) -> None:
        received = 0
        while received < server.posts_closed_after and (data := await reader.read(1 << 12)):
            received += len(data)
            inputs[cookie].feed_data(base64.b64decode(data))

    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
            headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
            method = first.split(" ")[0]
            server.asked.append((method, headers))
            answer = server.answer(method, headers)
            if answer is not None:
                writer.write(answer)
            elif method == "GET":
                writer.write(OK)
                await get(headers["x-sessioncookie"], reader, writer)
            else:
                await post(headers["x-sessioncookie"], reader)
        writer.close()

    listening = await asyncio.start_server(visit, "127.0.0.1", 0, ssl=tls)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        for task in tasks:
            task.cancel()


async def probed(
    decoder: Decoder, url: str, *, timeout_s: float = 10, seconds: float = 3, allow_basic: bool = False
) -> Sample:
    configured = Configured(
        id="gate", url=url, user="u", password=SecretStr("p"), timeout_s=timeout_s, allow_basic=allow_basic
    )
    return (await OneShotProbe(configured, decoder, SystemClock()).run(seconds)).sample


def streaming() -> scripted.Camera:
    return scripted.Camera(media=scripted.footage())


async def test_a_real_server_is_watched_through_its_tunnel(gst_cameras: GstCameras, decoder: Decoder) -> None:
    sample = await probed(decoder, gst_cameras.url("h264").replace("rtsp://", "rtsp+http://"))
    assert (is_healthy(sample), sample.transport, sample.codec) == (True, "tcp", "h264"), sample


async def test_both_connections_carry_one_cookie_and_the_session_is_torn_down(decoder: Decoder) -> None:
    async with serving(WebServer(streaming())) as server:
        sample = await probed(decoder, f"rtsp+http://127.0.0.1:{server.port}/cam")
        assert is_healthy(sample), sample
        (get, asked_get), (post, asked_post) = server.asked
        assert (get, post) == ("GET", "POST")
        assert asked_get["accept"] == asked_post["content-type"] == "application/x-rtsp-tunnelled"
        assert asked_get["x-sessioncookie"] == asked_post["x-sessioncookie"]
        assert server.camera.methods()[-1] == "TEARDOWN"
        assert server.camera.asked[0].uri == f"rtsp://127.0.0.1:{server.port}/cam"


async def test_over_tls(tmp_path: Path, decoder: Decoder) -> None:
    made = make_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate, made.key)
    async with serving(WebServer(streaming()), context) as server:
        sample = await probed(decoder, f"rtsps+http://127.0.0.1:{server.port}/cam")
    assert (is_healthy(sample), sample.transport) == (True, "tls"), sample


def guarded(_method: str, headers: dict[str, str]) -> bytes | None:
    if headers.get("authorization") == BASIC:
        return None
    return b'HTTP/1.0 401 Unauthorized\r\nWWW-Authenticate: Basic realm="cam"\r\n\r\n'


async def test_the_web_server_gets_its_login_in_both_requests(decoder: Decoder) -> None:
    async with serving(WebServer(streaming(), guarded)) as server:
        sample = await probed(decoder, f"rtsp+http://127.0.0.1:{server.port}/cam", allow_basic=True)
    assert is_healthy(sample), sample
    assert [(method, "authorization" in headers) for method, headers in server.asked] == [
        ("GET", False),
        ("GET", True),
        ("POST", True),
    ]


async def test_the_web_server_gets_no_password_in_clear_unless_that_is_allowed(decoder: Decoder) -> None:
    async with serving(WebServer(streaming(), guarded)) as server:
        sample = await probed(decoder, f"rtsp+http://127.0.0.1:{server.port}/cam")
    assert (sample.cause, "allow_basic" in sample.detail) == (Cause.AUTH_FAILED, True)
    assert not any("authorization" in headers for _, headers in server.asked)


@pytest.mark.parametrize("posts_closed_after", [1, 300])
async def test_a_post_that_the_camera_closes_is_followed_by_another(
    posts_closed_after: int, decoder: Decoder
) -> None:
    async with serving(WebServer(streaming(), posts_closed_after=posts_closed_after)) as server:
        sample = await probed(decoder, f"rtsp+http://127.0.0.1:{server.port}/cam")
    assert is_healthy(sample), sample
    assert len(server.asked) > 2


async def test_a_post_that_is_full_is_followed_by_another(
    decoder: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rtsp_tunnel, "POST_BYTES", 500)
    async with serving(WebServer(streaming())) as server:
        sample = await probed(decoder, f"rtsp+http://127.0.0.1:{server.port}/cam")
    assert is_healthy(sample), sample
    assert len(server.asked) > 2


def saying(answer: bytes) -> Callable[[str, dict[str, str]], bytes | None]:
    return lambda _method, _headers: answer


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (b"HTTP/1.0 404 Not Found\r\n\r\n", Cause.NOT_FOUND),
        (b"HTTP/1.0 503 Service Unavailable\r\n\r\n", Cause.SESSIONS_FULL),
        (b'HTTP/1.0 401 No\r\nWWW-Authenticate: Basic realm="x"\r\n\r\n', Cause.AUTH_FAILED),
        (b"RTSP/1.0 400 Bad Request\r\n\r\n", Cause.WRONG_PROTOCOL),
        (b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n<html><body>Welcome", Cause.WRONG_PROTOCOL),
        (b"", Cause.REFUSED),
    ],
)
async def test_what_is_no_tunnel_tells_its_cause(answer: bytes, cause: Cause, decoder: Decoder) -> None:
    async with serving(WebServer(streaming(), saying(answer))) as server:
        sample = await probed(decoder, f"rtsp+http://127.0.0.1:{server.port}/cam", timeout_s=3)
    assert (sample.state, sample.cause) == (State.DOWN, cause)

"""MJPEG streams and stills over HTTP: each cause, as its fault appears on the wire, in a one-shot probe."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from pydantic import SecretStr

from pantau_agent.clock import SystemClock
from pantau_agent.config import Camera as Configured
from pantau_agent.picture.decoder import Decoder
from pantau_agent.streams.authentication import parse_challenges
from pantau_agent.watching.one_shot import OneShotProbe
from pantau_contract.messages import Sample
from pantau_contract.states import Cause, State
from tests.agent.certificate import make_certificate
from tests.agent.concurrent_tests import ConcurrentTests
from tests.agent.http.camera import (
    MULTIPART,
    Asked,
    Camera,
    Script,
    Visitor,
    part,
    pictures,
    response,
    saying,
    serving,
    stills,
    streaming,
)
from tests.agent.slow_machine import is_healthy

pytestmark = pytest.mark.asyncio(loop_scope="module")
concurrently = ConcurrentTests("decoder", "folder")

DIGEST = 'WWW-Authenticate: Digest realm="cam", nonce="n1", qop="auth", algorithm=SHA-256'
BASIC = 'WWW-Authenticate: Basic realm="cam"'


@pytest_asyncio.fixture(loop_scope="module", scope="module", autouse=True)
async def all_at_once(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[None]:
    folder = tmp_path_factory.mktemp("http")
    async with Decoder(SystemClock()) as decoder, concurrently.running(request, decoder=decoder, folder=folder):
        yield


async def probed(camera: Camera, decoder: Decoder, *, seconds: float = 0.5, timeout_s: float = 10.0) -> Sample:
    """Probe a camera once while it is served."""
    configured = Configured(
        id=f"camera{camera.port}",
        url=camera.url,
        user="u",
        password=SecretStr("p@: w"),
        allow_basic=True,
        timeout_s=timeout_s,
    )
    return (await OneShotProbe(configured, decoder, SystemClock()).run(seconds)).sample


async def played(script: Script, decoder: Decoder, *, seconds: float = 0.5, timeout_s: float = 10.0) -> Sample:
    async with serving(Camera(script)) as camera:
        return await probed(camera, decoder, seconds=seconds, timeout_s=timeout_s)


def guarded(challenge: str, then: Script) -> Script:
    """Return a script that asks for a login before it plays `then`."""

    async def guard(visitor: Visitor, asked: Asked) -> None:
        if is_right(asked):
            await then(visitor, asked)
        else:
            await visitor.send(response("401 Unauthorized", challenge, body=b"<html>no</html>"))

    return guard


def is_right(asked: Asked) -> bool:
    """Check a login: Basic by RFC 7617, section 2; of Digest, that it is one for this request."""
    authorization = asked.headers.get("authorization", "")
    if authorization.startswith("Digest "):
        (proof,) = parse_challenges([authorization])
        return proof.parameters["uri"] == asked.path and len(proof.parameters["response"]) == 64
    return authorization == "Basic dTpwQDogdw=="


@concurrently
async def test_an_mjpeg_stream_is_ok_with_its_measures(decoder: Decoder) -> None:
    sample = await played(streaming(*pictures()), decoder, seconds=3)
    assert is_healthy(sample), sample
    assert (sample.codec, sample.width, sample.height, sample.transport) == ("mjpeg", 128, 96, "tcp")
    assert sample.fps is not None
    assert sample.fps > 0  # how many arrive in a window depends on the machine's load
    assert sample.bitrate_kbps == pytest.approx(len(pictures()[0]) * 0.008 * sample.fps, rel=0.5)
    assert sample.first_keyframe_ms is not None
    assert sample.rtp_loss_pct is None


@concurrently
async def test_stills_are_ok_and_asked_for_each_second_over_one_connection(decoder: Decoder) -> None:
    async with serving(Camera(stills())) as camera:
        sample = await probed(camera, decoder, seconds=3.5)
    assert (is_healthy(sample), sample.codec) == (True, "mjpeg"), sample
    assert (sample.width, sample.height) == (128, 96)
    assert 2 <= len(camera.asked) <= 6
    assert camera.connections == 1


@concurrently
@pytest.mark.parametrize("challenge", [BASIC, DIGEST])
async def test_the_password_is_given_as_the_camera_asks(challenge: str, decoder: Decoder) -> None:
    async with serving(Camera(guarded(challenge, stills()))) as camera:
        sample = await probed(camera, decoder, seconds=1.2)
    assert is_healthy(sample), sample
    assert ["authorization" in asked.headers for asked in camera.asked[:3]] == [False, True, True]


@concurrently
async def test_over_tls_with_a_certificate_of_its_own(decoder: Decoder, folder: Path) -> None:
    made = make_certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate, made.key)
    async with serving(Camera(streaming(*pictures())), context) as camera:
        sample = await probed(camera, decoder, seconds=1)
    assert (is_healthy(sample), sample.transport) == (True, "tls")


@concurrently
async def test_no_tls_where_it_is_asked_for(decoder: Decoder) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(response("400 Bad Request"))
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        sample = await probed(Camera(stills(), port=port, scheme="https"), decoder)
    assert sample.cause is Cause.WRONG_PROTOCOL
    assert "TLS" in sample.detail


@concurrently
@pytest.mark.parametrize(
    ("script", "cause"),
    [
        (saying("401 Unauthorized", BASIC), Cause.AUTH_FAILED),
        (saying("401 Unauthorized", "WWW-Authenticate: Negotiate"), Cause.AUTH_FAILED),
        (saying("403 Forbidden"), Cause.AUTH_FAILED),
        (saying("404 Not Found"), Cause.NOT_FOUND),
        (saying("500 Internal Server Error"), Cause.NO_MEDIA),
        (saying("503 Service Unavailable"), Cause.SESSIONS_FULL),
        (saying("302 Found", "Location: http://elsewhere.invalid/cam"), Cause.UNSUPPORTED),
        (saying("302 Found"), Cause.UNSUPPORTED),
        (saying("200 OK", "Content-Type: text/html", body=b"<html>"), Cause.UNSUPPORTED),
        (saying("200 OK", "Content-Type: image/jpeg", body=b"<html>"), Cause.UNSUPPORTED),
        (saying("200 OK", "Content-Type: multipart/x-mixed-replace"), Cause.NO_MEDIA),
    ],
)
async def test_a_refusal_tells_its_cause(script: Script, cause: Cause, decoder: Decoder) -> None:
    sample = await played(script, decoder)
    assert (sample.state, sample.cause) == (State.DOWN, cause)


@concurrently
async def test_a_wrong_password_is_sent_once(decoder: Decoder) -> None:
    async with serving(Camera(saying("401 Unauthorized", DIGEST, body=b"no"))) as camera:
        sample = await probed(camera, decoder)
    assert sample.cause is Cause.AUTH_FAILED
    assert "p@: w" not in sample.detail
    assert len(camera.asked) == 2


async def silence(_visitor: Visitor, _asked: Asked) -> None:
    """Read the request and send nothing."""


async def hanging_up(visitor: Visitor, _asked: Asked) -> None:
    visitor.close()


async def garbage(visitor: Visitor, _asked: Asked) -> None:
    await visitor.send(b"RTSP/1.0 400 Bad Request\r\n\r\n")


async def endless_header(visitor: Visitor, _asked: Asked) -> None:
    await visitor.send(b"HTTP/1.1 200 OK\r\nX: ")
    while True:
        await visitor.send(b"y" * 60_000)


async def endless_part(visitor: Visitor, _asked: Asked) -> None:
    await visitor.send(MULTIPART + b"--frame\r\nContent-Type: image/jpeg\r\n\r\n\xff\xd8\xff")
    while True:
        await visitor.send(bytes(500_000))
        await asyncio.sleep(0.01)


async def endless_still(visitor: Visitor, _asked: Asked) -> None:
    await visitor.send(b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n\r\n\xff\xd8\xff")
    while True:
        await visitor.send(bytes(500_000))
        await asyncio.sleep(0.01)


async def noise_after_pictures(visitor: Visitor, _asked: Asked) -> None:
    await visitor.send(MULTIPART + b"".join(map(part, pictures()[:5])) + b"\x00" * 100_000)


async def cut_off_still(visitor: Visitor, _asked: Asked) -> None:
    jpeg = pictures()[0]
    await visitor.send(response("200 OK", "Content-Type: image/jpeg", body=jpeg[:-500], length=len(jpeg)))
    visitor.close()


async def still_without_content(visitor: Visitor, _asked: Asked) -> None:
    await visitor.send(response("200 OK", "Content-Type: image/jpeg", length=500))
    visitor.close()


async def head_alone(visitor: Visitor, _asked: Asked) -> None:
    await visitor.send(MULTIPART)


async def still_that_stops(visitor: Visitor, _asked: Asked) -> None:
    jpeg = pictures()[0]
    await visitor.send(response("200 OK", "Content-Type: image/jpeg", body=jpeg[:-500], length=len(jpeg)))


@concurrently
@pytest.mark.parametrize(
    ("script", "cause", "detail"),
    [
        (silence, Cause.TIMEOUT, "no answer within"),
        (hanging_up, Cause.REFUSED, "closed the connection"),
        (garbage, Cause.WRONG_PROTOCOL, "what came is not HTTP: it begins with "),
        (endless_header, Cause.WRONG_PROTOCOL, "what came is not proper HTTP: a line is over the limit"),
        (endless_part, Cause.NO_MEDIA, "limit"),
        (endless_still, Cause.NO_MEDIA, "limit"),
        (noise_after_pictures, Cause.NO_MEDIA, "broken"),
        (cut_off_still, Cause.UNDECODABLE, "cut off"),
        (still_without_content, Cause.NO_MEDIA, "cut off"),
        (head_alone, Cause.NO_MEDIA, "no picture came"),
        (still_that_stops, Cause.NO_MEDIA, "no whole picture"),
        (streaming(pictures()[0][:-500]), Cause.UNDECODABLE, "cut off"),
        (streaming(pictures()[0][:300]), Cause.NO_MEDIA, "cut off"),
        (streaming(b"\x89PNG", media_type="image/png"), Cause.NO_MEDIA, "image/png"),
    ],
)
async def test_what_goes_wrong_on_the_wire_tells_its_cause(
    script: Script, cause: Cause, detail: str, decoder: Decoder
) -> None:
    sample = await played(script, decoder, timeout_s=3)
    assert (sample.state, sample.cause) == (State.DOWN, cause)
    assert detail in sample.detail


def one_by_one(
    head: str, mark: bytes = b"", *, length: str = "", close: bool = False, silent: bool = False
) -> Script:
    """Return a script that answers with `head`, and then streams pictures.

    With `close` it sends a single one and closes; with `silent` it sends a single one, and nothing more.
    """

    async def stream(visitor: Visitor, _asked: Asked) -> None:
        lengths = [f"Content-Length: {length}"] if length else []
        await visitor.send("\r\n".join(["HTTP/1.1 200 OK", head, *lengths, "", ""]).encode())
        number = len(visitor.camera.asked)
        while True:
            await visitor.send(mark + pictures()[number % len(pictures())])
            if close:
                visitor.close()
            if close or silent:
                return
            number += 1
            await asyncio.sleep(0.1)

    return stream


MARK = b"\r\n--frame\r\nContent-Type: image/jpeg\r\n\r\n"
MIXED = "Content-Type: multipart/x-mixed-replace;boundary=frame"


async def still_called_multipart(visitor: Visitor, asked: Asked) -> None:
    await stills(media_type="multipart/x-mixed-replace;boundary=x")(visitor, asked)


async def still_in_a_part(visitor: Visitor, _asked: Asked) -> None:
    await visitor.send(response("200 OK", MIXED, body=part(pictures()[len(visitor.camera.asked) % 50])))


@concurrently
@pytest.mark.parametrize(
    "script",
    [
        one_by_one("Content-Type: image/jpeg", MARK),
        one_by_one("Content-Type: text/html", MARK),
        one_by_one("X: no type"),
        one_by_one("Content-Type: image/jpeg"),
        one_by_one("Content-Type: video/x-motion-jpeg"),
        one_by_one("Content-Type: multipart/x-mixed-replace"),
        one_by_one("Content-Type: multipart/x-mixed-replace", MARK),
        one_by_one(MIXED, MARK, length="-1"),
        one_by_one(MIXED, MARK, length="0"),
        one_by_one(MIXED, MARK, length="unknown"),
        one_by_one(MIXED + "\r\nTransfer-Encoding: chunked", MARK),
        one_by_one("Content-Type: image/jpeg", close=True),
        one_by_one("Content-Type: image/jpeg", length="-1", close=True),
        one_by_one("Content-Type: image/jpeg", length="500000", silent=True),
        one_by_one(MIXED, close=True),
        one_by_one("Content-Type: image/jpeg", MARK, close=True),
        stills(media_type="text/plain"),
        still_called_multipart,
        still_in_a_part,
        streaming(*(jpeg[:-2] for jpeg in pictures())),
    ],
)
async def test_what_the_bytes_are_decides_and_not_what_the_header_claims(script: Script, decoder: Decoder) -> None:
    sample = await played(script, decoder, seconds=3)
    assert (is_healthy(sample), sample.codec) == (True, "mjpeg"), sample


@concurrently
async def test_a_url_that_looks_like_a_playlist_may_give_pictures(decoder: Decoder) -> None:
    async with serving(Camera(streaming(*pictures()))) as camera:
        configured = Configured(id="camera", url=camera.url + "/live.m3u8", timeout_s=10)
        sample = (await OneShotProbe(configured, decoder, SystemClock()).run(0.5)).sample
    assert (is_healthy(sample), sample.codec) == (True, "mjpeg"), sample


@concurrently
async def test_stills_without_a_length_on_a_connection_that_stays_open_are_ok(decoder: Decoder) -> None:
    async with serving(Camera(one_by_one("Content-Type: image/jpeg", silent=True))) as camera:
        sample = await probed(camera, decoder, seconds=9)
    assert is_healthy(sample), sample
    assert len(camera.asked) >= 2


@concurrently
async def test_an_empty_line_too_many_after_a_still_is_passed_over(decoder: Decoder) -> None:
    async def careless(visitor: Visitor, asked: Asked) -> None:
        await stills()(visitor, asked)
        await asyncio.sleep(0.05)
        await visitor.send(b"\r\n")

    async with serving(Camera(careless)) as camera:
        sample = await probed(camera, decoder, seconds=3.5)
    assert is_healthy(sample), sample
    assert len(camera.asked) >= 2


@concurrently
async def test_a_single_picture_is_asked_for_again(decoder: Decoder) -> None:
    async with serving(Camera(one_by_one(MIXED, close=True))) as camera:
        sample = await probed(camera, decoder, seconds=3.5)
    assert is_healthy(sample), sample
    assert 2 <= len(camera.asked) <= 6


@concurrently
async def test_cookies_go_along(decoder: Decoder) -> None:
    async def checked(visitor: Visitor, asked: Asked) -> None:
        if asked.headers.get("cookie") == "id=7; seen=1":
            await stills()(visitor, asked)
        else:
            cookies = ("Set-Cookie: id=7; Path=/; HttpOnly", "Set-Cookie: seen=1")
            await visitor.send(response("302 Found", "Location: /cam?cookies=1", *cookies))

    sample = await played(checked, decoder, seconds=1.5)
    assert is_healthy(sample), sample


@concurrently
async def test_a_jpeg_of_nothing_but_its_frame_is_undecodable(decoder: Decoder) -> None:
    sample = await played(streaming(b"\xff\xd8\xff" + bytes(500) + b"\xff\xd9"), decoder, seconds=4, timeout_s=6)
    assert sample.cause is Cause.UNDECODABLE


@concurrently
async def test_nobody_listens(decoder: Decoder) -> None:
    async with serving(Camera(silence)) as camera:
        pass
    assert (await probed(camera, decoder)).cause is Cause.REFUSED


@concurrently
async def test_a_redirect_on_the_same_host_is_followed_with_the_password(decoder: Decoder) -> None:
    async def moved(visitor: Visitor, asked: Asked) -> None:
        if asked.path == "/cam":
            await visitor.send(response("301 Moved", "Location: new?x=1"))
        else:
            await guarded(DIGEST, stills())(visitor, asked)

    async with serving(Camera(moved)) as camera:
        sample = await probed(camera, decoder)
    assert is_healthy(sample), sample
    assert camera.asked[1].path == "/new?x=1"


@concurrently
async def test_a_redirect_without_end_is_given_up(decoder: Decoder) -> None:
    async with serving(Camera(saying("307 Temporary Redirect", "Location: /cam"))) as camera:
        sample = await probed(camera, decoder)
    assert sample.cause is Cause.UNSUPPORTED
    assert len(camera.asked) <= 5


@concurrently
async def test_a_redirect_to_another_host_gets_no_visit(decoder: Decoder) -> None:
    async with serving(Camera(stills())) as other:
        location = f"Location: http://localhost:{other.port}/cam"
        sample = await played(saying("302 Found", location), decoder)
    assert sample.cause is Cause.UNSUPPORTED
    assert "localhost" in sample.detail
    assert not other.asked


@concurrently
async def test_a_kept_connection_that_the_camera_has_closed_is_made_anew(decoder: Decoder) -> None:
    async def once(visitor: Visitor, asked: Asked) -> None:
        await stills()(visitor, asked)
        visitor.close()

    async with serving(Camera(once)) as camera:
        sample = await probed(camera, decoder, seconds=2.5)
    assert is_healthy(sample), sample
    assert camera.connections == len(camera.asked) >= 2

"""Each cause, from the wire to the one-shot probe's sample."""

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio
from pydantic import SecretStr

from pantau_agent.assessment.camera_memory import CameraMemory
from pantau_agent.assessment.observation import Observation
from pantau_agent.clock import SystemClock
from pantau_agent.config import Camera as Configured
from pantau_agent.picture.decoder import Decoder
from pantau_agent.streams.keep_alive import KeepAlive
from pantau_agent.watching.one_shot import OneShotProbe
from pantau_contract.states import Cause, State
from tests.agent.concurrent_tests import ConcurrentTests
from tests.agent.rtsp.footage import access_units
from tests.agent.rtsp.scripted import (
    Asked,
    Camera,
    Handler,
    Visitor,
    footage,
    interleaved,
    never,
    packets_of,
    rtp,
    saying,
    serving,
    usual,
)
from tests.agent.slow_machine import is_healthy

LONG = b"m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
SENDER_REPORT = struct.pack("!BBHIIIIII", 0x80, 200, 6, 7, 3_990_000_000, 0, 0, 1, 1)


pytestmark = pytest.mark.asyncio(loop_scope="module")
concurrently = ConcurrentTests("decoder")


@pytest_asyncio.fixture(loop_scope="module", scope="module", autouse=True)
async def all_at_once(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    async with Decoder(SystemClock()) as decoder, concurrently.running(request, decoder=decoder):
        yield


async def probed(
    camera: Camera,
    decoder: Decoder,
    *,
    seconds: float = 0.5,
    timeout_s: float = 10,
    allow_basic: bool = False,
) -> Observation:
    async with serving(camera):
        configured = Configured(
            id=f"camera{camera.port}",
            url=camera.url,
            user="u",
            password=SecretStr("p"),
            timeout_s=timeout_s,
            allow_basic=allow_basic,
        )
        return await OneShotProbe(configured, decoder, SystemClock()).run(seconds)


def sending(*packets: bytes, channel: int = 0, every_s: float = 0.05) -> Callable[[Visitor], Awaitable[None]]:
    """Return media that repeats these packets, with increasing sequence numbers and timestamps."""

    async def send(visitor: Visitor) -> None:
        sequence = timestamp = 0
        while True:
            for packet in packets:
                head = struct.pack("!HI", sequence & 0xFFFF, timestamp)
                sent = packet if channel else packet[:2] + head + packet[8:]
                visitor.writer.write(interleaved(sent, channel))
                sequence += 1
            timestamp += int(every_s * 90000)
            await visitor.writer.drain()
            await asyncio.sleep(every_s)

    return send


async def endless_keyframe(visitor: Visitor) -> None:
    for sequence in range(1_000_000):
        visitor.writer.write(interleaved(rtp(sequence, 0, b"\x7c\x05" + bytes(60_000))))
        await visitor.writer.drain()
        await asyncio.sleep(0.001)


@concurrently
async def test_a_working_camera(decoder: Decoder) -> None:
    observation = await probed(
        Camera(media=footage()), decoder, seconds=6
    )  # a busy machine sees two keyframes of one a second in it
    sample = observation.sample
    assert is_healthy(sample), sample
    assert (sample.codec, sample.width, sample.height, sample.transport) == ("h264", 128, 96, "tcp")
    assert sample.fps is not None
    assert sample.fps > 0  # how many arrive in a window depends on the machine's load
    assert sample.keyframe_interval_s == pytest.approx(1.0, abs=0.1)  # by the stream's own time
    assert sample.rtp_loss_pct == 0
    assert sample.first_keyframe_ms is not None
    assert sample.first_packet_ms is not None
    assert sample.connect_ms is not None
    assert 0 < sample.connect_ms < sample.first_packet_ms <= sample.first_keyframe_ms
    assert observation.snapshot is not None
    assert observation.snapshot[:2] == b"\xff\xd8"


@pytest.mark.parametrize(
    ("method", "status", "cause"),
    [
        ("DESCRIBE", "404 Not Found", Cause.NOT_FOUND),
        ("DESCRIBE", "403 Forbidden", Cause.AUTH_FAILED),
        ("DESCRIBE", "500 Internal Server Error", Cause.NO_MEDIA),
        ("SETUP", "453 Not Enough Bandwidth", Cause.SESSIONS_FULL),
        ("SETUP", "503 Service Unavailable", Cause.SESSIONS_FULL),
        ("SETUP", "400 Bad Request", Cause.NOT_FOUND),
        ("PLAY", "454 Session Not Found", Cause.NO_MEDIA),
        ("SETUP", "454 Session Not Found", Cause.NO_MEDIA),
        ("SETUP", "461 Unsupported Transport", Cause.UNSUPPORTED),
        ("SETUP", "406 Not Acceptable", Cause.UNSUPPORTED),
        ("DESCRIBE", "551 Option not supported", Cause.UNSUPPORTED),
    ],
)
@concurrently
async def test_an_answer_and_its_cause(method: str, status: str, cause: Cause, decoder: Decoder) -> None:
    sample = (await probed(Camera({method: saying(status)}), decoder)).sample
    assert (sample.state, sample.cause) == (State.DOWN, cause)
    assert status[:3] in sample.detail


@concurrently
async def test_a_refusal_after_the_password_was_taken_means_that_all_sessions_are_taken(decoder: Decoder) -> None:
    challenge = saying("401 Unauthorized", 'WWW-Authenticate: Basic realm="Login to 3G0"')

    def describe(visitor: Visitor, asked: Asked) -> object:
        return (usual if "Authorization" in asked.headers else challenge)(visitor, asked)

    camera = Camera({"DESCRIBE": describe, "SETUP": challenge})  # type: ignore[dict-item] # it answers in bytes
    assert (await probed(camera, decoder, allow_basic=True)).sample.cause is Cause.SESSIONS_FULL


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.0 400 Bad Request\r\n\r\n", b"220 mail.example.org ESMTP\r\n", b"\xff\xfb"]
)
@concurrently
async def test_what_is_not_rtsp(answer: bytes, decoder: Decoder) -> None:
    sample = (await probed(Camera({"OPTIONS": lambda *_: answer}), decoder)).sample
    assert (sample.state, sample.cause) == (State.DOWN, Cause.WRONG_PROTOCOL)


@pytest.mark.parametrize(
    ("challenge", "expected_detail"),
    [
        ('Basic realm="gate"', "it wants the password in clear (Basic), so it was not sent"),
        ('Digest realm="gate", nonce="n"', "user and password that are set"),
        ("NTLM", "it offers ntlm, not Digest or Basic"),
        ("Bearer", "it offers bearer, not Digest or Basic"),
    ],
)
@concurrently
async def test_a_refused_password_and_a_scheme_that_is_not_spoken(
    challenge: str, expected_detail: str, decoder: Decoder
) -> None:
    camera = Camera({"DESCRIBE": saying("401 Unauthorized", f"WWW-Authenticate: {challenge}")})
    sample = (await probed(camera, decoder)).sample
    assert (sample.state, sample.cause) == (State.DOWN, Cause.AUTH_FAILED)
    assert expected_detail in sample.detail


async def header_without_end(visitor: Visitor, _asked: Asked) -> None:
    visitor.writer.write(b"RTSP/1.0 200 OK\r\nX: ")
    with contextlib.suppress(ConnectionError):
        for _ in range(2 << 10):
            visitor.writer.write(b"y" * (1 << 20))
            await visitor.writer.drain()


def tracks(count: int, line: bytes = b"m=video 0 RTP/AVP 96\r\n") -> bytes:
    return b"v=0\r\n" + line * count


@pytest.mark.parametrize(
    ("handlers", "cause", "expected_detail"),
    [
        ({"OPTIONS": header_without_end}, Cause.WRONG_PROTOCOL, "over the limit of 8192 bytes"),
        ({"DESCRIBE": saying("200 OK", body=tracks(10_000))}, Cause.UNSUPPORTED, "more than 64 tracks"),
        (
            {"DESCRIBE": saying("200 OK", body=tracks(10_000, LONG))},
            Cause.WRONG_PROTOCOL,
            "over the limit of 262144",
        ),
    ],
    ids=["a header line of 2 GB", "10,000 tracks", "10,000 tracks, each with its format"],
)
@concurrently
async def test_what_is_over_a_limit_is_cut_there_and_told(
    handlers: dict[str, Handler], cause: Cause, expected_detail: str, decoder: Decoder
) -> None:
    sample = (await probed(Camera(handlers), decoder)).sample
    assert (sample.state, sample.cause) == (State.DOWN, cause)
    assert expected_detail in sample.detail


@concurrently
async def test_silence(decoder: Decoder) -> None:
    assert (await probed(Camera({"OPTIONS": never}), decoder, timeout_s=2)).sample.cause is Cause.TIMEOUT


@pytest.mark.parametrize(
    ("media", "remark"),
    [
        (None, "no packet"),
        (sending(SENDER_REPORT, channel=1), "RTCP"),
        (sending(b"\x80\x60abc"), "no RTP"),
        (sending(rtp(0, 0, b"\x67\x42\x00\x1f", marker=True)), "no picture is complete"),
        (sending(rtp(0, 0, b"\x41\x9a\x00\x00", marker=True)), "no keyframe"),
        (endless_keyframe, "over the limit of 8 MB"),
    ],
    ids=["nothing", "only RTCP", "no RTP", "only parameter sets", "no keyframe", "a keyframe without end"],
)
@concurrently
async def test_play_and_nothing_to_be_seen(
    media: Callable[[Visitor], Awaitable[None]] | None, remark: str, decoder: Decoder
) -> None:
    sample = (await probed(Camera(media=media), decoder, timeout_s=3)).sample
    assert (sample.state, sample.cause) == (State.DOWN, Cause.NO_MEDIA)
    assert remark in sample.detail


@concurrently
async def test_a_stream_that_stops(decoder: Decoder) -> None:
    sample = (await probed(Camera(media=footage(frames=30)), decoder, seconds=6)).sample
    assert sample.cause is Cause.STALLED
    assert (sample.codec, sample.width) == ("h264", 128)


@concurrently
async def test_a_camera_that_hangs_up_in_mid_stream(decoder: Decoder) -> None:
    async def hang_up(visitor: Visitor) -> None:
        await footage(frames=10)(visitor)
        visitor.writer.close()

    sample = (await probed(Camera(media=hang_up), decoder, seconds=3)).sample
    assert sample.cause is Cause.STALLED
    assert "closed the connection" in sample.detail


@concurrently
async def test_pictures_that_cannot_be_decoded(decoder: Decoder) -> None:
    media = sending(rtp(0, 0, b"\x65\x88" + bytes(200), marker=True))
    assert (await probed(Camera(media=media), decoder, timeout_s=6)).sample.cause is Cause.UNDECODABLE


@concurrently
async def test_pictures_that_are_encrypted(decoder: Decoder) -> None:
    sps, pps, *_ = access_units()[0]
    media = sending(rtp(0, 0, sps), rtp(0, 0, pps), rtp(0, 0, b"\x65\x31" + bytes(range(1, 200)), marker=True))
    assert (await probed(Camera(media=media), decoder, timeout_s=6)).sample.cause is Cause.ENCRYPTED


@concurrently
async def test_lost_packets(decoder: Decoder) -> None:
    async def lossy(visitor: Visitor) -> None:
        sequence = 0
        for number in range(1000):
            for packet in packets_of(access_units()[number % 100], sequence, number * 3600):
                if sequence % 9 != 7:
                    visitor.writer.write(interleaved(packet))
                sequence += 1
            await asyncio.sleep(0.04)

    sample = (await probed(Camera(media=lossy), decoder, seconds=2)).sample
    assert (sample.state, sample.cause) == (State.DEGRADED, Cause.PACKET_LOSS)
    assert sample.rtp_loss_pct == pytest.approx(11, abs=4)


@concurrently
async def test_a_clock_that_is_wrong(decoder: Decoder) -> None:
    async def both(visitor: Visitor) -> None:
        visitor.writer.write(interleaved(SENDER_REPORT, 1))
        await footage()(visitor)

    sample = (await probed(Camera(media=both), decoder, seconds=1.5)).sample
    assert (sample.state, sample.cause) == (State.DEGRADED, Cause.CLOCK_WRONG)
    assert sample.clock_offset_s is not None


@concurrently
async def test_every_look_ends_with_teardown_and_one_session_at_most(decoder: Decoder) -> None:
    async with serving(Camera(media=footage())) as camera:
        probe = OneShotProbe(Configured(id="teardown", url=camera.url), decoder, SystemClock())
        for _ in range(2):
            await probe.run(0.5)
        assert camera.count("TEARDOWN") == camera.connections == 2


@concurrently
async def test_a_probe_begins_with_the_sign_of_life_that_is_known_to_work(decoder: Decoder) -> None:
    memory = CameraMemory(keep_alive=KeepAlive("SET_PARAMETER", proven=True, timeout_s=1.0))
    camera = Camera(media=footage())
    async with serving(camera):
        configured = Configured(id="camera", url=camera.url, timeout_s=10)
        await OneShotProbe(configured, decoder, SystemClock(), memory=memory).run(1.5)
    alive = [method for method in camera.methods() if method.endswith("_PARAMETER") or method == "OPTIONS"]
    assert alive[1] == "SET_PARAMETER"

import asyncio
import re
import socket
import struct
import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise

import pytest

from pantau_simcam import CameraSpec, Counts, FaultSetting, Simcam
from pantau_simcam.camera import Camera
from pantau_simcam.footage.footage import Footage, Picture
from pantau_simcam.footage.library import Library
from pantau_simcam.footage.take import Take
from pantau_simcam.pacer import Pacer
from pantau_simcam.rtsp.carriers import InterleavedCarrier
from pantau_simcam.rtsp.video import VideoStream
from tests.simcam.rtsp_client import Client, RtpPacket, until
from tests.simcam.small import FPS, spec

GOP_S = 0.5


@pytest.fixture
async def simcam() -> AsyncIterator[Simcam]:
    async with Simcam(
        [spec("gate", gop_s=GOP_S), spec("brief", session_timeout_s=1), spec("patient", session_timeout_s=600)]
    ) as simcam:
        yield simcam


async def test_sessions_are_counted_from_setup_to_teardown(simcam: Simcam) -> None:
    counts = simcam.counts("gate")
    async with Client(simcam.url("gate")) as one, Client(simcam.url("gate")) as other:
        assert counts == Counts()
        await one.setup()
        await other.play()
        assert (counts.open, counts.highest) == (2, 2)
        for client in (one, other):
            assert (await client.request("TEARDOWN", Session=client.session)).status == 200
            assert (await client.request("TEARDOWN", Session=client.session)).status == 454
    await asyncio.sleep(0.1)
    assert counts == Counts(open=0, highest=2, total=2, teardowns=2)


async def test_a_client_that_goes_without_teardown_is_counted_as_such(simcam: Simcam) -> None:
    async with Client(simcam.url("gate")) as client:
        await client.play()
    counts = simcam.counts("gate")
    await until(lambda: counts.open == 0)
    assert (counts.teardowns, counts.abandoned) == (0, 1)


async def test_a_session_without_requests_ends_at_its_timeout(simcam: Simcam) -> None:
    counts = simcam.counts("brief")
    async with Client(simcam.url("brief")) as client:
        assert (await client.setup()).header("Session").endswith(";timeout=1")
        await client.request("PLAY", Session=client.session)
        await client.end()
    assert (counts.open, counts.expired, counts.abandoned) == (0, 1, 0)


async def test_any_request_within_the_timeout_keeps_the_session(simcam: Simcam) -> None:
    counts = simcam.counts("patient")
    async with Client(simcam.url("patient")) as client:
        await client.play()
        (connection,) = simcam._connections
        (session,) = connection._sessions.values()
        for method in ("OPTIONS", "GET_PARAMETER", "SET_PARAMETER", "PLAY"):
            session.touched -= 500
            before = session.touched
            assert (await client.request(method, Session=client.session)).status == 200
            assert session.touched > before
        connection.expire(session.touched + 600)
        assert counts.expired == 0
        connection.expire(session.touched + 600.1)
        assert counts.expired == 1


async def test_both_tracks_are_of_one_session_and_each_is_set_up_once() -> None:
    async with Simcam([spec("gate", audio=True), spec("mute")]) as simcam, Client(simcam.url("gate")) as client:
        await client.setup()
        audio = f"{simcam.url('gate')}/trackID=2"
        transport = "RTP/AVP/TCP;unicast;interleaved=2-3"
        assert (await client.request("SETUP", audio, Transport=transport, Session=client.session)).status == 200
        assert (await client.request("SETUP", audio, Transport=transport, Session=client.session)).status == 455
        info = (await client.request("PLAY", Session=client.session)).header("RTP-Info")
        assert info.count("trackID=1;seq=") == info.count("trackID=2;seq=") == 1
        sound = RtpPacket.of(await client.packet(channel=2))
        following = RtpPacket.of(await client.packet(channel=2))
        assert (sound.kind, len(sound.payload)) == (8, 160)
        assert (following.timestamp - sound.timestamp) & 0xFFFFFFFF == 160
        assert (await client.rtp()).kind == 96
        assert simcam.counts("gate") == Counts(open=1, highest=1, total=1, audio=1)
        assert (
            await client.request("SETUP", f"{simcam.url('mute')}/trackID=2", Transport=transport)
        ).status == 404
        simcam.set_fault("gate", "stall")
        while not await client.quiet():
            pass


async def test_packets_count_up_and_pictures_are_on_time(simcam: Simcam) -> None:
    async with Client(simcam.url("gate")) as client:
        info = (await client.play()).header("RTP-Info")
        packets = [await client.rtp()]
        promised = re.search(rf"seq={packets[0].sequence};rtptime=(\d+)", info)
        assert promised is not None
        late = (packets[0].timestamp - int(promised[1])) & 0xFFFFFFFF
        assert late % (90_000 / FPS) == 0, "a busy machine leaves out whole pictures at the beginning too"
        assert packets[0].payload[0] & 31 == 7, "it begins with the parameter sets of a keyframe"
        while sum(packet.marker for packet in packets) < 12:
            packets.append(await client.rtp())
    assert {(packet.kind, packet.ssrc) for packet in packets} == {(96, packets[0].ssrc)}
    steps = [(b.sequence - a.sequence) & 0xFFFF for a, b in pairwise(packets)]
    assert set(steps) == {1}
    times = [packet.timestamp for packet in packets if packet.marker]
    steps = [(b - a) & 0xFFFFFFFF for a, b in pairwise(times)]
    assert all(step % (90_000 / FPS) == 0 for step in steps), "a late picture is left out, none is put off"


async def test_each_new_session_begins_with_the_keyframe_of_the_time(simcam: Simcam) -> None:
    first = await first_picture(simcam.url("gate"))
    await asyncio.sleep(GOP_S + 0.1)
    assert await first_picture(simcam.url("gate")) != first, "two short looks must not see the same picture"


async def first_picture(url: str) -> bytes:
    async with Client(url) as client:
        await client.play()
        picture = b""
        while True:
            packet = await client.rtp()
            picture += packet.payload
            if packet.marker:
                return picture


async def test_a_sender_report_tells_the_time_at_a_timestamp_and_teardown_says_goodbye(simcam: Simcam) -> None:
    before_s = time.time()
    async with Client(simcam.url("gate")) as client:
        await client.play()
        first = await client.rtp()
        report = await client.packet(channel=1)
        version, kind, length, ssrc, ntp, timestamp, packets, octets = struct.unpack(">BBHIQIII", report[:28])
        assert (version, kind, length, ssrc) == (0x80, 200, 6, first.ssrc)
        after_s = time.time()
        assert before_s - 1 <= ntp / (1 << 32) - 2_208_988_800 <= after_s + 1
        assert (timestamp - first.timestamp) & 0xFFFFFFFF <= 90_000 * (after_s - before_s + 1)
        assert packets > 0
        assert octets > 0
        assert report[28:30] == b"\x81\xca", "followed by the source's name"
        await client.request("TEARDOWN", Session=client.session)
        assert (await client.packet(channel=1))[:2] == b"\x81\xcb"


class ReadyLibrary(Library):
    """A library with footage of two pictures: a keyframe of two packets and another picture of one."""

    def ready(self, take: Take) -> Footage:
        pictures = (
            Picture.of([b"\x67key", b"\x65key"], keyframe=True),
            Picture.of([b"\x41other"], keyframe=False),
        )
        return Footage(take, pictures)


class Wire:
    """A carrier that keeps what is sent."""

    def __init__(self) -> None:
        self.full = False
        self.sent: list[RtpPacket] = []
        self.control: list[bytes] = []

    def congested(self) -> bool:
        return self.full

    def send(self, packets: Iterable[bytes]) -> None:
        self.sent += map(RtpPacket.of, packets)

    def send_control(self, packet: bytes) -> None:
        self.control.append(packet)


def playing(camera: Camera, wire: Wire) -> VideoStream:
    stream = VideoStream(camera, wire, ReadyLibrary(), now=100, wall=lambda: 1_800_000_000)
    stream.play(100)
    return stream


def test_a_client_that_does_not_keep_up_misses_whole_pictures_and_goes_on_with_a_keyframe() -> None:
    wire = Wire()
    stream = playing(Camera(CameraSpec("gate", fps=10)), wire)
    due = 100.0
    for step in range(6):
        wire.full = step in {1, 2}
        due = stream.step(due) or 0
        assert due == pytest.approx(100 + (step + 1) / 10)
    began = wire.sent[0].timestamp
    pictures = [((p.timestamp - began) & 0xFFFFFFFF, p.payload) for p in wire.sent if p.marker]
    assert pictures == [(0, b"\x65key"), (27_000, b"\x65key"), (36_000, b"\x41other"), (45_000, b"\x65key")]
    sequences = [packet.sequence for packet in wire.sent]
    assert sequences == list(range(sequences[0], sequences[0] + len(sequences))), "left out is not lost"


async def test_a_client_that_reads_nothing_is_seen_to_be_congested() -> None:
    near, far = socket.socketpair()
    with far:
        _, writer = await asyncio.open_connection(sock=near)
        carrier = InterleavedCarrier(writer.transport, 0, 1)
        carrier.send([bytes(1400)])
        assert not carrier.congested()
        async with asyncio.timeout(60):
            while not carrier.congested():
                carrier.send([bytes(1400)] * 20)
                await asyncio.sleep(0)
        assert writer.transport.get_write_buffer_size() < 1 << 20
        writer.transport.abort()


def test_a_process_that_was_stopped_goes_on_at_the_present_time() -> None:
    wire = Wire()
    stream = playing(Camera(CameraSpec("gate", fps=10)), wire)
    stream.step(100)
    assert stream.step(130) == pytest.approx(130.1)
    assert (wire.sent[-1].timestamp - wire.sent[0].timestamp) & 0xFFFFFFFF == 30 * 90_000


def test_a_report_comes_every_five_seconds_and_at_once_when_the_clock_is_set_wrong() -> None:
    wire, camera = Wire(), Camera(CameraSpec("gate", fps=10))
    stream = playing(camera, wire)
    due = 100.0
    while due < 109.95:
        due = stream.step(due) or 0
    assert len(wire.control) == 2
    camera.set_fault(FaultSetting.of("wrong_clock", {"seconds": -3600}), due)
    stream.step(due)
    (told,) = struct.unpack(">Q", wire.control[-1][8:16])
    assert len(wire.control) == 3
    assert told / (1 << 32) - 2_208_988_800 == pytest.approx(1_800_000_000 - 3600)


def test_as_many_packets_are_lost_as_asked() -> None:
    wire, camera = Wire(), Camera(CameraSpec("gate", fps=10))
    stream = playing(camera, wire)
    camera.set_fault(FaultSetting.of("loss", {"percent": 20}), 100)
    due = 100.0
    for _ in range(2000):
        due = stream.step(due) or 0
    assert 2300 < len(wire.sent) < 2500, "of 3000; that is 4.5 standard deviations either way"
    assert (stream.numbers.sequence - wire.sent[0].sequence) & 0xFFFF in range(2990, 3001)


def test_nothing_is_sent_after_the_end() -> None:
    wire = Wire()
    stream = playing(Camera(CameraSpec("gate", fps=10)), wire)
    stream.end()
    assert stream.step(100) is None
    assert not wire.sent


def test_one_timer_serves_every_step_at_its_time() -> None:
    loop = FakeLoop()
    pacer = Pacer(loop)  # type: ignore[arg-type] # all that it needs of a loop
    called: list[tuple[str, float]] = []

    def every(name: str, interval: float, times: int) -> Callable[[float], float | None]:
        left = iter(range(times - 1, -1, -1))

        def step(now: float) -> float | None:
            called.append((name, round(now, 3)))
            return now + interval if next(left) else None

        return step

    pacer.add(every("slow", 1.0, 2), 1.0)
    pacer.add(every("fast", 0.4, 3), 0.5)
    loop.run_until(10)
    assert called == [("fast", 0.5), ("fast", 0.9), ("slow", 1.0), ("fast", 1.3), ("slow", 2.0)]
    assert loop.wakeups == len(called), "no more wake-ups than there is work"


def test_a_step_that_fails_does_not_stop_the_others() -> None:
    loop = FakeLoop()
    pacer = Pacer(loop)  # type: ignore[arg-type] # all that it needs of a loop
    served: list[float] = []

    def broken(_: float) -> float | None:
        raise ZeroDivisionError

    def sound(now: float) -> float | None:
        served.append(now)
        return None

    pacer.add(broken, 1.0)
    pacer.add(sound, 1.0)
    with pytest.raises(ZeroDivisionError):
        loop.run_until(10)
    loop.run_until(10)
    assert len(served) == 1


@pytest.mark.parametrize(("behind_s", "late_s"), [(0.0, 0.0), (0.5, 0.0), (0.6, 0.6), (7.0, 7.0)])
def test_seconds_by_which_a_slow_machine_sends_late_add_up(behind_s: float, late_s: float) -> None:
    loop, called = FakeLoop(), list[float]()
    pacer = Pacer(loop)  # type: ignore[arg-type] # all that it needs of a loop
    for _ in range(2):
        pacer.add(called.append, loop.now)
        loop.now += behind_s
        loop.run_until(loop.now)
    assert len(called) == 2
    assert pacer.late_s == pytest.approx(2 * late_s)


class FakeLoop:
    """A loop whose time the test advances, with one pending timer."""

    def __init__(self) -> None:
        self.now = 0.0
        self.wakeups = 0
        self._timer: FakeTimer | None = None

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, callback: Callable[[], None]) -> "FakeTimer":
        self._timer = FakeTimer(when, callback)
        return self._timer

    def run_until(self, end: float) -> None:
        while self._timer is not None and not self._timer.cancelled and self._timer.due <= end:
            timer, self._timer = self._timer, None
            self.now = max(self.now, timer.due)
            self.wakeups += 1
            timer.callback()


@dataclass
class FakeTimer:
    due: float
    callback: Callable[[], None]
    cancelled: bool = False

    def when(self) -> float:
        return self.due

    def cancel(self) -> None:
        self.cancelled = True

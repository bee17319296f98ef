"""Each fault as a client sees it: on a running stream, on a new connection, and after its end."""

import asyncio
import struct
import time
from collections.abc import AsyncIterator, Callable

import av
import numpy as np
import pytest

from pantau_simcam import Codec, Fault, FaultError, Simcam, UnknownCameraError
from tests.simcam.rtsp_client import Client, until
from tests.simcam.small import spec


@pytest.fixture(params=[False])
async def simcam(request: pytest.FixtureRequest) -> AsyncIterator[Simcam]:
    """Cameras on one port, or with the parameter True on one port each."""
    cameras = [spec("gate", gop_s=0.3), spec("road", gop_s=0.3), spec("mjpeg", codec=Codec.MJPEG)]
    async with Simcam(cameras, port_per_camera=request.param) as simcam:
        await simcam.filmed()
        yield simcam


@pytest.fixture
async def gate(simcam: Simcam) -> AsyncIterator[Client]:
    """A client that watches `gate`."""
    async with Client(simcam.url("gate")) as client:
        await client.play()
        await client.rtp()
        yield client


async def silence(client: Client) -> None:
    """Read what is under way until nothing arrives for half a second."""
    async with asyncio.timeout(60):
        while not await client.quiet(0.5):
            pass


async def works(simcam: Simcam, camera: str = "gate") -> None:
    async with Client(simcam.url(camera)) as client:
        assert (await client.request("DESCRIBE")).status == 200
        await client.play()
        await client.rtp()
        await client.request("TEARDOWN", Session=client.session)


@pytest.mark.parametrize("fault", [Fault.STALL, Fault.NO_MEDIA])
async def test_without_packets_the_connection_stays_and_requests_are_answered(
    simcam: Simcam, gate: Client, fault: Fault
) -> None:
    simcam.set_fault("gate", fault)
    await silence(gate)
    assert (await gate.request("GET_PARAMETER", Session=gate.session)).status == 200
    async with Client(simcam.url("gate")) as new:
        await new.play()
        assert await new.quiet()
    simcam.clear("gate")
    assert (await gate.rtp()).payload[0] & 31 == 7, "it goes on with a keyframe"


async def test_a_stall_leaves_no_gap_in_the_sequence_but_one_in_time(simcam: Simcam, gate: Client) -> None:
    before = await gate.rtp()
    simcam.set_fault("gate", Fault.STALL)
    await asyncio.sleep(0.7)
    simcam.clear("gate")
    gap = 0
    async with asyncio.timeout(60):
        while gap < 0.5 * 90_000:
            packet = await gate.rtp()
            assert (packet.sequence - before.sequence) & 0xFFFF == 1
            gap = (packet.timestamp - before.timestamp) & 0xFFFFFFFF
            before = packet


async def test_silent_answers_nothing_any_more(simcam: Simcam, gate: Client) -> None:
    simcam.set_fault("gate", Fault.SILENT)
    await silence(gate)
    gate.send(f"GET_PARAMETER {gate.url} RTSP/1.0\r\nCSeq: 9\r\nSession: {gate.session}\r\n\r\n".encode())
    async with Client(simcam.url("gate")) as new:
        new.send(f"OPTIONS {gate.url} RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode())
        assert await new.quiet()
        assert await gate.quiet(0.1)
    simcam.clear("gate")
    await works(simcam)


async def test_garbage_breaks_into_the_stream_and_answers_everything(simcam: Simcam, gate: Client) -> None:
    simcam.set_fault("gate", Fault.GARBAGE)
    came = b""
    async with asyncio.timeout(60):
        while b"\x80\x81\x82\x83" not in came:
            came += await gate.raw()
    async with Client(simcam.url("gate")) as new:
        new.send(f"OPTIONS {gate.url} RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode())
        answer = await new.raw()
    assert answer
    assert b"RTSP" not in answer
    simcam.clear("gate")
    await works(simcam)


@pytest.mark.parametrize(
    ("fault", "method", "status"),
    [
        (Fault.UNAUTHORIZED, "DESCRIBE", 401),
        (Fault.NOT_FOUND, "DESCRIBE", 404),
        (Fault.FULL, "SETUP", 453),
    ],
)
async def test_an_error_status_ends_the_stream_and_answers_the_next(
    simcam: Simcam, gate: Client, fault: Fault, method: str, status: int
) -> None:
    simcam.set_fault("gate", fault)
    await gate.end()
    assert (simcam.counts("gate").open, simcam.counts("gate").ended) == (0, 1)
    async with Client(simcam.url("gate")) as new:
        assert (await new.request("OPTIONS")).status == 200
        answer = await (new.request("DESCRIBE") if method == "DESCRIBE" else new.setup())
        assert answer.status == status
    await works(simcam, "road")
    simcam.clear("gate")
    await works(simcam)


async def test_drop_closes_the_connection_once(simcam: Simcam, gate: Client) -> None:
    simcam.set_fault("gate", Fault.DROP)
    await gate.end()
    assert simcam.fault("gate") is None
    await works(simcam)


async def test_refuse_on_a_shared_port_closes_at_the_first_request(simcam: Simcam, gate: Client) -> None:
    simcam.set_fault("gate", Fault.REFUSE)
    await gate.end()
    async with Client(simcam.url("gate")) as new:
        with pytest.raises(EOFError):
            await new.request("OPTIONS")
    await works(simcam, "road")
    simcam.clear("gate")
    await works(simcam)


@pytest.mark.parametrize("simcam", [True], indirect=True)
async def test_refuse_with_a_port_per_camera_is_a_refusal_until_it_is_over(simcam: Simcam, gate: Client) -> None:
    port = simcam.port("gate")
    assert port != simcam.port("road")
    for _ in range(3):
        simcam.set_fault("gate", Fault.REFUSE)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
        await works(simcam, "road")
        simcam.clear("gate")
        await works(simcam)
    await gate.end()
    simcam.set_fault("gate", Fault.REFUSE)
    simcam.set_fault("gate", Fault.BLACK)
    await works(simcam)


@pytest.mark.parametrize("simcam", [True], indirect=True)
async def test_while_a_camera_refuses_no_other_program_gets_its_port(simcam: Simcam) -> None:
    simcam.set_fault("road", Fault.REFUSE)
    with pytest.raises(OSError, match="in use"):
        await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", simcam.port("road"))


async def keyframes(client: Client, count: int) -> list[bytes]:
    """Return the next complete keyframes of H.264."""
    found: list[bytes] = []
    unit = b""
    packet = await client.keyframe()
    while len(found) < count:
        payload = packet.payload
        if payload[0] & 31 == 28:
            start = bytes([payload[0] & 0xE0 | payload[1] & 0x1F]) if payload[1] & 0x80 else b""
            unit += start + payload[2:]
        else:
            unit = payload
        if packet.marker:
            found.append(unit)
            unit = b""
            packet = await client.keyframe()
        else:
            packet = await client.rtp()
    return found


async def test_a_frozen_camera_sends_the_same_keyframe_again_and_again(simcam: Simcam, gate: Client) -> None:
    one, other = await keyframes(gate, 2)
    assert one != other
    simcam.set_fault("gate", Fault.FREEZE)
    async with asyncio.timeout(60):
        while one != other:
            one, other = other, *await keyframes(gate, 1)
    simcam.clear("gate")
    async with asyncio.timeout(60):
        while one == other:
            one, other = other, *await keyframes(gate, 1)


async def pictures(url: str, count: int) -> list[av.VideoFrame]:
    """Return decoded pictures of a new session."""

    def decode() -> list[av.VideoFrame]:
        options = {"rtsp_transport": "tcp", "timeout": "60000000", "analyzeduration": "300000"}
        with av.open(url, options=options, timeout=60) as container:
            return [frame for frame, _ in zip(container.decode(video=0), range(count), strict=False)]

    return await asyncio.to_thread(decode)


def grey(frame: av.VideoFrame) -> np.ndarray:
    return frame.to_ndarray(format="gray8").astype(np.int16)


async def faulty(simcam: Simcam, fault: Fault, right: Callable[[list[av.VideoFrame]], object]) -> None:
    """Set the fault and wait until it shows: its footage must be made first."""
    simcam.set_fault("gate", fault)
    async with asyncio.timeout(60):
        while not right(await pictures(simcam.url("gate"), 6)):
            pass


async def test_black_shows_to_a_decoder(simcam: Simcam) -> None:
    assert grey((await pictures(simcam.url("gate"), 1))[0]).mean() > 60
    await faulty(simcam, Fault.BLACK, lambda seen: np.mean(grey(seen[-1]) < 26) > 0.97)


async def test_a_frozen_picture_stands_still_with_its_clock(simcam: Simcam) -> None:
    def still(seen: list[av.VideoFrame]) -> bool:
        return bool(abs(grey(seen[-1]) - grey(seen[0])).mean() < 2)

    assert not still(await pictures(simcam.url("gate"), 8))
    simcam.set_fault("gate", Fault.FREEZE)
    async with asyncio.timeout(60):
        while not still(await pictures(simcam.url("gate"), 8)):
            pass
    one, other = [grey((await pictures(simcam.url("gate"), 1))[0]) for _ in range(2)]
    assert (one == other).all(), "two looks see the same picture, to the last bit"


async def test_damaged_pictures_are_noticed_by_a_decoder(simcam: Simcam) -> None:
    assert not any(frame.is_corrupt for frame in await pictures(simcam.url("gate"), 6))
    await faulty(simcam, Fault.CORRUPT, lambda seen: any(frame.is_corrupt for frame in seen))


async def test_lost_packets_leave_gaps_in_the_sequence(simcam: Simcam, gate: Client) -> None:
    simcam.set_fault("gate", Fault.LOSS, percent=50)
    before = await gate.rtp()
    async with asyncio.timeout(60):
        while ((packet := await gate.rtp()).sequence - before.sequence) & 0xFFFF == 1:
            before = packet


async def test_low_fps_sends_fewer_pictures_that_are_true_to_time(simcam: Simcam, gate: Client) -> None:
    simcam.set_fault("gate", Fault.LOW_FPS, fps=2)
    before = await gate.rtp()
    async with asyncio.timeout(60):
        while ((packet := await gate.rtp()).timestamp - before.timestamp) & 0xFFFFFFFF != 45_000:
            before = packet


async def test_keyframes_come_as_seldom_as_asked(simcam: Simcam, gate: Client) -> None:
    simcam.set_fault("gate", Fault.SLOW_KEYFRAMES, seconds=1.5)
    before = await gate.keyframe()
    async with asyncio.timeout(60):
        while ((packet := await gate.keyframe()).timestamp - before.timestamp) & 0xFFFFFFFF != 1.5 * 90_000:
            before = packet


async def test_a_wrong_clock_is_told_at_once(simcam: Simcam, gate: Client) -> None:
    await gate.packet(channel=1)
    before_s = time.time()
    simcam.set_fault("gate", Fault.WRONG_CLOCK, seconds=-86_400)
    (ntp,) = struct.unpack(">Q", (await gate.packet(channel=1))[8:16])
    assert before_s - 1 <= ntp / (1 << 32) - 2_208_988_800 + 86_400 <= time.time() + 1


async def test_a_fault_of_one_camera_is_none_of_another(simcam: Simcam) -> None:
    async with Client(simcam.url("road")) as client:
        await client.play()
        for fault in Fault:
            simcam.set_fault("gate", fault)
        await client.rtp()
        await client.rtp()
    counts = simcam.counts("road")
    await until(lambda: counts.open == 0)
    assert counts.ended == 0


@pytest.mark.parametrize(
    ("camera", "fault", "parameters", "said"),
    [
        ("gate", "frozen", {}, "fault 'frozen' does not exist; it must be one of stall, freeze, black"),
        ("gate", "freeze", {"seconds": 3}, "fault 'freeze' takes no parameter, not 'seconds'"),
        ("gate", "loss", {"seconds": 3}, "fault 'loss' takes only 'percent', not 'seconds'"),
        ("gate", "loss", {"percent": 101}, "'percent' of fault 'loss' must be a number from 0 to 100, not 101"),
        ("gate", "loss", {"percent": "5"}, "must be a number from 0 to 100, not '5'"),
        ("gate", "loss", {"percent": True}, "must be a number from 0 to 100, not True"),
        ("gate", "loss", {"percent": float("nan")}, "must be a number from 0 to 100, not nan"),
        ("gate", "low_fps", {"fps": 10}, "camera 'gate' sends 10 fps: 'fps' must be less"),
        ("mjpeg", "slow_keyframes", {}, "camera 'mjpeg' sends MJPEG, in which each picture is a keyframe"),
    ],
)
async def test_a_fault_that_cannot_be_is_told_and_changes_nothing(
    simcam: Simcam, camera: str, fault: str, parameters: dict[str, float], said: str
) -> None:
    simcam.set_fault(camera, Fault.STALL)
    with pytest.raises(FaultError) as error:
        simcam.set_fault(camera, fault, **parameters)
    assert said in str(error.value)
    setting = simcam.fault(camera)
    assert setting is not None
    assert setting.fault is Fault.STALL


async def test_a_camera_that_does_not_exist_is_told_with_those_that_do(simcam: Simcam) -> None:
    with pytest.raises(UnknownCameraError, match="no camera 'gat'; there are gate, road, mjpeg"):
        simcam.set_fault("gat", Fault.STALL)

"""The decode worker and the agent's side of it, with the real process."""

import asyncio
import os
import signal
import sys
import textwrap
from pathlib import Path

import cv2
import numpy as np
import pytest

from pantau_agent.clock import SystemClock
from pantau_agent.picture.decoder import Decoder
from pantau_agent.picture.exchange import PictureError
from pantau_agent.picture.worker import MEMORY_BYTES, UndecodableError, decode, looks_encrypted
from pantau_agent.rtsp.access_unit import KEYFRAME
from pantau_agent.rtsp.nal import H264Assembler
from pantau_agent.streams.keyframe import Keyframe
from tests.agent.eventually import eventually
from tests.agent.rtsp.footage import SIZE, encoded, nal_units

GOOD = Keyframe("h264", encoded()[0])


def pid_of(decoder: Decoder) -> int:
    assert decoder._worker is not None
    return decoder._worker.process.pid


def is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def address_space_limit(pid: int) -> int:
    lines = Path(f"/proc/{pid}/limits").read_text().splitlines()
    return next(int(line.split()[3]) for line in lines if line.startswith("Max address space"))


async def test_a_keyframe_becomes_a_verdict_and_a_jpeg() -> None:
    async with Decoder(SystemClock()) as decoder:
        for codec, encoder in (("h264", "libx264"), ("h265", "libx265")):
            judged = await decoder.judge("gate", Keyframe(codec, encoded(encoder)[0]))
            assert judged.error is None
            assert judged.verdict is not None
            assert (judged.width, judged.height) == SIZE
            assert judged.jpeg is not None
            picture = cv2.imdecode(np.frombuffer(judged.jpeg, np.uint8), cv2.IMREAD_COLOR)
            assert picture is not None
            assert picture.shape == (*SIZE[::-1], 3)
        pid = pid_of(decoder)
    assert not is_alive(pid)


async def test_a_picture_that_cannot_be_decoded_costs_one_look() -> None:
    async with Decoder(SystemClock()) as decoder:
        for data in (b"", b"\x00\x00\x00\x01\x65\x88" + bytes(500)):
            judged = await decoder.judge("gate", Keyframe("h264", data))
            assert judged.error is PictureError.UNDECODABLE
            assert judged.jpeg is None
        assert (await decoder.judge("gate", GOOD)).error is None
        assert decoder.restarts == 0


async def test_a_worker_that_dies_costs_one_look() -> None:
    async with Decoder(SystemClock()) as decoder:
        await decoder.judge("gate", GOOD)
        os.kill(pid_of(decoder), signal.SIGSTOP)
        asking = asyncio.create_task(decoder.judge("gate", GOOD))
        await asyncio.sleep(0.05)
        os.kill(pid_of(decoder), signal.SIGKILL)
        assert (await asking).error is PictureError.CRASHED
        assert (await decoder.judge("gate", GOOD)).error is None
        assert decoder.restarts == 1


async def test_a_worker_that_died_between_two_looks_costs_none() -> None:
    async with Decoder(SystemClock()) as decoder:
        await decoder.judge("gate", GOOD)
        os.kill(pid_of(decoder), signal.SIGKILL)
        assert decoder._worker is not None
        worker = decoder._worker
        assert await eventually(lambda: not worker.alive)
        assert (await decoder.judge("gate", GOOD)).error is None


async def test_a_worker_that_hangs_is_ended_at_the_deadline() -> None:
    async with Decoder(SystemClock()) as decoder:
        await decoder.judge("gate", GOOD)
        decoder._deadline_s = 0.5
        pid = pid_of(decoder)
        os.kill(pid, signal.SIGSTOP)
        judged = await decoder.judge("gate", GOOD)
        assert judged.error is PictureError.CRASHED
        assert "0.5 s" in judged.detail
        assert not is_alive(pid)


async def test_a_worker_that_does_not_start_says_nothing_of_the_camera() -> None:
    async with Decoder(SystemClock(), command=[sys.executable, "-c", "raise SystemExit(1)"]) as decoder:
        for _ in range(2):
            judged = await decoder.judge("gate", GOOD)
            assert (judged.error, judged.verdict) == (PictureError.UNAVAILABLE, None)
    async with Decoder(SystemClock(), command=["/no/such/program"]) as decoder:
        assert (await decoder.judge("gate", GOOD)).error is PictureError.UNAVAILABLE


async def test_a_newer_picture_of_a_camera_takes_the_place_of_one_that_waits() -> None:
    async with Decoder(SystemClock()) as decoder:
        await decoder.judge("gate", GOOD)
        os.kill(pid_of(decoder), signal.SIGSTOP)
        tasks = [asyncio.create_task(decoder.judge(camera, GOOD)) for camera in ("road", *["gate"] * 5)]
        await asyncio.sleep(0.05)
        os.kill(pid_of(decoder), signal.SIGCONT)
        pictures = await asyncio.gather(*tasks)
        assert [judged.error for judged in pictures] == [None, *[PictureError.UNAVAILABLE] * 4, None]


async def test_a_look_that_was_given_up_does_not_disturb_the_next() -> None:
    async with Decoder(SystemClock()) as decoder:
        await decoder.judge("gate", GOOD)
        os.kill(pid_of(decoder), signal.SIGSTOP)
        given_up = asyncio.create_task(decoder.judge("gate", Keyframe("h264", b"")))
        await asyncio.sleep(0.05)
        given_up.cancel()
        os.kill(pid_of(decoder), signal.SIGCONT)
        assert (await decoder.judge("gate", GOOD)).error is None


async def test_the_worker_ends_with_the_agent() -> None:
    script = textwrap.dedent("""
        import asyncio, os
        from pantau_agent.clock import SystemClock
        from pantau_agent.picture.decoder import Decoder
        from pantau_agent.streams.keyframe import Keyframe
        async def main():
            decoder = Decoder(SystemClock())
            await decoder.judge("gate", Keyframe("h264", b""))
            print(decoder._worker.process.pid, flush=True)
            os._exit(1)
        asyncio.run(main())
    """)
    agent = await asyncio.create_subprocess_exec(sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE)
    out, _ = await agent.communicate()
    assert await eventually(lambda: not is_alive(int(out)))


async def test_the_workers_memory_is_limited() -> None:
    async with Decoder(SystemClock()) as decoder:
        await decoder.judge("gate", GOOD)
        assert MEMORY_BYTES < address_space_limit(pid_of(decoder)) < 4 << 30


@pytest.mark.parametrize(
    ("codec", "data", "encrypted"),
    [
        ("h264", encoded()[0], False),
        ("h265", encoded("libx265")[0], False),
        ("h264", b"\x00\x00\x01\x67abc\x00\x00\x01\x65\x31\x9d\x77", True),
        ("h265", b"\x00\x00\x01\x26\x01\x31\x9d\x77", True),
        ("mjpeg", b"\xff\xd8", False),
        ("h264", b"", False),
    ],
)
def test_framing_without_slices_looks_encrypted(codec: str, data: bytes, encrypted: bool) -> None:
    assert looks_encrypted(codec, data) is encrypted


def test_an_encrypted_picture_is_told_apart() -> None:
    rng = np.random.default_rng(2)
    data = bytearray(encoded()[0])
    start = data.index(b"\x00\x00\x01\x65") + 4
    data[start:] = b"\x31" + rng.integers(1, 255, len(data) - start - 1, np.uint8).tobytes()
    with pytest.raises(UndecodableError) as raised:
        decode("h264", bytes(data))
    assert raised.value.error is PictureError.ENCRYPTED


def test_a_stream_that_refreshes_its_picture_piece_by_piece_is_decoded_where_it_is_whole() -> None:
    """x264's intra refresh, joined after its only IDR picture."""
    pictures = [nal_units(unit) for unit in encoded(options=(("x264-params", "intra-refresh=1:keyint=25"),))]
    unit, delivered = H264Assembler(pictures[0][:2]), list[Keyframe]()
    unit.request_keyframe(delivered.append)
    for nals in pictures[1:]:
        unit.begin()
        for nal in nals:
            unit.add_payload(nal, 0, len(nal))
        if unit.kind == KEYFRAME or unit.continues:
            unit.finish(damaged=False)
    picture, concealed = decode("h264", delivered[0].data)
    assert picture.shape == (SIZE[1], SIZE[0], 3)
    assert not concealed

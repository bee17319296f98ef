"""When a picture is looked at: second by second, with a decoder that always sees the same."""

import asyncio
from collections.abc import Callable
from typing import cast

from pantau_agent.bell import Bell
from pantau_agent.glances import SOON_AGAIN_S, SOON_GLANCES, SOON_S, Glances
from pantau_agent.picture.decoder import Decoder, Look
from pantau_agent.picture.verdict import Verdict
from pantau_agent.probes.source import Source
from pantau_agent.rtsp.keyframe import Keyframe
from pantau_contract.states import Cause
from tests.agent.fake_clock import FakeClock

INTERVAL_S = 300


class Pictures(Decoder):
    """Sees what it is told to; `times` are when."""

    def __init__(self) -> None:
        super().__init__(FakeClock())
        self.verdict = Verdict(None, {}, "")
        self.times: list[float] = []
        self.now = 0.0

    async def look(self, camera: str, keyframe: Keyframe, *, interval_s: float = 30.0) -> Look:  # noqa: ARG002 # whatever
        self.times.append(self.now)
        return Look(self.verdict)


class Stream:
    """Has a keyframe whenever one is wanted."""

    def want(self, deliver: Callable[[Keyframe], None]) -> None:
        deliver(Keyframe("h264", b""))


async def glanced(pictures: Pictures, glances: Glances, seconds: int, *, suspicious: bool) -> list[float]:
    """Seconds from now at which a picture was looked at."""
    began, before = pictures.now, len(pictures.times)
    for _ in range(seconds):
        pictures.now += 1
        glances.attend(SOURCE, pictures.now, suspicious=suspicious)
        for _ in range(4):
            await asyncio.sleep(0)
    return [time - began for time in pictures.times[before:]]


SOURCE = cast("Source", Stream())


def fresh() -> tuple[Pictures, Glances]:
    pictures = Pictures()
    return pictures, Glances("gate", pictures, INTERVAL_S, Bell())


async def test_a_good_picture_is_looked_at_once_an_interval() -> None:
    pictures, glances = fresh()
    assert await glanced(pictures, glances, 2 * INTERVAL_S, suspicious=False) == [1, 1 + INTERVAL_S]


async def test_suspicious_sizes_call_for_some_pictures_soon() -> None:
    pictures, glances = fresh()
    await glanced(pictures, glances, 60, suspicious=False)
    times = await glanced(pictures, glances, 100, suspicious=True)
    assert times[:3] == [1, 1 + SOON_S, 1 + 2 * SOON_S]
    assert len(times) == SOON_GLANCES


async def test_the_end_of_a_long_freeze_is_looked_at_soon() -> None:
    pictures, glances = fresh()
    await glanced(pictures, glances, 60, suspicious=False)
    pictures.verdict = Verdict(Cause.FROZEN, {Cause.FROZEN: 1.0}, "")
    await glanced(pictures, glances, 90, suspicious=True)
    pictures.verdict = Verdict(None, {}, "")
    assert (await glanced(pictures, glances, 5, suspicious=False))[0] == 1


async def test_sizes_that_turn_all_the_time_do_not_keep_the_decoder_busy() -> None:
    pictures, glances = fresh()
    for _ in range(300):
        await glanced(pictures, glances, 1, suspicious=True)
        await glanced(pictures, glances, 1, suspicious=False)
    assert len(pictures.times) <= 600 / SOON_AGAIN_S * (SOON_GLANCES + 1)

"""When pictures are sampled, second by second, with a decoder whose verdict the test sets."""

import asyncio
import itertools
from collections.abc import Callable
from typing import cast

from pantau_agent.assessment.picture_sampler import PictureSampler
from pantau_agent.assessment.rates import Measures
from pantau_agent.assessment.wake_up import WakeUp
from pantau_agent.picture.decoder import Decoder, JudgedPicture
from pantau_agent.picture.exchange import PictureError
from pantau_agent.picture.verdict import Verdict
from pantau_agent.sources.source import Source
from pantau_agent.streams.keyframe import Keyframe
from pantau_contract.states import Cause
from pantau_contract.words.evidence import NO_DETAIL, Detail
from tests.agent.fake_clock import FakeClock

INTERVAL_S = 300


class Pictures(Decoder):
    """A decoder that returns `verdict`; `times` are when it was called."""

    def __init__(self) -> None:
        super().__init__(FakeClock())
        self.verdict = Verdict(None, {})
        self.error: PictureError | None = None
        self.times: list[float] = []
        self.seen: list[bytes] = []
        self.still = False
        self.now = 0.0

    async def judge(
        self,
        camera: str,  # noqa: ARG002 # whichever
        keyframe: Keyframe,
        *,
        interval_s: float = 30.0,  # noqa: ARG002 # as above
        static_stream: bool = False,
    ) -> JudgedPicture:
        self.still = static_stream
        self.seen.append(keyframe.data)
        self.times.append(self.now)
        return JudgedPicture(self.verdict, error=self.error, detail=Detail("why") if self.error else NO_DETAIL)


class Stream:
    """Delivers a keyframe whenever one is requested, or if `rare` when the test says so."""

    def __init__(self, *, rare: bool = False) -> None:
        self.wanted: list[Callable[[Keyframe], None]] = []
        self._rare = rare

    def request_keyframe(self, deliver: Callable[[Keyframe], None]) -> None:
        self.wanted.append(deliver)
        if not self._rare:
            self.keyframe(b"")

    def remark(self) -> Detail:
        return NO_DETAIL

    def keyframe(self, data: bytes) -> None:
        for deliver in self.wanted:
            deliver(Keyframe("h264", data))
        self.wanted.clear()


async def attend(
    pictures: Pictures, sampler: PictureSampler, stream: Stream, measures: Measures, seconds: float = 1
) -> None:
    pictures.now += seconds
    source = cast("Source", stream)
    sampler.follow(source)
    sampler.sample_if_due(pictures.now, measures)
    for _ in range(4):
        await asyncio.sleep(0)


async def sampled(pictures: Pictures, sampler: PictureSampler, seconds: int, *, suspicious: bool) -> list[float]:
    """Return the seconds from now at which a picture was sampled."""
    began, before = pictures.now, len(pictures.times)
    for _ in range(seconds):
        await attend(pictures, sampler, STREAM, Measures(suspicious=suspicious))
    return [time - began for time in pictures.times[before:]]


STREAM = Stream()
CALM, STILL = Measures(), Measures(still=True, suspicious=True)


def fresh() -> tuple[Pictures, PictureSampler]:
    pictures = Pictures()
    return pictures, PictureSampler("gate", pictures, INTERVAL_S, WakeUp())


async def test_a_good_picture_is_looked_at_once_an_interval() -> None:
    pictures, sampler = fresh()
    assert await sampled(pictures, sampler, 2 * INTERVAL_S, suspicious=False) == [1, 1 + INTERVAL_S]


async def test_suspicious_sizes_call_for_pictures_soon_and_ever_more_seldom() -> None:
    pictures, sampler = fresh()
    await sampled(pictures, sampler, 60, suspicious=False)
    times = await sampled(pictures, sampler, 200, suspicious=True)
    assert times[0] == 1
    assert times[1] - times[0] <= 2
    gaps = [later - sooner for sooner, later in itertools.pairwise(times)]
    assert gaps == sorted(gaps)
    assert 8 < len([time for time in times if time <= 60]) < 14


async def test_the_keyframe_whose_size_looked_wrong_is_itself_looked_at() -> None:
    pictures, sampler = fresh()
    stream = Stream(rare=True)
    await attend(pictures, sampler, stream, CALM)
    stream.keyframe(b"healthy")
    await attend(pictures, sampler, stream, CALM)
    await attend(pictures, sampler, stream, CALM)
    stream.keyframe(b"black")
    await attend(pictures, sampler, stream, CALM)
    assert (pictures.seen, pictures.still) == ([b"healthy"], False)
    await attend(pictures, sampler, stream, STILL)
    assert (pictures.seen, pictures.still) == ([b"healthy", b"black"], True)
    await attend(pictures, sampler, stream, STILL, seconds=30)
    assert pictures.seen == [b"healthy", b"black"], "one keyframe was looked at twice"


async def test_a_keyframe_that_comes_after_its_session_is_not_looked_at() -> None:
    pictures, sampler = fresh()
    old, new = Stream(rare=True), Stream(rare=True)
    await attend(pictures, sampler, old, CALM)
    await sampler.end_session()
    await attend(pictures, sampler, new, CALM)
    old.keyframe(b"old")
    await attend(pictures, sampler, new, CALM)
    assert pictures.seen == []


async def test_another_size_alone_makes_nobody_tense() -> None:
    pictures, sampler = fresh()
    await attend(pictures, sampler, STREAM, CALM)
    await attend(pictures, sampler, STREAM, Measures(suspicious=True))
    assert pictures.times == [1, 2]
    assert not sampler.urgent
    await attend(pictures, sampler, STREAM, STILL)
    assert sampler.urgent
    pictures.verdict = Verdict(None, {Cause.BLACK: 0.7})
    await attend(pictures, sampler, STREAM, CALM, seconds=INTERVAL_S)
    await attend(pictures, sampler, STREAM, CALM)
    assert sampler.urgent


async def test_a_keyframe_of_the_session_before_is_not_looked_at() -> None:
    pictures, sampler = fresh()
    old, new = Stream(rare=True), Stream(rare=True)
    await attend(pictures, sampler, old, CALM)
    old.keyframe(b"old")
    await sampler.end_session()
    await attend(pictures, sampler, new, CALM)
    assert pictures.seen == []
    new.keyframe(b"new")
    await attend(pictures, sampler, new, CALM)
    assert pictures.seen == [b"new"]


async def test_the_end_of_a_long_freeze_is_looked_at_soon() -> None:
    pictures, sampler = fresh()
    await sampled(pictures, sampler, 60, suspicious=False)
    pictures.verdict = Verdict(Cause.FROZEN, {Cause.FROZEN: 1.0})
    await sampled(pictures, sampler, 90, suspicious=True)
    pictures.verdict = Verdict(None, {})
    assert (await sampled(pictures, sampler, 5, suspicious=False))[0] == 1


async def test_sizes_that_turn_all_the_time_do_not_keep_the_decoder_busy() -> None:
    pictures, sampler = fresh()
    for _ in range(300):
        await sampled(pictures, sampler, 1, suspicious=True)
        await sampled(pictures, sampler, 1, suspicious=False)
    assert len(pictures.times) <= 600 / 30 * 10


async def test_a_stream_whose_keyframes_never_come_whole_is_unseen_after_five_seconds() -> None:
    pictures, sampler = fresh()
    stream = Stream(rare=True)
    for _ in range(6):
        await attend(pictures, sampler, stream, CALM)
    assert sampler.evidence.unseen is None
    await attend(pictures, sampler, stream, CALM)
    assert sampler.evidence.unseen == "no keyframe of it comes whole"
    stream.keyframe(b"")
    for _ in range(2):
        await attend(pictures, sampler, stream, CALM)
    assert sampler.evidence.unseen is None


async def test_a_stream_whose_pictures_are_judged_is_seen_until_three_intervals_have_passed() -> None:
    pictures, sampler = fresh()
    await sampled(pictures, sampler, 60, suspicious=False)
    pictures.error = PictureError.UNAVAILABLE
    await sampled(pictures, sampler, 3 * INTERVAL_S - 61, suspicious=False)
    assert sampler.evidence.unseen is None
    await sampled(pictures, sampler, 10, suspicious=False)
    assert sampler.evidence.unseen == "why"

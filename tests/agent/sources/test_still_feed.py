"""The pace of still pictures, with a clock that only the test moves."""

import asyncio
from typing import cast

import pytest

from pantau_agent.http.client import Client, StreamedResponse
from pantau_agent.http.response import ResponseHead
from pantau_agent.sources.jpeg_counter import JpegCounter
from pantau_agent.sources.still_feed import MAX_BAD_PICTURES, OVERDUE_FACTOR, PAUSE_S, StillFeed
from pantau_agent.streams.failure import Kind, LookError
from pantau_agent.streams.headers import Headers
from tests.agent.http.camera import pictures


class Clock:
    """Monotonic time in seconds, which a response and a pause move on."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.pauses_s: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.pauses_s.append(seconds)
        self.now_s += seconds


class Still:
    """A response with one picture, which takes `takes_s` to arrive."""

    head = ResponseHead("1.1", 200, "OK", Headers([("Content-Type", "image/jpeg")]))

    def __init__(self, clock: Clock, content: bytes, takes_s: float) -> None:
        self._clock = clock
        self._pieces = [content, b""]
        self._takes_s = takes_s

    async def read(self) -> bytes:
        if len(self._pieces) == 2:
            self._clock.now_s += self._takes_s
        return self._pieces.pop(0)


class Stills:
    """Answers with one picture after another, each given by its bytes and how long it takes; then never."""

    def __init__(self, clock: Clock, *stills: tuple[bytes, float]) -> None:
        self.requested = clock.now_s
        self.feed: StillFeed | None = None
        self.idle_while_waiting: list[bool] = []
        self._clock = clock
        self._stills = list(stills)

    async def get(self) -> Still:
        self.requested = self._clock.now_s
        if not self._stills:
            raise asyncio.CancelledError
        still = Still(self._clock, *self._stills.pop(0))
        if self.feed is not None:
            self._clock.now_s += 1.9
            self.idle_while_waiting.append(self.feed.idle)
            self._clock.now_s += 0.2
            self.idle_while_waiting.append(self.feed.idle)
            self._clock.now_s -= 2.1
        return still


async def run(monkeypatch: pytest.MonkeyPatch, clock: Clock, stills: Stills) -> None:
    monkeypatch.setattr(asyncio, "sleep", clock.sleep)
    first = await stills.get()
    feed = StillFeed(
        cast("Client", stills), cast("StreamedResponse", first), JpegCounter(), lambda: clock.now_s, timeout_s=60
    )
    await feed.begin()
    stills.feed = feed
    await feed.run()


GOOD, BAD = pictures()[0], b"<html>"


async def test_a_pause_is_a_second_or_as_long_as_the_camera_took(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock()
    with pytest.raises(asyncio.CancelledError):
        await run(monkeypatch, clock, Stills(clock, (GOOD, 0.1), (GOOD, 3.5), (GOOD, 0.2)))
    assert clock.pauses_s == pytest.approx([1.0, 3.5, 1.0])


async def test_a_picture_is_overdue_after_twice_the_slowest(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    stills = Stills(clock, (GOOD, 1.0), (GOOD, 0.5))
    with pytest.raises(asyncio.CancelledError):
        await run(monkeypatch, clock, stills)
    assert stills.idle_while_waiting == [True, False]  # after 1.9 s and 2.1 s


async def test_three_bad_pictures_in_a_row_end_the_session(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    stills = Stills(clock, (GOOD, 0.1), (BAD, 0.1), (BAD, 0.1), (GOOD, 0.1), (BAD, 0.1), (BAD, 0.1), (BAD, 0.1))
    with pytest.raises(LookError) as ended:
        await run(monkeypatch, clock, stills)
    assert ended.value.failure.kind is Kind.NO_MEDIA
    assert len(clock.pauses_s) == 6


def test_the_documented_limits() -> None:
    assert (PAUSE_S, OVERDUE_FACTOR, MAX_BAD_PICTURES) == (1.0, 2.0, 3)

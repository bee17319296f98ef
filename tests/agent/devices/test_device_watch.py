"""Which devices are asked when; hours pass in a moment."""

import asyncio

import pytest

from pantau_agent.config import Device
from pantau_agent.devices import DeviceWatch
from pantau_agent.devices.asking import CannotAskError
from pantau_contract.messages import DeviceAnswer
from tests.agent.virtual_time import VirtualLoop

SWITCH = Device(id="switch", host="192.0.2.2", port=23)


class Site:
    """What is asked, and what answers; `asked` are the seconds since the beginning."""

    def __init__(self, *devices: Device) -> None:
        self.loop = VirtualLoop()
        self.begin = self.loop.monotonic()
        self.asked: list[float] = []
        self.answer: bool | Exception = True
        self.silent = False
        self.watch = DeviceWatch(devices, lambda _device: self.silent, self.loop, ask=self.ask)

    async def ask(self, host: str, port: int | None, within_s: float) -> bool:
        assert (host, port) == (SWITCH.host, SWITCH.port)
        self.asked.append(self.loop.monotonic() - self.begin)
        if isinstance(self.answer, Exception):
            raise self.answer
        if not self.answer:
            await asyncio.sleep(within_s)
        return self.answer

    def run(self, seconds: float) -> None:
        async def run() -> None:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self.watch.run()

        self.loop.run_until_complete(run())

    def answer_of_the_switch(self) -> tuple[bool, list[float]]:
        """Return whether it answers, since when, and when it was asked."""
        [answer] = self.watch.answers()
        return answer.answers, [each / 1000 - self.begin for each in (answer.since, answer.asked)]


def test_a_device_is_asked_now_and_then_while_nothing_is_silent_and_often_while_something_is() -> None:
    site = Site(SWITCH)
    assert site.watch.answers() == ()
    site.run(3600)
    assert site.asked == pytest.approx([600 * number for number in range(6)], abs=2)
    answers, times = site.answer_of_the_switch()
    assert answers
    assert times == pytest.approx([0, 3000], abs=2)
    site.silent = True
    site.run(60)
    assert site.asked[6:] == pytest.approx([3600, 3616, 3632, 3648], abs=2)


def test_a_device_is_silent_after_three_questions_and_that_is_noted_once() -> None:
    site = Site(SWITCH)
    site.run(10)
    site.silent, site.answer = True, False
    site.run(60)
    assert len(site.asked) == 1 + 3 * 3
    answers, times = site.answer_of_the_switch()
    assert not answers
    assert times == pytest.approx([site.asked[1], site.asked[9] + 2])
    site.answer = True
    site.run(30)
    answers, times = site.answer_of_the_switch()
    assert answers
    assert times[0] == pytest.approx(site.asked[10])


def test_a_device_that_cannot_be_asked_is_not_reported(caplog: pytest.LogCaptureFixture) -> None:
    site = Site(SWITCH)
    site.silent, site.answer = True, CannotAskError("this user may not")
    site.run(120)
    assert site.watch.answers() == ()
    assert [record.getMessage() for record in caplog.records] == [
        "device switch cannot be asked whether it is there: this user may not"
    ]


def test_without_devices_nothing_is_asked() -> None:
    site = Site()
    site.run(100)
    assert site.asked == []
    assert site.watch.answers() == ()


def test_an_answer_has_monotonic_times_in_milliseconds() -> None:
    site = Site(SWITCH)
    site.run(1)
    assert site.watch.answers() == (DeviceAnswer("switch", True, 1_000_000, 1_000_000),)

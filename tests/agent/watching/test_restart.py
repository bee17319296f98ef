from collections.abc import AsyncGenerator, Callable

import pytest

from pantau_agent.assessment.observation import Observation
from pantau_agent.streams.failure import MachineError
from pantau_agent.watching.restart import supervised
from pantau_contract.messages import Sample
from pantau_contract.states import State
from pantau_contract.words.evidence import Detail
from tests.agent.fake_clock import FakeClock

OK = Observation(Sample("gate", 1, State.OK, since=1))


def failing(
    clock: FakeClock, *, after_s: float, runs: list[str]
) -> Callable[[], AsyncGenerator[Observation, None]]:
    async def watch() -> AsyncGenerator[Observation, None]:
        runs.append("begun")
        try:
            yield OK
            clock.pass_s(after_s)
            raise TypeError("rtsp://user:secret@host")
        finally:
            runs.append("ended")

    return watch


async def delays(clock: FakeClock, *, after_s: float, count: int) -> list[float]:
    """How long it waits before each new beginning."""
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)
        clock.pass_s(seconds)

    watching = supervised("gate", failing(clock, after_s=after_s, runs=[]), clock, sleep=sleep)
    while len(waited) < count:
        await anext(watching)
    await watching.aclose()
    return waited


async def test_a_failure_is_told_as_unknown_and_watching_begins_again(caplog: pytest.LogCaptureFixture) -> None:
    runs: list[str] = []

    async def sleep(_: float) -> None:
        pass

    clock = FakeClock()
    watching = supervised("gate", failing(clock, after_s=1, runs=runs), clock, sleep=sleep)
    assert await anext(watching) is OK
    told = await anext(watching)
    assert (told.sample.state, told.sample.camera, told.changed) == (State.UNKNOWN, "gate", True)
    assert "TypeError" in told.sample.detail
    assert "secret" not in told.sample.detail
    assert await anext(watching) is OK
    assert runs == ["begun", "ended", "begun"]
    assert "watching camera gate failed" in caplog.text
    await watching.aclose()
    assert runs == ["begun", "ended", "begun", "ended"]


async def test_what_this_machine_cannot_do_is_told_as_that_and_as_no_mistake_of_ours(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def watch() -> AsyncGenerator[Observation, None]:
        raise MachineError(Detail("no memory is free"))
        yield OK

    watching = supervised("gate", watch, FakeClock())
    told = (await anext(watching)).sample
    await watching.aclose()
    assert (told.state, told.detail) == (State.UNKNOWN, "no memory is free")
    assert "camera gate cannot be watched: no memory is free" in caplog.text
    assert "report" not in caplog.text


async def test_repeated_failures_wait_longer_and_longer() -> None:
    assert await delays(FakeClock(), after_s=1, count=8) == [1, 2, 4, 8, 16, 32, 60, 60]


async def test_after_long_good_watching_the_first_delay_is_short_again() -> None:
    assert await delays(FakeClock(), after_s=3600, count=3) == [1, 1, 1]


async def test_watching_that_ends_without_an_error_begins_again() -> None:
    async def watch() -> AsyncGenerator[Observation, None]:
        yield OK

    async def sleep(_: float) -> None:
        pass

    watching = supervised("gate", watch, FakeClock(), sleep=sleep)
    states = [(await anext(watching)).sample.state for _ in range(3)]
    await watching.aclose()
    assert states == [State.OK, State.UNKNOWN, State.OK]

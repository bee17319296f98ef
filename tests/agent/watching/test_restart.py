import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable

import pytest

from pantau_agent.assessment.observation import Observation
from pantau_agent.streams.failure import MachineError
from pantau_agent.watching.restart import watch_with_restarts
from pantau_contract.messages import Sample
from pantau_contract.states import State
from pantau_contract.words.evidence import Detail
from tests.agent.fake_clock import FakeClock

OK = Observation(Sample("gate", 1, State.OK, since=1))
Watch = Callable[[], AsyncGenerator[Observation, None]]


def failing(clock: FakeClock, *, after_s: float, runs: list[str]) -> Watch:
    async def watch() -> AsyncGenerator[Observation, None]:
        runs.append("begun")
        try:
            yield OK
            clock.pass_s(after_s)
            raise TypeError("rtsp://user:secret@host")
        finally:
            runs.append("ended")

    return watch


async def reported(watch: Watch, clock: FakeClock, *, restarts: int) -> tuple[list[Observation], list[float]]:
    """Return what is reported until so many restarts are due, and the delay before each of them."""
    observations: list[Observation] = []
    delays: list[float] = []

    def sleep(seconds: float) -> Awaitable[None]:
        delays.append(seconds)
        clock.pass_s(seconds)
        if len(delays) == restarts:
            raise asyncio.CancelledError
        return asyncio.sleep(0)

    with pytest.raises(asyncio.CancelledError):
        await watch_with_restarts("gate", watch, observations.append, clock, sleep=sleep)
    return observations, delays


async def test_a_failure_is_reported_as_unknown_and_watching_begins_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    runs: list[str] = []
    clock = FakeClock()
    observations, _ = await reported(failing(clock, after_s=1, runs=runs), clock, restarts=2)
    assert [one.sample.state for one in observations] == [State.OK, State.UNKNOWN] * 2
    failed = observations[1]
    assert (failed.sample.camera, failed.changed) == ("gate", True)
    assert failed.sample.time == failed.sample.since == 1_001_000, "by the monotonic clock"
    assert "TypeError" in failed.sample.detail
    assert "secret" not in failed.sample.detail
    assert runs == ["begun", "ended"] * 2
    assert "watching camera gate failed" in caplog.text


async def test_cancelling_ends_the_watching(caplog: pytest.LogCaptureFixture) -> None:
    waiting, ended = asyncio.Event(), asyncio.Event()

    async def watch() -> AsyncGenerator[Observation, None]:
        try:
            yield OK
            waiting.set()
            await asyncio.Event().wait()
        finally:
            ended.set()

    task = asyncio.create_task(watch_with_restarts("gate", watch, lambda _: None, FakeClock()))
    await waiting.wait()
    task.cancel()
    await asyncio.wait({task})
    assert ended.is_set()
    assert caplog.text == ""


async def test_what_this_machine_cannot_do_is_reported_as_that_and_not_as_an_error_of_ours(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def watch() -> AsyncGenerator[Observation, None]:
        raise MachineError(Detail("no memory is free"))
        yield OK

    (observation,), _ = await reported(watch, FakeClock(), restarts=1)
    assert (observation.sample.state, observation.sample.detail) == (State.UNKNOWN, "no memory is free")
    assert "camera gate cannot be watched: no memory is free" in caplog.text
    assert "report" not in caplog.text


async def test_repeated_failures_wait_longer_and_longer() -> None:
    clock = FakeClock()
    _, delays = await reported(failing(clock, after_s=1, runs=[]), clock, restarts=8)
    assert delays == [1, 2, 4, 8, 16, 32, 60, 60]


async def test_after_five_minutes_of_watching_the_first_delay_is_short_again() -> None:
    clock = FakeClock()
    _, delays = await reported(failing(clock, after_s=300, runs=[]), clock, restarts=3)
    assert delays == [1, 1, 1]


async def test_watching_that_ends_without_an_error_begins_again() -> None:
    async def watch() -> AsyncGenerator[Observation, None]:
        yield OK

    observations, _ = await reported(watch, FakeClock(), restarts=2)
    assert [one.sample.state for one in observations] == [State.OK, State.UNKNOWN] * 2

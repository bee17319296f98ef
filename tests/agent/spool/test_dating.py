"""A batch is dated once, however often it is sent, even if an older agent spooled it."""

from pathlib import Path

import pytest

from pantau_agent.clock import UtcEpoch
from pantau_agent.spool import Batch, Spool
from pantau_agent.spool.dating import DatedBacklog, encode_batch
from pantau_contract.messages import Sample, Telemetry
from pantau_contract.states import State
from pantau_contract.topics import Topic, TopicKind
from pantau_contract.wire import decode, encode
from tests.agent.fake_clock import FakeClock
from tests.agent.spool.spools import opened

WRONG_BY_S = -590_000_000.0
"""How far the clock is behind before it is set: years."""


def measured(spool: Spool, clock: FakeClock, *, synchronised: bool | None) -> Telemetry:
    """A batch measured now, of a camera sampled 5.25 s ago, whose state has held for 9.5 s."""
    now_ms = int(clock.monotonic() * 1000)
    return Telemetry(
        site="north",
        boot=spool.boot,
        seq=spool.next_seq,
        time=now_ms,
        monotonic_ms=now_ms,
        clock_synchronised=synchronised,
        interval_s=30,
        samples=(Sample("gate", now_ms - 5250, State.OK, since=now_ms - 9500),),
    )


async def append(spool: Spool, clock: FakeClock, *, synchronised: bool | None) -> Batch:
    payload = encode_batch(
        measured(spool, clock, synchronised=synchronised), UtcEpoch(clock).now_ms(), compress=True
    )
    return await spool.append(payload, clock_synchronised=synchronised)


def backlog(spool: Spool) -> DatedBacklog:
    return DatedBacklog(spool, "north", compress=True)


async def read(spool: Spool, *, wait_for_clock: bool = True) -> list[Telemetry]:
    """Return what an agent that has just started can send."""
    page, _ = await backlog(spool).read(0, 100, wait_for_clock=wait_for_clock)
    return [content(batch) for batch in page]


def content(batch: Batch) -> Telemetry:
    message = decode(Topic("north", TopicKind.TELEMETRY), batch.payload)
    assert isinstance(message, Telemetry)
    return message


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.mark.parametrize("synchronised", [True, None])
async def test_a_batch_is_dated_as_it_is_spooled_unless_the_clock_is_known_not_to_be_set(
    clock: FakeClock, tmp_path: Path, synchronised: bool | None
) -> None:
    async with opened(tmp_path / "spool.sqlite", clock) as spool:
        batch = content(await append(spool, clock, synchronised=synchronised))
        assert (batch.time, batch.monotonic_ms) == (clock.time_ms(), 1_000_000)
        assert batch.samples[0].time == clock.time_ms() - 5250
        assert batch.samples[0].since == clock.time_ms() - 10_000, "in whole seconds"
        assert await read(spool) == [batch]


async def test_what_was_measured_before_the_clock_was_set_waits_for_it_and_is_dated_by_it(
    clock: FakeClock, tmp_path: Path
) -> None:
    clock.step_s(WRONG_BY_S)
    async with opened(tmp_path / "spool.sqlite", clock) as spool:
        undated = content(await append(spool, clock, synchronised=False))
        assert (undated.time, undated.samples[0].since) == (1_000_000, 990_500), "by the monotonic clock"
        clock.pass_s(30)
        page, more = await backlog(spool).read(0, 100, wait_for_clock=True)
        assert (page, more) == ([], True)
        clock.step_s(-WRONG_BY_S)
        await append(spool, clock, synchronised=True)
        early, _ = await read(spool)
        assert early.time == clock.time_ms() - 30_000
        assert early.samples[0].time == clock.time_ms() - 35_250
        assert early.clock_synchronised is True
        assert (early.seq, early.monotonic_ms) == (0, 1_000_000)


async def test_a_batch_that_waits_is_dated_after_a_kill_and_a_restart_too(
    clock: FakeClock, tmp_path: Path
) -> None:
    clock.step_s(WRONG_BY_S)
    async with opened(tmp_path / "spool.sqlite", clock) as spool:
        await append(spool, clock, synchronised=False)
    clock.pass_s(30)
    async with opened(tmp_path / "spool.sqlite", clock) as spool:
        assert await read(spool) == []
        clock.step_s(-WRONG_BY_S)
        await append(spool, clock, synchronised=True)
        assert (await read(spool))[0].time == clock.time_ms() - 30_000


async def test_what_was_dated_once_is_never_dated_again(clock: FakeClock, tmp_path: Path) -> None:
    clock.step_s(WRONG_BY_S)
    async with opened(tmp_path / "spool.sqlite", clock) as spool:
        await append(spool, clock, synchronised=False)
        clock.step_s(-WRONG_BY_S)
        await append(spool, clock, synchronised=True)
        first, _ = await read(spool)
        clock.step_s(3600)
        await append(spool, clock, synchronised=True)
        assert (await read(spool))[0] == first
    async with opened(tmp_path / "spool.sqlite", clock) as spool:
        assert (await read(spool))[0] == first


async def test_a_clock_that_is_never_set_holds_nothing_back_for_ever_and_what_was_sent_so_stays_so(
    clock: FakeClock, tmp_path: Path
) -> None:
    async with opened(tmp_path / "spool.sqlite", clock) as spool:
        await append(spool, clock, synchronised=False)
        clock.pass_s(60)
        (sent,) = await read(spool, wait_for_clock=False)
        assert (sent.time, sent.clock_synchronised) == (clock.time_ms() - 60_000, False)
        assert sent.samples[0].time == sent.time - 5250
        clock.step_s(3600)
        await append(spool, clock, synchronised=True)
        assert (await read(spool))[0] == sent


async def test_a_boot_that_is_over_is_not_waited_for_and_is_dated_by_what_is_left_of_it(
    clock: FakeClock, tmp_path: Path
) -> None:
    for boot, set_later in (("boot-1", True), ("boot-2", False)):
        clock.step_s(WRONG_BY_S)
        async with opened(tmp_path / "spool.sqlite", clock, machine_boot=boot) as spool:
            await append(spool, clock, synchronised=False)
        if set_later:
            clock.step_s(-WRONG_BY_S)
            async with opened(tmp_path / "spool.sqlite", clock, machine_boot=boot) as spool:
                await append(spool, clock, synchronised=True)
            right_ms = clock.time_ms()
    async with opened(tmp_path / "spool.sqlite", clock, machine_boot="boot-3") as spool:
        first, second, third = await read(spool)
    assert (first.time, first.clock_synchronised) == (right_ms, True)
    assert second.time == right_ms
    assert (third.time, third.clock_synchronised) == (clock.time_ms(), False)


async def test_an_undated_batch_of_an_older_agent_whose_times_are_of_its_wrong_clock_is_dated_too(
    clock: FakeClock, tmp_path: Path
) -> None:
    clock.step_s(WRONG_BY_S)
    async with opened(tmp_path / "spool.sqlite", clock) as spool:
        now_ms = clock.time_ms()
        old = Telemetry(
            site="north",
            boot=spool.boot,
            seq=0,
            time=now_ms,
            monotonic_ms=1_000_000,
            clock_synchronised=False,
            interval_s=30,
            samples=(Sample("gate", now_ms - 5000, State.OK, since=now_ms - 9000),),
        )
        await spool.append(encode(old, compress=True), clock_synchronised=False)
        clock.pass_s(30)
        clock.step_s(-WRONG_BY_S)
        await append(spool, clock, synchronised=True)
        early, _ = await read(spool)
    assert early.time == clock.time_ms() - 30_000
    assert (early.samples[0].time, early.samples[0].since) == (early.time - 5000, early.time - 9000)


async def test_a_batch_that_cannot_be_read_is_sent_as_it_is(clock: FakeClock, tmp_path: Path) -> None:
    async with opened(tmp_path / "spool.sqlite", clock) as spool:
        await spool.append(b"\x1f\x8b damaged", clock_synchronised=False)
        await append(spool, clock, synchronised=True)
        page, _ = await backlog(spool).read(0, 100, wait_for_clock=True)
    assert page[0].payload == b"\x1f\x8b damaged"


async def test_once_the_clock_was_set_a_time_server_that_is_lost_holds_nothing_back(
    clock: FakeClock, tmp_path: Path
) -> None:
    async with opened(tmp_path / "spool.sqlite", clock) as spool:
        dated = backlog(spool)
        dated.learn(await append(spool, clock, synchronised=True))
        clock.pass_s(30)
        await append(spool, clock, synchronised=False)
        page, more = await dated.read(0, 100, wait_for_clock=True)
        assert [content(batch).time for batch in page] == [clock.time_ms() - 30_000, clock.time_ms()]
        assert more is False

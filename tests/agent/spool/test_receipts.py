"""What leaves the spool, and what is sent again, with a collector that gives receipts."""

import random
from pathlib import Path

import pytest

from pantau_agent.spool import Batch, Spool, acknowledgements
from pantau_contract.messages import BatchRange, Receipt
from tests.agent.fake_clock import FakeClock
from tests.agent.spool.spools import DAY_S, opened, waiting


async def receive(spool: Spool, *batches: Batch | BatchRange) -> None:
    """Receive a receipt for batches, or ranges of them, and return once the spool has it."""
    ranges = (
        each if isinstance(each, BatchRange) else BatchRange(each.boot, each.seq, each.seq) for each in batches
    )
    spool.receive_receipt(Receipt("north", tuple(ranges)))
    await spool.after(0, 1)


async def acknowledge(spool: Spool, *batches: Batch) -> None:
    """Let the broker acknowledge batches, and return once the spool knows."""
    for batch in batches:
        spool.acknowledge(batch.id)
    await spool.after(0, 1)


async def append(spool: Spool, clock: FakeClock, *payloads: bytes) -> list[Batch]:
    """Append batches that the broker acknowledges, a second apart."""
    batches = []
    for payload in payloads:
        batches.append(await spool.append(payload))
        await acknowledge(spool, batches[-1])
        clock.pass_s(1)
    return batches


async def kept(path: Path, clock: FakeClock) -> int:
    """Return how many batches a spool holds that is closed, whether they wait or not."""
    async with opened(path, clock) as spool:
        spool._queue._acknowledgements = acknowledgements.Acknowledgements(clock)
        return len(await waiting(spool))


def test_the_documented_times() -> None:
    assert acknowledgements.BROKER_WRITES_WITHIN_S == 60
    assert acknowledgements.RECEIPT_WITHIN_S == 30
    assert acknowledgements.LONGEST_RECEIPT_WITHIN_S == 3600


async def test_after_the_first_receipt_a_batch_is_kept_until_it_has_one_however_long_the_broker_has_it(
    tmp_path: Path,
) -> None:
    path, clock = tmp_path / "spool.sqlite", FakeClock()
    async with opened(path, clock) as spool:
        first, second, third = await append(spool, clock, b"1", b"2", b"3")
        await receive(spool, first)
        clock.pass_s(2 * DAY_S)
        await append(spool, clock, b"4")
        assert await waiting(spool) == []
    assert await kept(path, clock) == 3
    async with opened(path, clock) as spool:
        await receive(spool, second, third)
        await append(spool, clock, b"5")
    assert await kept(path, clock) == 2


async def test_while_no_receipt_comes_nothing_is_sent_again_but_what_the_broker_may_not_have_written(
    tmp_path: Path,
) -> None:
    """The collector is away for days, the connection is lost, and the agent restarts."""
    path, clock = tmp_path / "spool.sqlite", FakeClock()
    async with opened(path, clock) as spool:
        first, *_ = await append(spool, clock, b"1", b"2", b"3")
        await receive(spool, first)
        clock.pass_s(DAY_S)
        await append(spool, clock, b"late")
        assert not await spool.take_overdue()
        spool.distrust_broker()
        assert await waiting(spool) == [b"late"]
        assert spool.batches == 1
        await acknowledge(spool, *await spool.after(0, 1))
        clock.pass_s(60)
        await append(spool, clock, b"latest")
    async with opened(path, clock) as spool:
        assert await waiting(spool) == [b"latest"]


async def test_what_was_sent_before_a_batch_that_has_arrived_is_sent_again_half_a_minute_later(
    tmp_path: Path,
) -> None:
    clock = FakeClock()
    async with opened(tmp_path / "spool.sqlite", clock) as spool:
        old, lost = await append(spool, clock, b"old", b"lost")
        await receive(spool, old)
        clock.pass_s(3600)
        also_lost, arrived, on_its_way = await append(spool, clock, b"also lost", b"arrived", b"on its way")
        await receive(spool, arrived)
        clock.pass_s(29.9)
        assert not await spool.take_overdue()
        clock.pass_s(0.1)
        assert await spool.take_overdue()
        assert await waiting(spool) == [b"lost", b"also lost"]
        assert not await spool.take_overdue()
        await acknowledge(spool, lost, also_lost)
        await receive(spool, lost, also_lost, on_its_way)
        clock.pass_s(3600)
        assert not await spool.take_overdue()
        assert spool.batches == 0


def test_a_batch_that_no_collector_can_read_is_sent_again_ever_more_rarely() -> None:
    clock, pauses, paused_s, poison = FakeClock(), [], 0, 0
    acknowledged = acknowledgements.Acknowledgements(clock)
    acknowledged.add(poison)
    for live in range(1, 15_000):
        clock.pass_s(1)
        paused_s += 1
        acknowledged.add(live)
        acknowledged.add_arrived([live])
        acknowledged.discard(live)
        if acknowledged.take_overdue():
            pauses.append(paused_s)
            paused_s = 0
            acknowledged.add(poison)
    for pause, expected_s in zip(pauses, (30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600), strict=True):
        assert expected_s <= pause <= expected_s + 2


async def test_the_receipts_of_a_collector_that_works_off_what_the_broker_kept_let_nothing_be_sent_again(
    tmp_path: Path,
) -> None:
    clock = FakeClock()
    async with opened(tmp_path / "spool.sqlite", clock) as spool:
        first, *queued = await append(spool, clock, *(b"%d" % number for number in range(20)))
        await receive(spool, first)
        clock.pass_s(3600)
        for at in range(40):
            if at < 20:
                queued += await append(spool, clock, b"live")
            if at < len(queued):
                await receive(spool, queued[at])
            clock.pass_s(5)
            assert not await spool.take_overdue()
        assert spool.batches == 0


async def test_receipts_that_cannot_be_true_change_nothing_and_are_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, clock = tmp_path / "spool.sqlite", FakeClock()
    async with opened(path, clock) as spool:
        first, _ = await append(spool, clock, b"1", b"2")
        await receive(spool, first)
        for false in (
            BatchRange(first.boot, 0, (1 << 53) - 1),
            BatchRange(first.boot, 2, 2),
            BatchRange("another", 0, 1 << 50),
        ):
            await receive(spool, false)
        clock.pass_s(3600)
        await append(spool, clock, b"3")
        assert spool.batches == 0
    assert await kept(path, clock) == 2
    assert caplog.text.count("which does not exist") == 1


async def test_a_receipt_for_another_boot_or_for_what_waits_to_be_sent_again_counts(tmp_path: Path) -> None:
    """The receipt may come before the connection on which the batch would have been sent again."""
    path, clock = tmp_path / "spool.sqlite", FakeClock()
    async with opened(path, clock, machine_boot="boot-1") as spool:
        old = await append(spool, clock, b"1", b"2")
    async with opened(path, clock, machine_boot="boot-2") as spool:
        (new,) = await append(spool, clock, b"3")
        spool.distrust_broker()
        assert await waiting(spool) == [b"1", b"2", b"3"]
        await receive(spool, old[1], new)
        assert await waiting(spool) == [b"1"]
        await receive(spool, old[1], new)  # of a second collector
        assert spool.batches == 1


async def test_what_is_given_up_though_the_broker_has_it_is_not_reported_as_dropped(tmp_path: Path) -> None:
    clock = FakeClock()
    async with opened(tmp_path / "spool.sqlite", clock, max_age_s=10) as spool:
        (first,) = await append(spool, clock, b"first")
        await receive(spool, first)
        clock.pass_s(60)
        await append(spool, clock, *(b"%d" % number for number in range(30)))
        assert (spool.batches, spool.dropped) == (0, 0)


@pytest.mark.parametrize("seed", range(5))
async def test_whatever_the_broker_loses_every_batch_arrives(tmp_path: Path, seed: int) -> None:
    """The broker loses messages at any time; receipts are lost, connections, and what the agent has in memory."""
    rng, clock, path = random.Random(seed), FakeClock(), tmp_path / "spool.sqlite"
    appended: list[bytes] = []
    arrived: set[bytes] = set()
    queue: list[Batch] = []

    async def send(spool: Spool) -> None:
        batches = await spool.after(0, 1000)
        queue.extend(batches)
        await acknowledge(spool, *batches)

    async def deliver(spool: Spool, *, receipts: float) -> None:
        arrived.update(batch.payload for batch in queue)
        for batch in queue:
            if rng.random() < receipts:
                await receive(spool, batch)
        queue.clear()

    for _ in range(4):
        async with opened(path, clock) as spool:
            for _ in range(20):
                appended.append(b"%d" % len(appended))
                await spool.append(appended[-1])
                await send(spool)
                if len(appended) == 1 or rng.random() < 0.5:
                    await deliver(spool, receipts=1 if len(appended) == 1 else 0.7)
                if rng.random() < 0.2:
                    del queue[rng.randrange(len(queue) + 1) :]
                    spool.distrust_broker()
                clock.pass_s(rng.choice((1, 20, 70)))
                await spool.take_overdue()
    queue.clear()
    async with opened(path, clock) as spool:
        for _ in range(3):
            await spool.append(b"at the end")
            await send(spool)
            await deliver(spool, receipts=1)
            clock.pass_s(4000)
            await spool.take_overdue()
    assert arrived >= set(appended)

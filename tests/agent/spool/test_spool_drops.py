"""Everything that a spool drops is reported once."""

from itertools import pairwise
from pathlib import Path

from pantau_agent.spool import Spool
from pantau_contract.messages import Drop
from tests.agent.fake_clock import FakeClock
from tests.agent.spool.spools import opened


async def append(
    spool: Spool, clock: FakeClock, reported: dict[int, Drop], *, payload: bytes = b"x" * 2000
) -> int:
    """Append a batch as an agent does, record what it reports, and return its id."""
    clock.pass_s(60)
    drop = spool.unreported_drop
    batch = await spool.append(payload, clock_synchronised=True, reports_drop=drop is not None)
    if drop is not None:
        reported[batch.id] = drop
    return batch.id


async def test_of_each_batch_given_up_in_a_long_outage_one_that_arrives_tells(tmp_path: Path) -> None:
    clock, reported, appended = FakeClock(), dict[int, Drop](), 0
    start_ms = clock.time_ms()
    for _ in range(5):  # a restart of the agent each time
        async with opened(tmp_path / "spool.sqlite", clock, max_age_s=3600) as spool:
            for _ in range(50):
                await append(spool, clock, reported)
                appended += 1
    async with opened(tmp_path / "spool.sqlite", clock, max_age_s=3600) as spool:
        arrived = set[int]()
        for _ in range(40):
            for batch in await spool.after(0, 1000):
                spool.acknowledge(batch.id)
                arrived.add(batch.id)
            await append(spool, clock, reported)
            appended += 1
        assert spool.unreported_drop is None
        count = spool.dropped
    drops = sorted(
        (drop for batch_id, drop in reported.items() if batch_id in arrived), key=lambda drop: drop.first
    )
    assert count > 150
    assert sum(drop.batches for drop in drops) == count
    assert drops[0].first == start_ms + 60_000
    assert drops[-1].last == start_ms + 60_000 * count
    for before, after in pairwise(drops):
        assert before.last < after.first


async def test_what_was_given_up_is_told_by_a_later_batch_where_the_first_is_killed_before_it_is_spooled(
    tmp_path: Path,
) -> None:
    clock = FakeClock()
    async with opened(tmp_path / "spool.sqlite", clock, max_age_s=60) as spool:
        await spool.append(b"old", clock_synchronised=True)
        clock.pass_s(3600)
        await spool.append(b"new", clock_synchronised=True)
        first = spool.unreported_drop
        assert first is not None
    async with opened(tmp_path / "spool.sqlite", clock, machine_boot="boot-2") as spool:
        assert spool.unreported_drop == first
        await spool.append(b"told", clock_synchronised=True, reports_drop=True)
        assert spool.unreported_drop is None

import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from pantau_agent.spool import SpoolInUseError
from pantau_agent.spool import file as spool_file
from pantau_contract.messages import BatchRange, Receipt
from tests.agent.fake_clock import FakeClock
from tests.agent.spool.spools import DAY_S, opened, waiting
from tests.servers.process import until


def bytes_in(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())


def names_in(folder: Path) -> str:
    return " ".join(file.name for file in folder.iterdir())


async def test_batches_come_out_in_order_and_leave_only_when_acknowledged(tmp_path: Path) -> None:
    async with opened(tmp_path / "spool.sqlite") as spool:
        batches = [await spool.append(payload) for payload in (b"one", b"two", b"three")]
        assert [batch.seq for batch in batches] == [0, 1, 2]
        assert await waiting(spool) == [b"one", b"two", b"three"]
        spool.acknowledge(batches[1].id)
        assert await waiting(spool) == [b"one", b"three"]
        assert [batch.payload for batch in await spool.after(batches[0].id, 10)] == [b"three"]
        assert spool.batches == 2


async def test_a_restart_goes_on_where_the_last_run_stopped(tmp_path: Path) -> None:
    path, clock = tmp_path / "spool.sqlite", FakeClock()
    async with opened(path, clock) as spool:
        boot, first_session = spool.boot, await spool.next_session()
        kept = await spool.append(b"kept")
        done = await spool.append(b"done")
        spool.acknowledge(done.id)
        assert await waiting(spool) == [b"kept"]
        clock.pass_s(60)
    async with opened(path, clock) as spool:
        assert spool.boot == boot
        assert await waiting(spool) == [b"kept"]
        assert (await spool.append(b"next")).seq == done.seq + 1
        assert await spool.next_session() > first_session
        assert kept.boot == boot


async def test_after_a_restart_with_all_acknowledged_nothing_comes_again_and_no_seq_is_used_twice(
    tmp_path: Path,
) -> None:
    path, clock = tmp_path / "spool.sqlite", FakeClock()
    for expected_seq in range(5):
        async with opened(path, clock) as spool:
            assert await waiting(spool) == []
            batch = await spool.append(b"batch")
            assert batch.seq == expected_seq
            spool.acknowledge(batch.id)
            assert await waiting(spool) == []
            clock.pass_s(60)


async def test_what_the_broker_took_shortly_before_it_was_lost_waits_again_and_what_it_took_earlier_does_not(
    tmp_path: Path,
) -> None:
    clock = FakeClock()
    async with opened(tmp_path / "spool.sqlite", clock) as spool:
        early, late = await spool.append(b"early"), await spool.append(b"late")
        spool.acknowledge(early.id)
        await waiting(spool)
        clock.pass_s(60)
        spool.acknowledge(late.id)
        assert await waiting(spool) == []
        spool.distrust_broker()
        assert await waiting(spool) == [b"late"]
        assert spool.batches == 1
        await spool.append(b"next")
        assert await waiting(spool) == [b"late", b"next"]


async def test_a_batch_of_a_boot_in_which_the_clock_was_set_is_found_on_disk_and_in_memory(tmp_path: Path) -> None:
    path, clock = tmp_path / "spool.sqlite", FakeClock()
    async with opened(path, clock) as spool:
        await spool.append(b"early", clock_synchronised=False)
        assert await spool.newest_with_clock_set(spool.boot) is None
        later = await spool.append(b"later", clock_synchronised=True)
    async with opened(path, clock, machine_boot="boot-2") as spool:
        found = await spool.newest_with_clock_set(later.boot)
        assert found
        assert (found.time_ms, found.monotonic_ms) == (later.time_ms, later.monotonic_ms)
        assert await spool.newest_with_clock_set(spool.boot) is None


async def test_what_became_of_a_batch_is_kept_over_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "spool.sqlite"
    async with opened(path) as spool:
        early = await spool.append(b"early", clock_synchronised=False)
        await spool.save_dated(replace(early, payload=b"dated", clock_synchronised=True))
    async with opened(path) as spool:
        (batch,) = await spool.after(0, 10)
        assert (batch.payload, batch.clock_synchronised, batch.seq) == (b"dated", True, early.seq)


async def test_a_batch_that_the_broker_has_taken_is_not_counted_as_given_up(tmp_path: Path) -> None:
    async with opened(tmp_path / "spool.sqlite", max_bytes=100_000) as spool:
        for number in range(60):
            spool.acknowledge((await spool.append(b"%04d" % number + random.randbytes(4000))).id)
        assert await waiting(spool) == []
        assert (spool.batches, spool.dropped) == (0, 0)


async def test_a_new_boot_of_the_machine_begins_a_new_boot_and_keeps_what_waits_under_the_old(
    tmp_path: Path,
) -> None:
    path = tmp_path / "spool.sqlite"
    async with opened(path, machine_boot="boot-1") as spool:
        old = await spool.append(b"old")
        await spool.append(b"newer")
    async with opened(path, machine_boot="boot-2") as spool:
        new = await spool.append(b"new")
        assert new.boot != old.boot
        assert new.seq == 0
        assert [(batch.boot, batch.seq) for batch in await spool.after(0, 10)] == [
            (old.boot, 0),
            (old.boot, 1),
            (new.boot, 0),
        ]


async def test_sessions_go_on_rising_when_the_spool_is_lost(tmp_path: Path) -> None:
    clock = FakeClock()
    async with opened(tmp_path / "a.sqlite", clock) as spool:
        sessions = [await spool.next_session() for _ in range(100)]
    clock.pass_s(3600)
    async with opened(tmp_path / "b.sqlite", clock) as spool:
        assert sessions == sorted(set(sessions))
        assert await spool.next_session() > sessions[-1]


async def test_two_agents_cannot_share_a_spool(tmp_path: Path) -> None:
    async with opened(tmp_path / "spool.sqlite"):
        with pytest.raises(SpoolInUseError, match="another pantau-agent"):
            async with opened(tmp_path / "spool.sqlite"):
                pass


async def test_past_the_size_limit_the_oldest_goes_first_and_is_counted_also_over_a_restart(
    tmp_path: Path,
) -> None:
    path, limit = tmp_path / "spool.sqlite", 400_000
    async with opened(path, max_bytes=limit) as spool:
        for number in range(200):
            await spool.append(b"%04d" % number + random.randbytes(4000))
        left = [int(payload[:4]) for payload in await waiting(spool)]
        assert left == list(range(left[0], 200))
        assert spool.dropped == 200 - len(left) > 50
        assert spool.batches == len(left)
        assert len(left) > 60  # no more is dropped than necessary
        dropped = spool.dropped
    assert bytes_in(tmp_path) < limit + 1_200_000
    async with opened(path, max_bytes=limit) as spool:
        assert spool.dropped == dropped
    async with opened(path, max_bytes=limit, machine_boot="boot-2") as spool:
        assert spool.dropped == 0


async def test_past_the_age_limit_the_oldest_goes_first(tmp_path: Path) -> None:
    clock = FakeClock()
    async with opened(tmp_path / "spool.sqlite", clock, max_age_s=10) as spool:
        for number in range(30):
            await spool.append(b"%d" % number)
            clock.pass_s(1)
        assert await waiting(spool) == [b"%d" % number for number in range(19, 30)]
        assert spool.dropped == 19


@pytest.mark.parametrize(("before", "after"), [(False, True), (None, None)])
async def test_a_clock_that_is_set_makes_no_batch_of_this_boot_too_old(
    tmp_path: Path, before: bool | None, after: bool | None
) -> None:
    clock = FakeClock()
    async with opened(tmp_path / "spool.sqlite", clock) as spool:
        await spool.append(b"before", clock_synchronised=before)
        clock.step_s(6 * 365 * DAY_S)
        await spool.append(b"after", clock_synchronised=after)
        assert await waiting(spool) == [b"before", b"after"]


@pytest.mark.parametrize(("clock_then", "expected"), [(True, [b"new"]), (False, [b"old", b"newer", b"new"])])
async def test_age_over_a_reboot_is_told_by_the_time_only_if_the_clock_was_set(
    tmp_path: Path, clock_then: bool, expected: list[bytes]
) -> None:
    clock = FakeClock()
    async with opened(tmp_path / "spool.sqlite", clock) as spool:
        await spool.append(b"old", clock_synchronised=clock_then)
        await spool.append(b"newer", clock_synchronised=clock_then)
    clock.step_s(8 * DAY_S)
    async with opened(tmp_path / "spool.sqlite", clock, machine_boot="boot-2") as spool:
        await spool.append(b"new", clock_synchronised=True)
        assert await waiting(spool) == expected


def _overwrite_start(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"not a database at all" * 100)


def _cut_in_half(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _overwrite_middle(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2 // 4096 * 4096)
        file.write(random.randbytes(8192))


@pytest.mark.parametrize(
    ("damage", "at_least"), [(_overwrite_start, 0), (_cut_in_half, 50), (_overwrite_middle, 150)]
)
async def test_a_damaged_file_is_set_aside_and_what_can_be_read_is_used(
    tmp_path: Path, damage: Callable[[Path], None], at_least: int, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "spool.sqlite"
    async with opened(path) as spool:
        written = [b"%04d" % number + random.randbytes(3000) for number in range(200)]
        for payload in written:
            last = await spool.append(payload)
    damage(path)
    async with opened(path) as spool:
        left = await waiting(spool)
        assert len(left) >= at_least
        assert left == sorted(set(left))
        assert set(left) <= set(written)
        new = await spool.append(b"new")
        assert new.boot != last.boot
        assert (await waiting(spool))[-1] == b"new"
    assert "is damaged" in caplog.text
    assert names_in(tmp_path).count(".damaged-") == 1


async def test_without_a_disk_batches_wait_in_memory_and_go_to_it_when_it_comes(tmp_path: Path) -> None:
    clock = FakeClock()
    folder = tmp_path / "disk"
    folder.write_text("a file where the folder should be")
    async with opened(folder / "spool.sqlite", clock) as spool:
        first = await spool.append(b"first")
        second = await spool.append(b"second")
        assert await waiting(spool) == [b"first", b"second"]
        spool.acknowledge(first.id)
        assert await waiting(spool) == [b"second"]
        folder.unlink()
        clock.pass_s(60)
        await spool.append(b"third")
        assert await waiting(spool) == [b"second", b"third"]
    async with opened(folder / "spool.sqlite", clock) as spool:
        assert await waiting(spool) == [b"second", b"third"]
        assert (await spool.append(b"fourth")).boot == second.boot


async def test_when_the_disk_is_full_nothing_is_lost_and_it_goes_on_by_itself(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(tmp_path / "spool.sqlite") as spool:
        await spool.append(b"before")
        connection = spool._queue.file._connection  # type: ignore[union-attr]
        await spool._run(lambda: connection.execute("PRAGMA max_page_count = 1"))  # SQLite's own "disk is full"
        large = [bytes([number]) * 500_000 for number in range(3)]
        for payload in large:
            await spool.append(payload)
        assert await waiting(spool) == [b"before", *large]
        assert caplog.text.count("cannot be used") == 1
        assert "full" in caplog.text
        await spool._run(lambda: connection.execute("PRAGMA max_page_count = 1000000"))
        await spool.append(b"after")
        assert spool.batches == 5
    async with opened(tmp_path / "spool.sqlite") as spool:
        assert await waiting(spool) == [b"before", *large, b"after"]


async def test_from_the_first_commit_on_no_file_grows_so_that_the_file_system_has_no_work_of_its_own(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path / "spool.sqlite") as spool:
        before = bytes_in(tmp_path)
        for _ in range(60):
            batch = await spool.append(random.randbytes(2000))
            spool.receive_receipt(Receipt("north", (BatchRange(batch.boot, batch.seq, batch.seq),)))
        assert bytes_in(tmp_path) == before
        assert spool.used_mb < 0.05, "the room is free"


async def test_an_existing_spool_is_opened_on_a_full_disk_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path / "spool.sqlite") as spool:
        await spool.append(b"before")

    def full(connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA max_page_count = 1")
        with suppress(sqlite3.OperationalError):
            connection.execute("CREATE TABLE probe (x)")
        reserve(connection)

    reserve = spool_file._reserve_room
    monkeypatch.setattr(spool_file, "_WAL_BYTES", 10 << 20)
    monkeypatch.setattr(spool_file, "_reserve_room", full)
    async with opened(tmp_path / "spool.sqlite") as spool:
        assert spool._queue.file is not None
        assert await waiting(spool) == [b"before"]


async def test_a_file_damaged_while_in_use_is_set_aside_and_the_live_batch_kept(tmp_path: Path) -> None:
    path = tmp_path / "spool.sqlite"
    async with opened(path) as spool:
        for number in range(300):
            await spool.append(b"%d" % number + random.randbytes(3000))
        await spool._run(lambda: spool._queue.file._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)"))  # type: ignore[union-attr]
        await spool._run(lambda: spool._queue.file._connection.execute("PRAGMA shrink_memory"))  # type: ignore[union-attr]
        with path.open("r+b") as file:
            file.seek(4096)
            file.write(random.randbytes(path.stat().st_size - 4096))
        batches = [await spool.append(b"live"), await spool.append(b"live too")]
        assert (await waiting(spool))[-2:] == [b"live", b"live too"]
        assert [batch.seq for batch in batches] == [300, 301]
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA quick_check").fetchone() == ("ok",)


_WRITER = """
import asyncio, sys
from pathlib import Path
from pantau_agent.clock import SystemClock
from pantau_agent.spool import Spool

async def main():
    path, clock = Path(sys.argv[1]), SystemClock()
    spool = await Spool.open(path, max_bytes=1e9, max_age_s=1e6, machine_boot="b", clock=clock)
    number = spool.next_seq
    while True:
        batch = await spool.append(b"%d" % number)
        print(batch.seq, flush=True)
        if number % 3 == 0:
            spool.acknowledge(batch.id)
        number += 1

asyncio.run(main())
"""


def append_until_killed(path: Path, said: Path, *, more_bytes: int) -> None:
    """Run a process that appends batches and prints their numbers, and kill it."""
    before = said.stat().st_size if said.exists() else 0
    with said.open("ab") as out:
        writer = subprocess.Popen([sys.executable, "-c", _WRITER, str(path)], stdout=out)
    assert until(lambda: said.stat().st_size > before + more_bytes)
    writer.send_signal(signal.SIGKILL)
    writer.wait()


async def test_killed_at_any_instant_no_batch_that_was_appended_is_lost_or_numbered_twice(tmp_path: Path) -> None:
    path, said = tmp_path / "spool.sqlite", tmp_path / "said"
    for run in range(4):
        append_until_killed(path, said, more_bytes=100 + 37 * run)
    appended = [int(line) for line in said.read_text().splitlines()]
    assert appended == sorted(set(appended))
    async with opened(path, machine_boot="b") as spool:
        left = [batch.seq for batch in await spool.after(0, 100_000)]
        assert left == sorted(set(left))
        assert {seq for seq in appended if seq % 3} <= set(left)
        assert (await spool.append(b"next")).seq > max(appended)

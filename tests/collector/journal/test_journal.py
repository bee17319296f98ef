import errno
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pantau_collector.journal import CursorFile, Journal, JournalError, JournalReader, Record, RetentionLimits
from pantau_collector.journal.retention import Segment

TOPIC = "pantau/v1/nagoya/telemetry"


def records(count: int, *, size: int = 100, first: int = 0) -> list[Record]:
    return [Record(first + i, TOPIC, f"{first + i}:".encode().ljust(size, b"x")) for i in range(count)]


def read_all(journal: JournalReader, position: int = 0, limit: int = 7) -> list[Record]:
    found: list[Record] = []
    while True:
        some, position = journal.read(position, limit)
        if not some:
            return found
        found += some


def newest(folder: Path) -> Path:
    return max(folder.glob("*.journal"))


def test_what_was_appended_is_read_back_in_order_over_many_segments(tmp_path: Path) -> None:
    with Journal(tmp_path, segment_bytes=1000) as journal:
        for i in range(0, 50, 2):
            end = journal.append(records(2, first=i))
        assert len(list(tmp_path.glob("*.journal"))) > 3
        assert end == journal.end
        assert read_all(journal) == records(50)
        assert journal.damages == ()
    with Journal(tmp_path, segment_bytes=1000) as journal:
        assert journal.end == end
        assert read_all(journal) == records(50)


@pytest.mark.parametrize("segment_bytes", [1, 1_000_000])
def test_what_is_appended_while_a_reader_finds_nothing_more_is_not_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, segment_bytes: int
) -> None:
    with Journal(tmp_path, segment_bytes=segment_bytes) as journal:
        position = journal.append(records(1))
        read_segment = journal._read_segment

        def append_after_reading(*arguments: Any) -> tuple[list[Record], int]:
            found = read_segment(*arguments)
            journal.append(records(1, first=1))
            return found

        monkeypatch.setattr(journal, "_read_segment", append_after_reading)
        found, position = journal.read(position, 10)
        monkeypatch.undo()
        assert [*found, *read_all(journal, position)] == records(1, first=1)
        assert journal.damages == ()


@given(
    st.lists(
        st.builds(
            Record,
            received_ms=st.integers(0, 1 << 53),
            topic=st.text(st.characters(codec="utf-8"), max_size=100),
            payload=st.binary(max_size=300),
            retained=st.booleans(),
            late=st.booleans(),
            undated=st.booleans(),
        ),
        max_size=20,
    )
)
@settings(max_examples=50)
def test_any_record_survives_a_round(tmp_path_factory: pytest.TempPathFactory, some: list[Record]) -> None:
    with Journal(tmp_path_factory.mktemp("journal"), segment_bytes=500) as journal:
        for record in some:
            journal.append([record])
        assert read_all(journal) == some


def test_reading_goes_on_from_any_position_that_reading_gave(tmp_path: Path) -> None:
    with Journal(tmp_path, segment_bytes=1000) as journal:
        journal.append(records(30))
        first, position = journal.read(journal.start, 10)
        assert first == records(10)
        assert read_all(journal, position) == records(20, first=10)


def test_the_latest_records_are_found_from_a_record_on(tmp_path: Path) -> None:
    with Journal(tmp_path, segment_bytes=1000) as journal:
        assert journal.latest(100) == 0
        size = journal.append(records(1, first=0))
        for i in range(1, 30):
            journal.append(records(1, first=i))
        for wanted in (1, 10, size, size + 1, 5 * size, 10_000_000):
            position = journal.latest(wanted)
            assert journal.end - position <= wanted
            whole = min(wanted // size, 30)
            assert read_all(journal, position) == records(whole, first=30 - whole)
        assert journal.damages == ()


def test_reading_ends_before_the_record_it_is_told_also_where_the_rest_is_damaged(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        border = journal.append(records(10))
        journal.append(records(10, first=10))
        assert journal.read(0, 100, until=border) == (records(10), border)
        assert journal.read(border, 100, until=border) == ([], border)
        path = newest(tmp_path)
        content = bytearray(path.read_bytes())
        content[border - 20 : border + 20] = bytes(40)
        path.write_bytes(content)
        found, position = journal.read(0, 100, until=border)
        assert found == records(9)
        assert journal.read(position, 100, until=border) == ([], border)
        assert journal.read(border, 100)[0] == records(9, first=11)


def test_a_tail_torn_at_any_byte_is_cut_set_aside_and_reported(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        whole = journal.append(records(3))
        journal.append(records(1, first=3))
    path = newest(tmp_path)
    content = path.read_bytes()
    for kept in range(whole + 1, len(content), 7):
        path.write_bytes(content[:kept])
        with Journal(tmp_path) as journal:
            assert journal.end == whole == path.stat().st_size
            assert [(damage.position, damage.size) for damage in journal.damages] == [(whole, kept - whole)]
            assert next(tmp_path.glob("*.torn")).read_bytes() == content[whole:kept]
            journal.append(records(1, first=9))
            assert read_all(journal) == [*records(3), *records(1, first=9)]


def test_a_tail_of_zeros_as_a_file_system_leaves_it_is_cut(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        whole = journal.append(records(3))
    with newest(tmp_path).open("ab") as file:
        file.write(bytes(5000))
    with Journal(tmp_path) as journal:
        assert journal.end == whole
        assert journal.append(records(1)) > whole
        assert len(read_all(journal)) == 4


@pytest.mark.parametrize("segment_bytes", [1000, 1 << 20])
def test_damage_in_the_middle_costs_only_what_it_touches(tmp_path: Path, segment_bytes: int) -> None:
    with Journal(tmp_path, segment_bytes=segment_bytes) as journal:
        for record in records(40):
            journal.append([record])
    paths = sorted(tmp_path.glob("*.journal"))
    with paths[len(paths) // 2].open("r+b") as file:
        file.seek(150)
        file.write(b"\xf5PJ1 damage")
    with Journal(tmp_path, segment_bytes=segment_bytes) as journal:
        journal.append(records(1, first=40))
        found = read_all(journal)
        assert len(found) == 40
        assert set(found) < set(records(41))
        assert len(journal.damages) == 1
        assert read_all(journal) == found
        assert len(journal.damages) == 1, "each place is told once"


@given(st.lists(st.tuples(st.integers(0, 5500), st.binary(min_size=1, max_size=60)), min_size=1, max_size=6))
@settings(max_examples=60)
def test_no_damage_crashes_a_reader_or_invents_a_record(
    tmp_path_factory: pytest.TempPathFactory, damages: list[tuple[int, bytes]]
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    with Journal(folder, segment_bytes=1500) as journal:
        for record in records(40):
            journal.append([record])
    for at, content in damages:
        path = sorted(folder.glob("*.journal"))[at % 3]
        with path.open("r+b") as file:
            file.seek(at % 1500)
            file.write(content)
    with Journal(folder, segment_bytes=1500) as journal:
        journal.append(records(1, first=100))
        found = read_all(journal)
        assert found[-1] == records(1, first=100)[0]
        assert [record for record in found if record not in records(40)] == found[-1:]
        assert found == sorted(found, key=lambda record: record.received_ms)


def test_a_page_that_the_disk_cannot_read_is_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Journal(tmp_path) as journal:
        journal.append(records(200))
    pread = os.pread

    def failing(file: int, size: int, offset: int) -> bytes:
        if offset < 8192 < offset + size:
            raise OSError(errno.EIO, "Input/output error")
        return pread(file, size, offset)

    reader = JournalReader(tmp_path)
    monkeypatch.setattr("os.pread", failing)
    found = read_all(reader)
    assert 150 < len(found) < 200
    assert found[0] == records(1)[0]
    assert found[-1] == records(1, first=199)[0]
    assert len(reader.damages) == 1


def test_a_lost_segment_in_the_middle_is_reported_and_passed(tmp_path: Path) -> None:
    with Journal(tmp_path, segment_bytes=1000) as journal:
        for record in records(40):
            journal.append([record])
    sorted(tmp_path.glob("*.journal"))[2].unlink()
    with Journal(tmp_path, segment_bytes=1000) as journal:
        found = read_all(journal)
        assert found[0] == records(1)[0]
        assert found[-1] == records(1, first=39)[0]
        assert len(found) < 40
        assert len(journal.damages) == 1


def test_damage_at_the_very_end_while_open_does_not_hold_a_reader(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        end = journal.append(records(3))
        with newest(tmp_path).open("r+b") as file:
            file.seek(end - 5)
            file.write(b"????")
        some, position = journal.read(0, 100)
        assert some == records(2)
        assert journal.read(position, 100) == ([], end)
        assert not journal.wait(end, 0)


def test_a_full_disk_leaves_the_journal_whole_and_it_goes_on_when_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Journal(tmp_path) as journal:
        before = journal.append(records(3))
        pwrite = os.pwrite
        room = [150]

        def filling(file: int, data: bytes, offset: int) -> int:
            if room[0] == 0:
                raise OSError(errno.ENOSPC, "No space left on device")
            written = pwrite(file, data[: room[0]], offset)
            room[0] -= written
            return written

        monkeypatch.setattr("os.pwrite", filling)
        with pytest.raises(OSError, match="No space left"):
            journal.append(records(5, first=3))
        assert journal.end == before
        assert newest(tmp_path).stat().st_size == before
        monkeypatch.setattr("os.pwrite", pwrite)
        journal.append(records(5, first=3))
        assert read_all(journal) == records(8)


def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    with Journal(tmp_path), pytest.raises(JournalError, match="another process writes this journal"):
        Journal(tmp_path)
    Journal(tmp_path).close()


def test_a_reader_of_another_process_follows_the_writer_over_segments(tmp_path: Path) -> None:
    with Journal(tmp_path, segment_bytes=500) as journal:
        reader = JournalReader(tmp_path)
        position, found = 0, []
        for i in range(20):
            journal.append(records(2, first=2 * i))
            some, position = reader.read(position, 100)
            found += some
            some, position = reader.read(position, 100)
            found += some
        assert found == records(40)
        assert reader.end == journal.end
        assert reader.damages == ()


def test_a_record_half_written_by_another_process_is_waited_for(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        half = journal.append(records(1)) + 60
        journal.append(records(1, first=1))
    content = newest(tmp_path).read_bytes()
    newest(tmp_path).write_bytes(content[:half])
    reader = JournalReader(tmp_path)
    some, position = reader.read(0, 10)
    assert some == records(1)
    assert reader.read(position, 10) == ([], position)
    newest(tmp_path).write_bytes(content)
    assert reader.read(position, 10)[0] == records(1, first=1)
    assert reader.damages == ()


def test_many_readers_tail_while_one_writes(tmp_path: Path) -> None:
    with Journal(tmp_path, segment_bytes=20_000) as journal:
        found: dict[int, list[Record]] = {i: [] for i in range(4)}

        def tail(mine: list[Record]) -> None:
            position = 0
            while len(mine) < 1000 and journal.wait(position, 60):
                some, position = journal.read(position, 50)
                mine += some

        readers = [threading.Thread(target=tail, args=(mine,)) for mine in found.values()]
        for reader in readers:
            reader.start()
        for i in range(0, 1000, 10):
            journal.append(records(10, first=i))
        for reader in readers:
            reader.join(60)
        assert all(mine == records(1000) for mine in found.values())
        assert journal.damages == ()


def test_waiting_ends_with_the_timeout(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        end = journal.append(records(1))
        assert journal.wait(0, 0)
        assert not journal.wait(end, 0.01)


def test_retention_by_size_takes_what_is_read_and_leaves_what_is_not(tmp_path: Path) -> None:
    keep = RetentionLimits(max_bytes=3000, hard_max_bytes=10**9)
    with Journal(tmp_path, segment_bytes=1000, retention=keep) as journal:
        position = 0
        journal.report_position("sink", position)
        for record in records(100):
            journal.append([record])
        assert journal.start == 0
        count = 0
        while count < 60:
            some, position = journal.read(position, 60 - count)
            journal.report_position("sink", position)
            count += len(some)
        journal.retain(0)
        assert 0 < journal.start <= position
        assert read_all(journal, position) == records(40, first=60)
        journal.report_position("sink", journal.end)
        journal.retain(0)
        assert journal.end - journal.start <= 4000
        assert journal.removed_unread_bytes == 0


def test_the_hard_limit_takes_even_the_unread_and_counts_it(tmp_path: Path) -> None:
    keep = RetentionLimits(max_bytes=1000, hard_max_bytes=3000)
    with Journal(tmp_path, segment_bytes=1000, retention=keep) as journal:
        journal.report_position("sink", 0)
        for record in records(100):
            journal.append([record])
        assert journal.end - journal.start <= 4000
        assert journal.removed_unread_bytes == journal.start
        found = read_all(journal, 0)
        assert found[-1] == records(1, first=99)[0]
        assert [(damage.position, damage.size) for damage in journal.damages] == [(0, journal.start)]


def test_retention_by_age_goes_by_when_records_were_received(tmp_path: Path) -> None:
    with Journal(tmp_path, segment_bytes=1000, retention=RetentionLimits(max_age_s=10)) as journal:
        for i in range(20):
            journal.append([Record(i * 1000, TOPIC, b"x" * 300)])
        journal.retain(now_ms=19_000)
        assert 7_000 <= read_all(journal, journal.start)[0].received_ms <= 9_000


SEGMENT = Segment(0, 1 << 30, 0)
"""A finished segment of 1 GiB, whose newest record is of the beginning of 1970."""
DAY_MS = 86_400_000


@pytest.mark.parametrize(
    ("end_gib", "age_ms", "is_read", "is_removed"),
    [
        (8, 31 * DAY_MS, True, False),
        (8, 31 * DAY_MS + 1, True, True),
        (9, 0, True, True),
        (24, 32 * DAY_MS, False, False),
        (25, 0, False, True),
    ],
    ids=["8 GiB, 31 days", "older", "more", "unread", "unread beyond 24 GiB"],
)
def test_by_default_31_days_and_8_gib_are_kept_and_24_gib_of_what_is_unread(
    end_gib: int, age_ms: int, is_read: bool, is_removed: bool
) -> None:
    needed = SEGMENT.end if is_read else SEGMENT.start
    removable = RetentionLimits().removable([SEGMENT], end=end_gib << 30, now_ms=age_ms, needed=needed)
    assert removable == ([SEGMENT] if is_removed else [])


def test_retention_waits_for_the_slowest_reader_and_goes_by_what_it_reported_last(tmp_path: Path) -> None:
    with Journal(tmp_path, segment_bytes=1000, retention=RetentionLimits(max_bytes=1)) as journal:
        journal.report_position("slow", 0)
        for record in records(100):
            journal.append([record])
        journal.report_position("fast", journal.end)
        journal.retain(0)
        assert journal.start == 0
        _, position = journal.read(0, 50)
        journal.report_position("slow", position)
        journal.retain(0)
        assert position - 1000 <= journal.start <= position


def test_a_cursor_that_outlived_its_journal_misses_nothing_written_since(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.append(records(3))
        journal.report_position("sink", 5000)
        journal.append(records(3, first=3))
        assert journal.read(5000, 10)[0] == records(3, first=3)
        assert read_all(journal) == records(6)
    with Journal(tmp_path) as journal:
        assert read_all(journal, 5000) == records(3, first=3)


def test_a_position_is_found_by_time(tmp_path: Path) -> None:
    with Journal(tmp_path, segment_bytes=1000) as journal:
        for record in records(100):
            journal.append([record])
        found = read_all(journal, journal.position_at(50))
        assert 40 <= found[0].received_ms <= 50


def test_opening_with_a_backlog_of_ten_million_records_looks_at_the_newest_segment_alone(tmp_path: Path) -> None:
    size = 2_000_000_000
    for start in range(0, size, 64 << 20):
        (tmp_path / f"{start:020d}.journal").touch()
        os.truncate(tmp_path / f"{start:020d}.journal", min(64 << 20, size - start))
    with Journal(tmp_path / "small") as journal:
        journal.append(records(10))
    (tmp_path / "small" / newest(tmp_path / "small").name).rename(tmp_path / f"{size:020d}.journal")
    before = time.process_time()
    with Journal(tmp_path) as journal:
        assert journal.read(size, 20)[0] == records(10)
    assert time.process_time() - before < 1


_APPENDER = """
import sys
from pathlib import Path
from typing import Any
from pantau_collector.journal import Journal, Record
journal = Journal(Path(sys.argv[1]), segment_bytes=20_000)
i = int(sys.argv[2])
while True:
    journal.append([Record(i + k, "pantau/v1/a/telemetry", b"x" * 200) for k in range(5)])
    i += 5
    print(i, flush=True)
"""


def test_kill_9_while_appending_loses_nothing_whose_append_returned(tmp_path: Path) -> None:
    dice = random.Random(4)
    told = 0
    for _ in range(6):
        with subprocess.Popen(
            [sys.executable, "-c", _APPENDER, str(tmp_path), str(told)], stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdout is not None
            for _ in range(dice.randrange(1, 60)):
                told = int(child.stdout.readline())
            child.send_signal(signal.SIGKILL)
            rest = child.stdout.read().split()
            told = int(rest[-1]) if rest else told
        with Journal(tmp_path, segment_bytes=20_000) as journal:
            found = {record.received_ms for record in read_all(journal, limit=1000)}
        assert found >= set(range(told))


def test_a_cursor_is_kept_and_a_damaged_one_is_the_beginning(tmp_path: Path) -> None:
    path = tmp_path / "influx.cursor"
    cursor = CursorFile(path)
    assert cursor.position == 0
    cursor.move(1234)
    assert CursorFile(path).position == 1234
    path.write_bytes(b"\x00\xff12")
    assert CursorFile(path).position == 0

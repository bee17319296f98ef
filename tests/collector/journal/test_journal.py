"""What is appended is read back, by any number of readers, and after a crash."""

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

from pantau_collector.journal import CursorFile, Journal, JournalError, JournalReader, Record
from tests.collector.journal.some_records import newest, read_all, records


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

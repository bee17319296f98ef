"""A torn tail, damage anywhere, a lost segment: what is whole is read, and the rest is reported."""

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pantau_collector.journal import Journal, JournalReader
from tests.collector.journal.some_records import newest, read_all, records


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

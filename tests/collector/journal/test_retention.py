"""What is kept, for how long, and for which reader."""

from pathlib import Path

import pytest

from pantau_collector.journal import Journal, Record, RetentionLimits
from pantau_collector.journal.retention import Segment
from tests.collector.journal.some_records import TOPIC, read_all, records

SEGMENT = Segment(0, 1 << 30, 0)
"""A finished segment of 1 GiB, whose newest record is of the beginning of 1970."""
DAY_MS = 86_400_000


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

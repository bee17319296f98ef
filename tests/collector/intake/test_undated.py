"""Batches without a true time, and old ones."""

from pathlib import Path

import msgspec
import pytest

from pantau_collector.intake import undated
from pantau_collector.intake.undated import UndatedBatches
from pantau_collector.journal import Journal
from pantau_contract.topics import TopicKind
from pantau_contract.wire import encode
from tests.collector.intake.messages import NOW, SITE, Publisher, down, telemetry, topic
from tests.collector.intake.room import Room
from tests.servers.mosquitto import Mosquitto
from tests.servers.process import until


@pytest.mark.parametrize("time", [1000, NOW + 86_400_000], ids=["of 1970", "of tomorrow"])
def test_a_batch_without_a_true_time_that_comes_again_after_a_restart_is_not_written_twice(
    room: Room, mosquitto: Mosquitto, time: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(undated, "SAVE_EVERY_BYTES", 3000)
    payloads = [encode(telemetry(seq, time=time)) for seq in range(20)]
    for last, sent in enumerate((payloads[:10], payloads, payloads, payloads[5:]), 100):
        intake = room.start()
        with Publisher(mosquitto.port) as agent:
            for payload in (*sent, encode(telemetry(last, time=NOW))):
                agent.send(topic(TopicKind.TELEMETRY), payload)
        assert until(lambda: last in room.seqs())  # noqa: B023 # called before the next
        seqs = room.seqs()
        room.stop()
    assert [seq for seq in seqs if seq < 100] == list(range(20))
    assert intake.duplicates >= 15
    monkeypatch.setattr(undated, "REMEMBERED", 5)
    with Journal(room.folder / "journal") as journal:
        known = UndatedBatches(journal)
        assert [seq for seq in range(100) if (SITE, "b1", seq) in known] == [15, 16, 17, 18, 19]


def test_the_latest_65536_batches_without_a_true_time_are_known(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        known = UndatedBatches(journal)
        for seq in range(65_537):
            known.add((SITE, "b1", seq))
        assert (SITE, "b1", 0) not in known
        assert (SITE, "b1", 1) in known


def test_what_is_known_of_another_journal_is_not_known_of_this_one(tmp_path: Path) -> None:
    kept = b'{"journal": "another", "position": 0, "batches": [["a", "b1", 1]]}'
    for content in (kept, b"torn"):
        with Journal(tmp_path) as journal:
            (tmp_path / "undated.json").write_bytes(content)
            assert ("a", "b1", 1) not in UndatedBatches(journal)


def test_a_batch_of_long_ago_is_marked_late_unless_the_clock_it_was_dated_by_was_wrong(
    room: Room, mosquitto: Mosquitto
) -> None:
    intake = room.start()
    on = topic(TopicKind.TELEMETRY)
    with Publisher(mosquitto.port) as agent:
        for seq, (age_s, synchronised) in enumerate(
            [(0, True), (59, True), (61, True), (86_400, None), (86_400, False), (NOW // 1000 - 5000, None)]
        ):
            batch = telemetry(seq, time=NOW - age_s * 1000)
            agent.send(on, encode(msgspec.structs.replace(batch, clock_synchronised=synchronised)))
        agent.send(
            topic(TopicKind.STATE, camera="cam1"), encode(msgspec.structs.replace(down(1), time=NOW - 86_400_000))
        )
    assert until(lambda: intake.acknowledged == 7)
    assert [record.late for record in room.records()] == [False, False, True, True, False, False, False]

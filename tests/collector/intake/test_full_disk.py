"""The disk is full or fails; what is not written is not acknowledged."""

import errno
import os
from pathlib import Path

import pytest

from pantau_collector.deadletter import DeadLetters
from pantau_collector.intake.drop_reports import DropReports
from pantau_collector.intake.inbox import Incoming
from pantau_collector.intake.overflow import Overflow
from pantau_collector.intake.writer import MessageWriter
from pantau_collector.journal import Journal
from pantau_collector.pictures import PictureFiles
from pantau_contract.states import State
from pantau_contract.topics import TopicKind
from pantau_contract.wire import encode
from tests.collector.intake.messages import NOW, Publisher, about, birth, jpeg, topic
from tests.collector.intake.room import Room
from tests.servers.mosquitto import Mosquitto
from tests.servers.process import until


def test_a_full_disk_stops_the_acknowledging_and_it_resumes_by_itself(
    room: Room, mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    intake = room.start()
    pwrite = os.pwrite

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.pwrite", full)
    with Publisher(mosquitto.port) as agent:
        agent.telemetry(1, 2, 3)
        agent.send(topic(TopicKind.TELEMETRY), b"bad")
        assert until(lambda: intake.disk_trouble is not None and intake.received == 4)
        assert "No space left" in str(intake.disk_trouble)
        assert not intake.listening
        assert (intake.acknowledged, intake.journaled) == (0, 0)
        monkeypatch.setattr("os.pwrite", pwrite)
        assert until(lambda: intake.acknowledged == 4)
    assert intake.listening
    assert room.seqs() == [1, 2, 3]
    assert len(room.dead()) == 1
    told = [record.message for record in caplog.records if "the disk" in record.message]
    assert len(told) == 2, "said once when it begins and once when it ends"


def test_what_is_in_the_journal_is_not_written_again_when_the_rest_has_to_be_tried_again(tmp_path: Path) -> None:
    arrived = [
        Incoming(NOW, topic(kind), payload, retained=False, connection=1, mid=1, qos=1)
        for kind, payload in ((TopicKind.AGENT, encode(birth())), (TopicKind.TELEMETRY, b"bad"))
    ]
    with Journal(tmp_path / "journal") as journal:
        pictures = PictureFiles(tmp_path / "pictures", time_ms=lambda: NOW)
        letters = DeadLetters(tmp_path / "dead.jsonl", time_ms=lambda: NOW)
        overflow = Overflow(tmp_path / "overflow.sqlite")
        writer = MessageWriter(journal, pictures, letters, overflow, DropReports(), max_age_ms=86_400_000)
        batch = writer.check(arrived)
        (tmp_path / "dead.jsonl").mkdir()
        with pytest.raises(IsADirectoryError):
            writer.write(batch)
        (tmp_path / "dead.jsonl").rmdir()
        writer.write(batch)
        assert len(journal.read(0, 10)[0]) == writer.journaled == 1
        assert letters.written == writer.dead == 1
        overflow.close()


def test_stopped_while_the_disk_is_full_nothing_is_acknowledged_and_all_comes_again(
    room: Room, mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    intake = room.start()
    with monkeypatch.context() as patch:
        patch.setattr(
            "os.pwrite", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space left on device"))
        )
        with Publisher(mosquitto.port) as agent:
            agent.telemetry(1, 2, 3)
        assert until(lambda: intake.disk_trouble is not None)
        room.stop()
    intake = room.start()
    assert until(lambda: intake.journaled == 3)
    assert sorted(room.seqs()) == [1, 2, 3]


def test_a_picture_that_cannot_be_kept_holds_nothing_up(
    room: Room, mosquitto: Mosquitto, caplog: pytest.LogCaptureFixture
) -> None:
    intake = room.start()
    (room.folder / "pictures").mkdir()
    (room.folder / "pictures" / "nagoya").write_text("a file where a folder should be")
    with Publisher(mosquitto.port) as agent:
        agent.send(topic(TopicKind.SNAPSHOT, camera="cam1"), jpeg(about(state=State.DOWN)))
        agent.telemetry(1)
    assert until(lambda: intake.acknowledged == 2)
    assert intake.lost_pictures == 1
    assert room.seqs() == [1]
    assert any("the picture of nagoya/cam1 is not kept" in record.message for record in caplog.records)

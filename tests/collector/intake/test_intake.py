import errno
import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from paho.mqtt.client import MQTTMessage
from pydantic import SecretStr

from pantau_collector.config import Broker
from pantau_collector.deadletter import DeadLetters
from pantau_collector.intake import Intake, undated
from pantau_collector.intake.door import Door
from pantau_collector.intake.drop_reports import DropReports
from pantau_collector.intake.inbox import Inbox, Incoming
from pantau_collector.intake.overflow import Overflow
from pantau_collector.intake.subscription import Subscription
from pantau_collector.intake.undated import UndatedBatches
from pantau_collector.intake.writer import MessageWriter
from pantau_collector.journal import Journal, Record
from pantau_collector.pictures import PictureFiles
from pantau_contract.messages import Receipt, Telemetry
from pantau_contract.states import State
from pantau_contract.topics import TopicKind, parse_topic
from pantau_contract.wire import decode, encode
from tests.collector.intake.messages import NOW, SITE, Publisher, about, birth, down, jpeg, telemetry, topic
from tests.servers.mosquitto import Mosquitto
from tests.servers.process import until


class Room:
    """An intake with its files; `start` again is a restart of the collector."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.broker = Broker(port=port)
        self.intake: Intake | None = None

    def start(self, *, connected: bool = True) -> Intake:
        self.journal = Journal(self.folder / "journal")
        self.pictures = PictureFiles(self.folder / "pictures", time_ms=lambda: NOW)
        letters = DeadLetters(self.folder / "dead.jsonl", time_ms=lambda: NOW)
        self.intake = Intake(self.broker, self.journal, self.pictures, letters, time_ms=lambda: NOW, retry_s=0.02)
        self.intake.start()
        if connected:
            assert until(lambda: self.intake and self.intake.connected)
        return self.intake

    def stop(self) -> None:
        if self.intake is not None:
            self.intake.stop()
            self.journal.close()
            self.intake = None

    def records(self) -> list[Record]:
        return self.journal.read(0, 100_000)[0]

    def seqs(self) -> list[int]:
        return seqs_of(self.records())

    def dead(self) -> list[dict[str, Any]]:
        path = self.folder / "dead.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def seqs_of(records: Iterable[Record]) -> list[int]:
    messages = (decode(parse_topic(record.topic), record.payload) for record in records)
    return [message.seq for message in messages if isinstance(message, Telemetry)]


@pytest.fixture
def room(tmp_path: Path, mosquitto: Mosquitto) -> Iterator[Room]:
    room = Room(tmp_path, mosquitto.port)
    yield room
    room.stop()


def test_messages_of_every_kind_go_where_they_belong(room: Room, mosquitto: Mosquitto) -> None:
    intake = room.start()
    with Publisher(mosquitto.port) as agent:
        agent.send(topic(TopicKind.AGENT), encode(birth()))
        agent.send(topic(TopicKind.TELEMETRY), encode(telemetry(1), compress=True))
        agent.send(topic(TopicKind.STATE, camera="cam1"), encode(down(2)))
        agent.send(topic(TopicKind.SNAPSHOT, camera="cam1"), jpeg(about()))
    assert until(lambda: intake.acknowledged == 4)
    assert [parse_topic(record.topic).kind for record in room.records()] == [
        TopicKind.AGENT,
        TopicKind.TELEMETRY,
        TopicKind.STATE,
    ]
    assert {record.received_ms for record in room.records()} == {NOW}
    assert room.pictures.taken_ms("nagoya", "cam1") == NOW
    assert (intake.received, intake.journaled, intake.samples, intake.dead) == (4, 3, 2, 0)
    assert intake.received_bytes > 500
    assert intake.listening


BAD = [
    (topic(TopicKind.TELEMETRY), b"not json", "JSON is malformed"),
    (topic(TopicKind.TELEMETRY), b"\xff\xfe\x00", "JSON is malformed"),
    (topic(TopicKind.TELEMETRY), b"", "truncated"),
    (topic(TopicKind.TELEMETRY), b'{"site": "nagoya", "boot": 5}', r"$.boot"),
    (topic(TopicKind.TELEMETRY), b"[" * 100_000, ""),
    (topic(TopicKind.TELEMETRY), b"\x1f\x8b\x08broken", "gzip"),
    (topic(TopicKind.TELEMETRY), encode(telemetry(1, site="harbour")), "harbour"),
    (topic(TopicKind.TELEMETRY), encode(telemetry(1, time=-5)), "time"),
    (topic(TopicKind.TELEMETRY), b"x" * (5 << 20), "over the limit"),
    (topic(TopicKind.SNAPSHOT, camera="cam1"), b"GIF89a", "not a JPEG"),
    (topic(TopicKind.SNAPSHOT, camera="cam1"), jpeg(about(camera="cam2")), "cam2"),
    ("pantau/v1/UPPER/telemetry", b"{}", "UPPER"),
    ("pantau/v1/nagoya/camera/../state", b"{}", "camera"),
]


def test_what_breaks_the_contract_is_kept_with_its_reason_and_the_rest_goes_on(
    room: Room, mosquitto: Mosquitto
) -> None:
    intake = room.start()
    with Publisher(mosquitto.port) as agent:
        for name, payload, _ in BAD:
            agent.send(name, payload)
        agent.telemetry(1)
    assert until(lambda: intake.acknowledged == len(BAD) + 1)
    assert until(lambda: room.seqs() == [1])
    assert intake.dead == len(BAD)
    reasons = {(letter["topic"], letter["size"]): letter["reason"] for letter in room.dead()}
    assert len(reasons) == len(BAD)
    for name, payload, reason in BAD:
        assert reason in reasons[name, len(payload)]


def test_a_batch_that_comes_twice_is_written_once_and_counted(room: Room, mosquitto: Mosquitto) -> None:
    intake = room.start()
    with Publisher(mosquitto.port) as agent:
        agent.telemetry(1, 2, 1, 3, 1)
        agent.send(topic(TopicKind.TELEMETRY), encode(telemetry(1, boot="b2")))
    assert until(lambda: intake.acknowledged == 6)
    assert room.seqs() == [1, 2, 3, 1]
    assert intake.duplicates == 2


def test_an_agent_gets_receipts_for_what_is_written_or_known_or_refused_and_for_nothing_else(
    room: Room, mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither while the disk takes nothing, nor for a batch that came on another site's topic."""
    intake = room.start()
    named: set[int] = set()

    def receive(_: object, __: object, message: MQTTMessage) -> None:
        receipt = decode(parse_topic(message.topic), bytes(message.payload))
        assert isinstance(receipt, Receipt)
        assert (receipt.site, message.retain) == (SITE, False)
        named.update(seq for each in receipt.batches for seq in range(each.first, each.last + 1))

    with Publisher(mosquitto.port) as agent, monkeypatch.context() as patch:
        agent.subscribe("pantau/v1/+/ack", receive)
        agent.telemetry(1, 2, 2)
        agent.send(topic(TopicKind.TELEMETRY), encode(telemetry(4))[:-5])
        agent.send(topic(TopicKind.TELEMETRY, site="harbour"), encode(telemetry(5)))
        assert until(lambda: named == {1, 2, 4})
        assert (intake.duplicates, intake.dead) == (1, 2)
        patch.setattr(room.journal, "append", failing)
        agent.telemetry(6)
        assert until(lambda: intake.disk_trouble)
        assert not until(lambda: 6 in named, within_s=1)
        patch.undo()
        assert until(lambda: named == {1, 2, 4, 6})
        assert room.seqs() == [1, 2, 6]


def failing(_: object) -> None:
    raise OSError(errno.ENOSPC, "no space left")


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


def test_what_was_sent_while_the_collector_was_away_comes_when_it_is_back(
    room: Room, mosquitto: Mosquitto
) -> None:
    room.start()
    room.stop()
    with Publisher(mosquitto.port) as agent:
        agent.telemetry(*range(50))
    intake = room.start()
    assert until(lambda: intake.journaled == 50)
    assert room.seqs() == list(range(50))


def test_retained_messages_are_taken_and_marked(room: Room, mosquitto: Mosquitto) -> None:
    with Publisher(mosquitto.port) as agent:
        agent.send(topic(TopicKind.AGENT), encode(birth()), retain=True)
        intake = room.start()
        assert until(lambda: intake.journaled == 1)
        agent.send(topic(TopicKind.AGENT), encode(birth(session=2)), retain=True)
        assert until(lambda: intake.journaled == 2)
    assert [record.retained for record in room.records()] == [True, False]


def test_a_broker_that_dies_and_returns_costs_nothing(room: Room, mosquitto: Mosquitto) -> None:
    intake = room.start()
    with Publisher(mosquitto.port) as agent:
        agent.telemetry(1, 2)
    assert until(lambda: intake.acknowledged == 2)
    mosquitto.stop()
    assert until(lambda: not intake.connected)
    assert "is gone" in str(intake.broker_trouble)
    assert not intake.listening
    mosquitto.start()
    with Publisher(mosquitto.port) as agent:
        agent.telemetry(3)
    assert until(lambda: intake.journaled == 3)
    assert intake.broker_trouble is None
    assert room.seqs() == [1, 2, 3]


def test_it_is_said_why_the_broker_is_gone_before_it_is_seen_to_be_gone(mosquitto: Mosquitto) -> None:
    subscription = Subscription(Broker(port=mosquitto.port), Door(Inbox()), time_ms=lambda: NOW)
    connected_when_logged: list[bool] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "is gone" in record.getMessage():
                connected_when_logged.append(subscription.connected)

    log, listener = logging.getLogger("pantau_collector.intake.subscription"), Listener()
    log.addHandler(listener)
    subscription.start()
    try:
        assert until(lambda: subscription.connected)
        mosquitto.stop()
        assert until(lambda: not subscription.connected)
    finally:
        log.removeHandler(listener)
        subscription.stop()
    assert connected_when_logged == [True]


def test_a_broker_that_is_not_there_at_the_start_is_waited_for(room: Room, mosquitto: Mosquitto) -> None:
    mosquitto.stop()
    intake = room.start(connected=False)
    assert until(lambda: "cannot be reached" in str(intake.broker_trouble))
    assert "nothing listens on that port" in str(intake.broker_trouble)
    mosquitto.start()
    assert until(lambda: intake.connected)


def test_refused_credentials_are_told_apart_from_a_broker_that_is_gone(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "mosquitto", settings="allow_anonymous false\n") as broker:
        room = Room(tmp_path, broker.port)
        room.broker = Broker(port=broker.port, user="collector", password=SecretStr("wrong"))
        intake = room.start(connected=False)
        assert until(lambda: "check broker.user and its password" in str(intake.broker_trouble))
        assert "wrong" not in str(intake.broker_trouble)
        assert not intake.connected
        room.stop()


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


def test_an_acknowledgement_of_an_earlier_connection_is_not_sent_on_a_later_one(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    """The broker has lost its sessions, and uses the same message id for another message."""
    inbox = Inbox()
    subscription = Subscription(Broker(port=mosquitto.port), Door(inbox), time_ms=lambda: NOW)
    subscription.start()
    assert until(lambda: subscription.connected)
    with Publisher(mosquitto.port) as agent:
        agent.telemetry(1)
    (first,) = inbox.get_batch(10, 10_000)
    mosquitto.kill()
    for kept in (tmp_path / "mosquitto").glob("*.db*"):
        kept.unlink()
    assert until(lambda: not subscription.connected)
    mosquitto.start()
    assert until(lambda: subscription.connected)
    with Publisher(mosquitto.port) as agent:
        agent.telemetry(2)
    (second,) = inbox.get_batch(10, 10_000)
    assert first.mid == second.mid
    subscription.acknowledge([first])
    subscription.stop()
    subscription = Subscription(Broker(port=mosquitto.port), Door(inbox), time_ms=lambda: NOW)
    subscription.start()
    assert until(lambda: len(inbox) == 1)
    assert inbox.get_batch(10, 10_000)[0].payload == second.payload
    subscription.stop()


def test_a_full_inbox_holds_the_broker_back_and_loses_nothing(mosquitto: Mosquitto) -> None:
    inbox = Inbox(max_messages=5)
    subscription = Subscription(Broker(port=mosquitto.port), Door(inbox), time_ms=lambda: NOW)
    subscription.start()
    assert until(lambda: subscription.connected)
    found: list[Record] = []
    with Publisher(mosquitto.port) as agent:
        agent.telemetry(*range(100))
        assert until(lambda: len(inbox) == 5)
        while len(found) < 100:
            some = inbox.get_batch(3, 10_000)
            subscription.acknowledge(some)
            found += [Record(each.received_ms, each.topic, each.payload) for each in some]
            assert len(inbox) <= 5
    assert seqs_of(found) == list(range(100))
    subscription.stop()


_COLLECTOR = """
import sys, time
from pathlib import Path
from pantau_collector.config import Broker
from pantau_collector.deadletter import DeadLetters
from pantau_collector.intake import Intake, undated
from pantau_collector.journal import Journal
from pantau_collector.pictures import PictureFiles
now = lambda: time.time_ns() // 1_000_000
folder = Path(sys.argv[1])
intake = Intake(
    Broker(port=int(sys.argv[2])),
    Journal(folder / "journal"),
    PictureFiles(folder / "pictures", time_ms=now),
    DeadLetters(folder / "dead.jsonl", time_ms=now),
    time_ms=now,
    spool_max_age_days=10_000,
)
intake.start()
while not intake.connected:
    time.sleep(0.01)
print("connected", flush=True)
time.sleep(600)
"""


def test_kill_9_of_the_collector_under_load_loses_no_message(tmp_path: Path, mosquitto: Mosquitto) -> None:
    sent = 0
    for _ in range(4):
        with subprocess.Popen(
            [sys.executable, "-c", _COLLECTOR, str(tmp_path), str(mosquitto.port)],
            stdout=subprocess.PIPE,
            text=True,
        ) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "connected\n"
            with Publisher(mosquitto.port) as agent:
                agent.telemetry(*range(sent, sent + 150))
                child.send_signal(signal.SIGKILL)
                agent.telemetry(*range(sent + 150, sent + 200))
                sent += 200
    room = Room(tmp_path, mosquitto.port)
    room.start()
    assert until(lambda: set(room.seqs()) == set(range(sent)))
    room.stop()


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


def test_threads_end_with_stop(room: Room) -> None:
    before = set(threading.enumerate())
    room.start()
    assert set(threading.enumerate()) > before
    room.stop()
    assert not set(threading.enumerate()) - before

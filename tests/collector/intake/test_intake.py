"""What arrives goes where it belongs, and is acknowledged once it is on disk."""

import errno
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from paho.mqtt.client import MQTTMessage

from pantau_contract.messages import Receipt
from pantau_contract.topics import TopicKind, parse_topic
from pantau_contract.wire import decode, encode
from tests.collector.intake.messages import NOW, SITE, Publisher, about, birth, down, jpeg, telemetry, topic
from tests.collector.intake.room import Room
from tests.servers.mosquitto import Mosquitto
from tests.servers.process import until


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


def test_retained_messages_are_taken_and_marked(room: Room, mosquitto: Mosquitto) -> None:
    with Publisher(mosquitto.port) as agent:
        agent.send(topic(TopicKind.AGENT), encode(birth()), retain=True)
        intake = room.start()
        assert until(lambda: intake.journaled == 1)
        agent.send(topic(TopicKind.AGENT), encode(birth(session=2)), retain=True)
        assert until(lambda: intake.journaled == 2)
    assert [record.retained for record in room.records()] == [True, False]


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


def test_threads_end_with_stop(room: Room) -> None:
    before = set(threading.enumerate())
    room.start()
    assert set(threading.enumerate()) > before
    room.stop()
    assert not set(threading.enumerate()) - before

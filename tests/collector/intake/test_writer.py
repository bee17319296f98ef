"""What is believed of the times of messages, and a flood beside another site's news."""

import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from pantau_collector.config import Broker
from pantau_collector.deadletter import DeadLetters
from pantau_collector.intake import Intake, admission, fair_share
from pantau_collector.intake.drop_reports import DropReports
from pantau_collector.intake.inbox import Incoming
from pantau_collector.intake.overflow import Overflow
from pantau_collector.intake.writer import CheckedMessages, MessageWriter
from pantau_collector.journal import Journal
from pantau_collector.pictures import PictureFiles
from pantau_collector.sinks.schema import lines
from pantau_contract.messages import Drop, Message
from pantau_contract.topics import TopicKind
from pantau_contract.wire import encode
from tests.collector.intake.messages import NOW, SITE, Publisher, about, birth, down, jpeg, telemetry, topic
from tests.servers.mosquitto import Mosquitto
from tests.servers.process import until

DAY_MS = 86_400_000


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[MessageWriter]:
    overflow = Overflow(tmp_path / "overflow.sqlite")
    with Journal(tmp_path / "journal") as journal:
        pictures = PictureFiles(tmp_path / "pictures", time_ms=lambda: NOW)
        letters = DeadLetters(tmp_path / "dead.jsonl", time_ms=lambda: NOW)
        yield MessageWriter(journal, pictures, letters, overflow, DropReports(), max_age_ms=8 * DAY_MS)
    overflow.close()


def checked(
    writer: MessageWriter, kind: TopicKind, message: Message, *, retained: bool = False
) -> CheckedMessages:
    camera = "cam1" if kind is TopicKind.STATE else None
    return writer.check(
        [Incoming(NOW, topic(kind, camera=camera), encode(message), retained, connection=1, mid=1, qos=1)]
    )


def test_nothing_older_than_the_spools_age_and_a_day_is_believed(writer: MessageWriter) -> None:
    fresh = checked(writer, TopicKind.TELEMETRY, telemetry(1, time=NOW - 8 * DAY_MS))
    assert [record.late for record in fresh.records] == [True]
    old = checked(writer, TopicKind.TELEMETRY, telemetry(2, time=NOW - 8 * DAY_MS - 1))
    assert old.records == []
    assert "nothing older than 8 days is believed" in old.dead[0].reason
    assert old.received == [(SITE, "b1", 2)], "it has a receipt, for it is in the dead letters"


@pytest.mark.parametrize("synchronised", [None, False])
def test_an_old_batch_of_an_unset_clock_is_dated_by_its_arrival(
    writer: MessageWriter, synchronised: bool | None
) -> None:
    batch = msgspec.structs.replace(telemetry(1, time=NOW - 300 * DAY_MS), clock_synchronised=synchronised)
    (record,) = checked(writer, TopicKind.TELEMETRY, batch).records
    assert record.undated
    assert {line.rpartition(" ")[2] for line in lines(record)} == {str(NOW)}


def test_points_lie_within_a_day_of_their_batch_and_a_drop_within_a_month(writer: MessageWriter) -> None:
    batch = telemetry(1, cameras=3, time=NOW)
    ages = (0, DAY_MS, 700 * DAY_MS)
    samples = [
        msgspec.structs.replace(sample, time=NOW - age) for sample, age in zip(batch.samples, ages, strict=True)
    ]
    batch = msgspec.structs.replace(
        batch, samples=tuple(samples), drop=Drop(9, NOW - 700 * DAY_MS, NOW - DAY_MS), host=None
    )
    (record,) = checked(writer, TopicKind.TELEMETRY, batch).records
    times = [int(line.rpartition(" ")[2]) for line in lines(record)]
    assert times == [NOW, NOW - DAY_MS, NOW, NOW, NOW - 31 * DAY_MS]


def test_an_old_state_or_birth_is_dated_by_its_arrival_and_no_point_if_it_was_retained(
    writer: MessageWriter,
) -> None:
    for kind, message in (
        (TopicKind.STATE, msgspec.structs.replace(down(1), time=NOW - 100 * DAY_MS)),
        (TopicKind.AGENT, msgspec.structs.replace(birth(), time=NOW - 100 * DAY_MS)),
    ):
        (record,) = checked(writer, kind, message).records
        assert [line.rpartition(" ")[2] for line in lines(record)] == [str(NOW)]
        (record,) = checked(writer, kind, message, retained=True).records
        assert lines(record) == []


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def test_a_flood_waits_or_is_dropped_and_another_sites_news_is_written_at_once(
    tmp_path: Path, mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fair_share, "SHARE", 0.001)  # so that it does not matter how long all this takes
    monkeypatch.setattr(admission, "BYTES_PER_S", 1)
    with Journal(tmp_path / "journal") as journal:
        letters = DeadLetters(tmp_path / "dead.jsonl", time_ms=now_ms)
        pictures = PictureFiles(tmp_path / "pictures", time_ms=now_ms)
        intake = Intake(Broker(port=mosquitto.port), journal, pictures, letters, time_ms=now_ms)
        intake.start()
        assert until(lambda: intake.connected and intake._door.is_caught_up)
        flood = [
            (topic(TopicKind.TELEMETRY), encode(telemetry(seq, cameras=1000, time=now_ms()), compress=True))
            for seq in range(60)
        ]
        big = [(topic(TopicKind.TELEMETRY), b"x" * 1_000_000)] * 40
        with Publisher(mosquitto.port) as flooder, Publisher(mosquitto.port) as other:
            flooder.send_all(flood)
            assert until(lambda: intake.over_share > 0)
            flooder.send_all(big)
            other.send(topic(TopicKind.TELEMETRY, site="quiet"), encode(telemetry(1, site="quiet", time=now_ms())))
            flooder.send(topic(TopicKind.SNAPSHOT, camera="cam1"), jpeg(about(time=now_ms())))
            assert until(lambda: any("quiet" in each.topic for each in journal.read(0, 10_000)[0]))
            assert intake.over_share > 0, "the flood still waits while the other's news is written"
        assert until(lambda: intake.dropped > 15)
        assert until(lambda: intake.received == 102)
        intake.stop()
        waiting = Overflow(journal.directory / "overflow.sqlite")
        assert waiting.sites == [SITE]
        waiting.close()
    assert "sends more than the collector can take" in (tmp_path / "dead.jsonl").read_text()

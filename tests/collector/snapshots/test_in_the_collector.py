"""The archive within the collector: what the intake gives it, and what a backup takes of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pantau_collector.backup import create_backup, restore_backup
from pantau_collector.data_dir import DataDir
from pantau_collector.deadletter import DeadLetters
from pantau_collector.intake.drop_reports import DropReports
from pantau_collector.intake.inbox import Incoming
from pantau_collector.intake.overflow import Overflow
from pantau_collector.intake.writer import MessageWriter
from pantau_collector.journal import Journal
from pantau_contract.messages import CameraState
from pantau_contract.snapshot import SnapshotMetadata, stamp
from pantau_contract.states import Cause, State
from pantau_contract.topics import Topic, TopicKind
from pantau_contract.wire import encode
from tests.collector.snapshots.cameras import SITE, Collector, at, street


class Agent:
    """Sends to the writer of an intake, as it would arrive from the broker."""

    def __init__(self, writer: MessageWriter) -> None:
        self._writer = writer
        self._count = 0

    def sends(self, kind: TopicKind, payload: bytes, when: str) -> None:
        self._count += 1
        message = Incoming(at(when), str(Topic(SITE, kind, "cam1")), payload, False, 1, self._count, 1)
        self._writer.write(self._writer.check([message]))

    def picture(self, when: str, state: State = State.OK, cause: Cause | None = None) -> None:
        about = SnapshotMetadata(SITE, "cam1", at(when), state, cause)
        self.sends(TopicKind.SNAPSHOT, stamp(street(), about), when)

    def state(self, when: str, state: State, cause: Cause | None = None) -> None:
        message = CameraState(SITE, "cam1", "b1", self._count, at(when), state, at(when), cause)
        self.sends(TopicKind.STATE, encode(message), when)


@pytest.fixture
def city(tmp_path: Path) -> Collector:
    return Collector(tmp_path / "data")


@pytest.fixture
def agent(city: Collector) -> Iterator[Agent]:
    paths = DataDir(city.folder)
    with Journal(paths.journal) as journal:
        letters = DeadLetters(paths.dead_messages, time_ms=lambda: city.now_ms)
        overflow = Overflow(paths.journal / "overflow.sqlite")
        yield Agent(
            MessageWriter(
                journal,
                city.pictures,
                letters,
                overflow,
                DropReports(),
                max_age_ms=8 * 86_400_000,
                archive=city.archive,
            )
        )
        overflow.close()


def test_pictures_and_states_that_arrive_reach_the_archive(city: Collector, agent: Agent) -> None:
    city.now_ms = at("2026-11-10 12:00")
    agent.state("2026-11-10 08:59", State.OK)
    agent.picture("2026-11-10 09:00")
    agent.picture("2026-11-10 09:05")
    agent.state("2026-11-10 09:06", State.DOWN, Cause.STALLED)
    agent.state("2026-11-10 09:16", State.OK)
    agent.picture("2026-11-10 09:17")
    agent.sends(TopicKind.SNAPSHOT, b"\xff\xd8 no picture", "2026-11-10 10:00")
    assert city.kept() == ["10 09:00 hour ok", "10 09:05 change ok", "10 09:17 change ok"]


def test_a_state_whose_time_is_not_believed_marks_no_picture(city: Collector, agent: Agent) -> None:
    city.now_ms = at("2026-11-10 12:00")
    agent.state("2026-11-10 08:59", State.OK)
    agent.picture("2026-11-10 09:00")
    wrong = CameraState(SITE, "cam1", "b1", 99, 1_000, State.IMPAIRED, 1_000, Cause.FROZEN)
    agent.sends(TopicKind.STATE, encode(wrong), "2026-11-10 09:10")
    assert city.kept() == ["10 09:00 hour ok"]


def test_a_backup_has_the_archive_only_if_asked_and_it_comes_back_whole(
    city: Collector, agent: Agent, tmp_path: Path
) -> None:
    city.now_ms = at("2026-11-10 12:00")
    agent.picture("2026-11-10 09:00")
    agent.picture("2026-11-10 10:00")
    city.archive.flush()
    without = create_backup(city.folder, tmp_path / "one", has_store=False, time_ms=0)
    assert not [name for name in without.files if name.startswith("snapshots/")]
    with_them = create_backup(city.folder, tmp_path / "two", has_store=False, time_ms=0, with_snapshots=True)
    assert len([name for name in with_them.files if name.startswith("snapshots/")]) == 2
    restore_backup(tmp_path / "two", tmp_path / "restored", force=False, time_ms=0)
    again = Collector(tmp_path / "restored")
    assert again.archive.reconcile() == 2
    assert again.kept() == ["10 09:00 hour ok", "10 10:00 hour ok"]
    assert all(again.reader.open(each.id) for each in again.reader.list((SITE, "cam1")))

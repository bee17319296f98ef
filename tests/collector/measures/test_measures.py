from pathlib import Path
from typing import Any

import pytest

from pantau_collector.data_dir import DataDir
from pantau_collector.fleet.view import CityView
from pantau_collector.journal import Journal, Record
from pantau_collector.measures import Figures, MeasureFiles, MeasureKeeper, Slot
from pantau_collector.measures.files import SLOTS
from pantau_collector.measures.measure import SLOT_MS
from pantau_contract.messages import Sample, Telemetry
from pantau_contract.states import Cause, State
from pantau_contract.topics import Topic, TopicKind
from pantau_contract.wire import encode

NOW_MS = 1_795_505_520_000 // SLOT_MS * SLOT_MS


def sample(fps: float, *, time_ms: int = NOW_MS, **measures: Any) -> Sample:
    evidence = {"frozen": measures.pop("frozen")} if "frozen" in measures else None
    return Sample("cam1", time_ms, State.OK, time_ms, fps=fps, evidence=evidence, **measures)


def record(seq: int, *samples: Sample) -> Record:
    batch = Telemetry("kabil", "boot", seq, samples[-1].time, 1000, True, 30, samples)
    return Record(NOW_MS, str(Topic("kabil", TopicKind.TELEMETRY)), encode(batch))


class City:
    """A keeper with its journal, and a view that has one camera."""

    def __init__(self, folder: Path) -> None:
        self.paths = DataDir(folder)
        self.journal = Journal(self.paths.journal)
        self.now_ms = NOW_MS
        self.files = MeasureFiles(self.paths.measures)

    def keeper(self) -> MeasureKeeper:
        return MeasureKeeper(self.journal, self.paths, lambda: self.now_ms, lambda: CityView(0, (), ()))

    def slots(self) -> list[Slot]:
        return self.files.load("kabil", "cam1", 0, 1 << 52)


@pytest.fixture
def kept(tmp_path: Path) -> City:
    return City(tmp_path)


def test_a_slot_has_the_mean_and_what_was_worst(kept: City) -> None:
    kept.journal.append([record(1, sample(25, rtp_loss_pct=1, clock_offset_s=-3, frozen=0.2))])
    kept.journal.append([record(2, sample(15, rtp_loss_pct=0, clock_offset_s=1, frozen=0.7))])
    assert kept.keeper().add_some() == 2
    (slot,) = kept.slots()
    assert slot.figures["fps"] == Figures(2, 20, 15)
    assert slot.figures["rtp_loss_pct"] == Figures(2, 0.5, 1)
    assert slot.figures["clock_offset_s"].worst == -3
    assert slot.fault is Cause.FROZEN
    assert "jitter_ms" not in slot.figures


def test_the_next_keeper_goes_on_where_the_last_one_was(kept: City) -> None:
    kept.journal.append([record(1, sample(25))])
    assert kept.keeper().add_some() == 1
    kept.journal.append([record(2, sample(15))])
    assert kept.keeper().add_some() == 1
    assert kept.slots()[0].figures["fps"] == Figures(2, 20, 15)


def test_what_arrives_late_is_put_where_it_belongs_and_what_is_too_old_nowhere(kept: City) -> None:
    hour = 3_600_000
    kept.journal.append([record(2, sample(25))])
    kept.journal.append([record(1, sample(10, time_ms=NOW_MS - 3 * hour))])
    kept.journal.append([record(0, sample(9, time_ms=NOW_MS - 30 * hour))])
    kept.keeper().add_some()
    assert [(slot.start_ms, slot.figures["fps"].mean) for slot in kept.slots()] == [
        (NOW_MS - 3 * hour, 10),
        (NOW_MS, 25),
    ]


def test_a_file_stays_as_large_as_it_is_and_holds_the_last_day(kept: City) -> None:
    for day in range(3):
        for i in range(SLOTS):
            start_ms = NOW_MS + (day * SLOTS + i) * SLOT_MS
            slot = Slot(start_ms)
            slot.add(sample(day))
            kept.files.add("kabil", "cam1", [slot])
    slots = kept.slots()
    assert len(slots) == SLOTS
    assert {slot.figures["fps"].mean for slot in slots} == {2.0}
    assert (kept.paths.measures / "kabil/cam1.measures").stat().st_size <= 21_000
    old = Slot(NOW_MS)
    old.add(sample(0))
    kept.files.add("kabil", "cam1", [old])
    assert {slot.figures["fps"].mean for slot in kept.slots()} == {2.0}


def test_a_damaged_file_and_odd_numbers_break_nothing(kept: City) -> None:
    slot = Slot(NOW_MS)
    slot.add(sample(float("inf"), bitrate_kbps=1e300, jitter_ms=float("nan")))
    kept.files.add("kabil", "cam1", [slot])
    assert len(kept.slots()) == 1
    path = kept.paths.measures / "kabil/cam1.measures"
    path.write_bytes(path.read_bytes()[:-7] + b"\xff" * 30)
    kept.slots()
    path.write_bytes(b"\xff" * 1000)
    assert all(slot.fault is None for slot in kept.slots())


def test_the_files_of_cameras_that_are_no_more_go(kept: City) -> None:
    for site, camera in (("kabil", "cam1"), ("kabil", "cam2"), ("nongsa", "cam1")):
        slot = Slot(NOW_MS)
        slot.add(sample(25))
        kept.files.add(site, camera, [slot])
    kept.files.keep_only({("kabil", "cam2")})
    assert sorted(path.name for path in kept.paths.measures.rglob("*")) == ["cam2.measures", "kabil"]


def test_a_cursor_of_another_journal_is_not_believed(kept: City) -> None:
    kept.paths.measures_cursor.write_text("999999999999\n")
    kept.journal.append([record(1, sample(25))])
    assert kept.keeper().add_some() == 1

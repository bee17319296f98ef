"""Every decision reaches the journal, and so the series, whatever happens in between."""

from pathlib import Path

import pytest

from pantau_collector.incidents.transition import TransitionKind
from pantau_collector.journal import Journal, Record
from pantau_collector.own_records import Figures, IncidentStep, is_own, read_record
from pantau_collector.recorder import Recorder
from pantau_collector.sinks.schema import lines
from tests.collector.incidents.play import Play


@pytest.fixture
def play(tmp_path: Path) -> Play:
    return Play(tmp_path, {"a": 2})


def make_recorder(play: Play) -> Recorder:
    return Recorder(play.journal, play.store, figures, play.clock)  # type: ignore[arg-type] # it has the interface


def figures() -> Figures:
    return Figures("one", *[0] * (len(Figures.__struct_fields__) - 1))


def own(play: Play) -> list[Record]:
    return [record for record in play.journal.records if is_own(record)]


def steps(play: Play) -> list[tuple[str, str | None]]:
    read = [read_record(record) for record in own(play)]
    return [(step.kind, step.camera) for step in read if isinstance(step, IncidentStep)]


def test_each_step_of_an_incident_is_journaled_once(play: Play) -> None:
    recorder = make_recorder(play)
    play.at(5, play.fail("a", "cam1"))
    play.run(60)
    recorder.record_due()
    recorder.record_due()
    assert steps(play) == [(TransitionKind.OPENED, "cam1")]
    play.at(70, play.mend("a", "cam1"))
    play.run(120)
    recorder.record_due()
    assert steps(play) == [(TransitionKind.OPENED, "cam1"), (TransitionKind.RESOLVED, "cam1")]


def test_steps_decided_while_the_journal_could_not_be_written_are_journaled_later(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = make_recorder(play)
    play.at(5, play.fail("a", "cam1"))
    play.run(60)
    with monkeypatch.context() as broken:
        broken.setattr(play.journal, "append", full)
        with pytest.raises(OSError, match="full"):
            recorder.record_due()
    assert steps(play) == []
    make_recorder(play).record_due()
    assert steps(play) == [(TransitionKind.OPENED, "cam1")]


def test_a_crash_before_the_cursor_makes_the_same_point_again(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    play.at(5, play.fail("a", "cam1"))
    play.run(60)
    with monkeypatch.context() as broken:
        broken.setattr("pantau_collector.store.incident_rows.save_journaled", full)
        with pytest.raises(OSError, match="full"):
            make_recorder(play).record_due()
    make_recorder(play).record_due()
    first, second = (lines(record) for record in own(play) if "incident" in record.topic)
    assert first == second


def test_figures_come_each_half_minute(play: Play) -> None:
    recorder = make_recorder(play)
    counts = []
    for after_s in (0, 29.9, 0.1):
        play.clock.s += after_s
        recorder.record_due()
        counts.append(sum(isinstance(read_record(record), Figures) for record in own(play)))
    assert counts == [1, 1, 2]


def test_the_pipeline_passes_over_the_collectors_own_records(play: Play) -> None:
    make_recorder(play).record_due()
    play.run(5)
    assert play.pipeline.position == play.journal.end
    assert play.pipeline.unreadable == 0


def test_a_journal_keeps_its_name_and_another_has_another(tmp_path: Path) -> None:
    names = []
    for folder in ("a", "a", "b"):
        with Journal(tmp_path / folder) as journal:
            names.append(journal.identity)
    assert names[0] == names[1] != names[2]


def full(*_: object) -> None:
    raise OSError(28, "full")

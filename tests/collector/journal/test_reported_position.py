"""The pipeline reports to the journal what it has saved, so that retention keeps the rest."""

from pathlib import Path
from typing import Any

import pytest

from pantau_collector.store import StoreError, fleet_rows
from tests.collector.incidents.play import Play


def test_the_pipeline_reports_its_position_once_it_is_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    play = Play(tmp_path, {"a": 2})
    reported: list[int] = []
    monkeypatch.setattr(play.journal, "report_position", lambda _reader, position: reported.append(position))
    play.run(60)
    saved = reported[-1]
    assert saved == play.journal.end

    def fail(*_: Any) -> None:
        raise StoreError("full")

    with monkeypatch.context() as broken:
        broken.setattr(fleet_rows, "save_cursor", fail)
        with pytest.raises(StoreError):
            play.run(120)
    assert play.journal.end > saved
    assert reported[-1] == saved


def test_a_start_reports_the_position_from_which_it_reads(tmp_path: Path) -> None:
    play = Play(tmp_path, {"a": 2})
    play.run(60)
    position = play.journal._position
    play.journal._position = 0
    play.start()
    assert play.journal._position == position > 0

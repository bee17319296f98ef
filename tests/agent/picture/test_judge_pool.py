"""The judges of many cameras, their memories on disk, and requests to them."""

from pathlib import Path

import numpy as np
import pytest

from pantau_agent.picture import judge_pool as module
from pantau_agent.picture.explanation import read
from pantau_agent.picture.judge import Judge
from pantau_agent.picture.view_requests import ViewRequest, ViewRequests
from pantau_contract.states import Cause
from tests.agent.picture.kept_judges import KeptJudges, saved
from tests.agent.picture.street import Street
from tests.agent.picture.test_view import half_covered, shifted


def trained(directory: Path | None, pictures: int = 20) -> KeptJudges:
    judges, street = KeptJudges(directory), Street()
    for k in range(pictures):
        assert judges.judged(street.picture(k), k).cause is None
    return judges


def causes(judges: KeptJudges, shown: object, ks: range) -> list[Cause | None]:
    assert callable(shown)
    street = Street()
    return [judges.judged(shown(street, k), k).cause for k in ks]


def test_what_was_learned_is_known_to_the_next_process(tmp_path: Path) -> None:
    trained(tmp_path).save()
    assert causes(KeptJudges(tmp_path), shifted, range(20, 30))[-1] is Cause.MOVED


def test_memories_are_written_each_hour(tmp_path: Path) -> None:
    judges, street = KeptJudges(tmp_path), Street()
    for k, at in enumerate((0, 3599, 3601)):
        assert saved(tmp_path).pictures == 0
        judges.now = at
        judges.judged(street.picture(k), k)
    assert saved(tmp_path).pictures == 3


def test_an_accepted_view_is_the_right_one_and_the_alarm_against_it_ends_at_once(tmp_path: Path) -> None:
    judges = trained(tmp_path)
    assert causes(judges, shifted, range(20, 30))[-1] is Cause.MOVED
    ViewRequests(tmp_path).submit("gate", ViewRequest.ACCEPT)
    assert causes(judges, shifted, range(30, 50)) == [None] * 20
    assert not ViewRequests(tmp_path).is_pending("gate", ViewRequest.ACCEPT)
    assert causes(judges, lambda street, k: street.picture(k), range(50, 60))[-1] is Cause.MOVED


def test_an_accepted_view_is_on_the_disk_at_once(tmp_path: Path) -> None:
    judges = trained(tmp_path)
    ViewRequests(tmp_path).submit("gate", ViewRequest.ACCEPT)
    causes(judges, shifted, range(20, 21))
    again = KeptJudges(tmp_path)
    assert causes(again, shifted, range(21, 50)) == [None] * 29


def test_a_black_picture_is_not_accepted_and_the_wish_waits_for_the_next(tmp_path: Path) -> None:
    judges, requests, street = trained(tmp_path), ViewRequests(tmp_path), Street()
    requests.submit("gate", ViewRequest.ACCEPT)
    black = np.zeros_like(street.picture(0))
    judges.judged(black, 20)
    judges.judged(None, 21)
    judges.judged(street.picture(22)[:16, :16], 22)
    assert requests.is_pending("gate", ViewRequest.ACCEPT)
    assert "accepted" in judges.judged(street.picture(23), 23).reason
    assert not requests.is_pending("gate", ViewRequest.ACCEPT)


def test_another_camera_s_wish_is_not_granted(tmp_path: Path) -> None:
    judges = trained(tmp_path)
    ViewRequests(tmp_path).submit("road", ViewRequest.ACCEPT)
    judges.judged(Street().picture(20), 20)
    assert ViewRequests(tmp_path).is_pending("road", ViewRequest.ACCEPT)


def test_an_explanation_is_what_the_running_judge_says(tmp_path: Path) -> None:
    judges, requests = trained(tmp_path), ViewRequests(tmp_path)
    assert causes(judges, half_covered, range(20, 30))[-1] is Cause.COVERED
    requests.submit("gate", ViewRequest.EXPLAIN)
    verdict = judges.judged(half_covered(Street(), 30), 30)
    assert not requests.is_pending("gate", ViewRequest.EXPLAIN)
    explanation = read(requests.explanation_path("gate"))
    assert (explanation.cause, explanation.reason) == (Cause.COVERED, verdict.reason)
    assert explanation.evidence == verdict.evidence
    assert explanation.jpeg[:2] == b"\xff\xd8"


def test_that_a_camera_is_learned_is_said_where_it_will_be_known(tmp_path: Path) -> None:
    street = Street()
    assert "still learning" in KeptJudges(tmp_path).judged(street.picture(0), 0).reason
    assert KeptJudges().judged(street.picture(0), 0).reason == ""


def test_a_directory_that_cannot_be_written_costs_the_memory_and_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    judges = trained(tmp_path / "file" / "pictures")
    judges.save()
    assert "cannot be written" in caplog.text


def test_more_cameras_than_there_is_room_for_are_kept_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_CAMERAS", 2)
    judges, street = KeptJudges(tmp_path), Street()
    for k, camera in enumerate(("a", "b", "c", "a")):
        judges.judged(street.picture(k), k, camera)
    judges.save()
    assert [saved(tmp_path, camera).pictures for camera in "abc"] == [2, 1, 1]


def test_a_judge_that_fails_says_nothing_of_the_camera(monkeypatch: pytest.MonkeyPatch) -> None:
    judges = trained(None, 3)

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Judge, "update", fail)
    verdict = judges.judged(Street().picture(4), 4)
    assert (verdict.cause, verdict.evidence) == (None, {})
    assert "cannot tell" in verdict.reason

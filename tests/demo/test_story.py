import pytest

from pantau_demo.story import ACTS, CUT, FREEZE, Incident, found, problems, recovered, slowness, untold


def incident(act_index: int, *, resolved_ms: int | None = 9, cause: str | None = None) -> Incident:
    act = ACTS[act_index]
    return Incident(act_index, act.site, act.camera, cause or act.cause, resolved_ms)


ALL = [incident(0), incident(1), incident(2)]


def test_a_story_that_came_as_told_has_no_problems() -> None:
    assert problems(ALL, notices=6) == []


def test_a_report_without_the_time_of_an_act_does_not_tell_the_story() -> None:
    assert untold({"working": 9, "picture": 1, "camera": 1, "link": 1}) == []
    assert untold({"working": 9, "picture": 1, "camera": 0}) == [
        "not in the report: a camera is cut: its port answers no more",
        "not in the report: a site loses its uplink: silence, nobody is told",
    ]


@pytest.mark.parametrize(
    ("incidents", "notices", "said"),
    [
        (ALL[1:], 6, "not found"),
        ([incident(0, resolved_ms=None), *ALL[1:]], 6, "not recovered"),
        ([*ALL, incident(0, cause="black")], 6, "one too many"),
        ([*ALL, incident(0)], 6, "more than once"),
        (ALL, 5, "5 notices"),
        (ALL, 7, "7 notices"),
    ],
)
def test_what_did_not_come_as_told_is_said(incidents: list[Incident], notices: int, said: str) -> None:
    (fault,) = problems(incidents, notices)
    assert said in fault


def test_an_incident_is_found_before_it_has_recovered() -> None:
    open_one = [incident(0, resolved_ms=None)]
    assert found(FREEZE, open_one)
    assert not recovered(FREEZE, open_one)
    assert not found(CUT, open_one)


def test_on_a_machine_too_slow_for_its_own_cameras_their_incidents_are_no_problem_of_the_story() -> None:
    others = [*ALL, incident(0, cause="timeout"), incident(0)]
    assert len(problems(others, 10)) == 3
    assert problems(others, 10, cameras_late_s=3) == []
    assert "3.0 s late in all, and 1 incidents beside" in slowness(others, 3)
    assert slowness(ALL, 0) == ""


def test_on_a_machine_too_slow_for_a_stream_nobody_need_see_that_it_froze_or_came_back() -> None:
    assert problems(ALL[1:], 4, cameras_late_s=3) == []
    assert problems([ALL[0], incident(1, resolved_ms=None), ALL[2]], 5, cameras_late_s=3) == []
    assert len(problems(ALL[1:], 4, cameras_late_s=1)) == 2
    assert untold({"camera": 1, "link": 1}, cameras_late_s=3) == []
    assert len(untold({"camera": 1, "picture": 1}, cameras_late_s=3)) == 1


def test_on_a_machine_that_is_too_slow_for_agents_a_site_may_have_been_silent_for_a_while() -> None:
    silent = Incident(9, "batam-centre", None, "agent_gone", 9)
    assert problems([*ALL, silent, incident(2)], 10, cameras_late_s=3) == []
    assert len(problems([*ALL, silent], 8, cameras_late_s=1)) == 1


def test_on_a_slow_machine_the_rest_must_still_be_found_and_every_site_be_heard_at_the_end() -> None:
    without_cut, unmended = [ALL[0], ALL[2]], [*ALL[:2], incident(2, resolved_ms=None)]
    dark = Incident(9, "batam-centre", None, "agent_gone", None)
    for incidents, notices in ((without_cut, 6), (unmended, 6), ([*ALL, dark], 7), (ALL, 5), (ALL, 7)):
        assert len(problems(incidents, notices, cameras_late_s=3)) == 1

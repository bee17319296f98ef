import pytest

from pantau_demo.story import ACTS, CUT, FREEZE, Incident, faults, found, recovered


def incident(act_index: int, *, resolved_ms: int | None = 9, cause: str | None = None) -> Incident:
    act = ACTS[act_index]
    return Incident(act_index, act.site, act.camera, cause or act.cause, resolved_ms)


ALL = [incident(0), incident(1), incident(2)]


def test_a_story_that_came_as_told_has_no_faults() -> None:
    assert faults(ALL, notices=6) == []


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
    (fault,) = faults(incidents, notices)
    assert said in fault


def test_an_incident_is_found_before_it_has_recovered() -> None:
    open_one = [incident(0, resolved_ms=None)]
    assert found(FREEZE, open_one)
    assert not recovered(FREEZE, open_one)
    assert not found(CUT, open_one)

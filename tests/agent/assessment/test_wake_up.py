import pytest

from pantau_agent.assessment.wake_up import GRID_S, on_grid


@pytest.mark.parametrize("now", [10.0, 10.01, 10.06])
def test_waits_of_several_cameras_end_together(now: float) -> None:
    assert on_grid(now, 1.0) == 11.0
    assert GRID_S == 0.125


def test_a_second_stays_a_second_although_the_work_in_between_takes_time() -> None:
    woken = 10.0
    for _ in range(100):
        woken = on_grid(woken + 0.02, 1.0)
    assert woken == 110.0


def test_a_short_wait_is_not_left_out() -> None:
    assert on_grid(10.0, 0.01) == pytest.approx(10.005)

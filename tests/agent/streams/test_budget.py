"""The budget of one camera: what the largest real cameras take is far within it, and floods are not."""

import pytest

from pantau_agent.streams.budget import IN_ADVANCE_S, MAX_OCTETS, MAX_PIECES, PIECES_PER_READ, Budget
from pantau_agent.streams.failure import Kind

START_S = 1_000.0


def read_evenly(budget: Budget, seconds: float, *, reads: int, octets: int, pieces: int, cpu_s: float) -> float:
    """Read so many times a second, each time that much; return the longest pause that was asked for."""
    number = int(seconds * reads)
    return max(
        budget.spend(START_S + i / reads, octets=octets, pieces=pieces + PIECES_PER_READ, cpu_s=cpu_s)
        for i in range(number)
    )


@pytest.mark.parametrize(
    ("reads", "octets", "pieces", "cpu_s"),
    [
        (1_500, 1_400, 1, 30e-6),  # 4K, 16 Mbit/s, each packet read alone, on a Raspberry Pi 3
        (1, 2 << 20, 1_500, 0.05),  # the same, read once a second
        (3_200, 700, 1, 30e-6),  # 200 pictures a second, 16 slices each
        (60, 70_000, 70, 0.001),  # MJPEG, 60 pictures a second of 35 kB, in chunks of 1 kB
    ],
)
def test_the_largest_cameras_are_within_it(reads: int, octets: int, pieces: int, cpu_s: float) -> None:
    budget = Budget()
    assert read_evenly(budget, 60, reads=reads, octets=octets, pieces=pieces, cpu_s=cpu_s) == 0
    assert not budget.exceeded


def test_what_has_come_while_the_agent_was_held_up_is_within_it() -> None:
    budget = Budget()
    budget.spend(START_S, octets=1400, pieces=4)
    pauses = [budget.spend(START_S + 30 + i / 1000, octets=256_000, pieces=186, cpu_s=0.006) for i in range(24)]
    assert max(pauses) == 0
    assert not budget.exceeded


def flood(budget: Budget, seconds: float, *, pieces: int = 0, cpu_s: float = 0.0) -> tuple[float, int]:
    """Send as fast as it is read; return when that ended, and how many pieces were read until then."""
    now, read = 0.0, 0
    while now < seconds and not budget.exceeded:
        read += pieces
        now += max(0.001, budget.spend(START_S + now, pieces=pieces, cpu_s=cpu_s))
    return now, read


def test_a_flood_is_read_at_the_limit_and_ended_after_five_seconds() -> None:
    budget = Budget()
    ended_s, read = flood(budget, 60, pieces=1_000)
    assert 5 <= ended_s < 5.5
    assert read <= (IN_ADVANCE_S + 5.5) * MAX_PIECES
    assert budget.failure.kind is Kind.FLOODING
    assert budget.exceeded == "it sends more than 20000 packets, parts or lines a second, and goes on"


def test_processor_time_is_limited_in_the_same_way() -> None:
    budget = Budget()
    ended_s, _ = flood(budget, 60, cpu_s=0.02)
    assert 5 <= ended_s < 5.5
    assert budget.exceeded == "reading it takes more than 20 % of a processor core, and it goes on"


def test_a_flood_that_ends_in_time_is_forgotten() -> None:
    budget = Budget()
    for burst in range(5):
        for i in range(40):
            budget.spend(START_S + 20 * burst + i / 10, pieces=2_500)
    assert not budget.exceeded


def test_who_takes_at_once_what_would_take_seconds_of_pause_is_ended_at_once() -> None:
    budget = Budget()
    budget.spend(START_S, pieces=5 * MAX_PIECES)
    assert budget.exceeded


def test_octets_make_a_pause_and_end_nothing() -> None:
    budget = Budget()
    pauses = [budget.spend(START_S + i, octets=2 * MAX_OCTETS) for i in range(20)]
    assert pauses[0] == 0
    assert pauses[-1] > 10
    assert not budget.exceeded

import pytest

from pantau_agent.rtsp.low_water_mark import MAX_BYTES, LowWaterMark


def marks(octets_per_second: int, seconds: int) -> list[int]:
    """Return the mark after each second of a steady stream."""
    mark = LowWaterMark()
    return [mark.update(100.0 + second, second * octets_per_second) for second in range(seconds)]


def test_each_packet_wakes_us_for_three_seconds_and_then_for_one_in_twenty() -> None:
    exact = [second for second, mark in enumerate(marks(50_000, 45)) if mark == 1]
    assert exact == [0, 1, 2, 20, 40]


def test_the_mark_is_two_seconds_of_the_stream_and_at_most_256_kib() -> None:
    assert marks(50_000, 5)[-1] == 100_000
    assert marks(5_000_000, 5)[-1] == MAX_BYTES == 262_144


@pytest.mark.parametrize(("rate", "kept"), [(50_000, True), (79_000, True), (81_000, False), (20_000, False)])
def test_the_mark_is_changed_only_if_the_stream_has_changed(rate: int, kept: bool) -> None:
    mark = LowWaterMark()
    for second in range(5):
        before = mark.update(100.0 + second, second * 50_000)
    assert (mark.update(105.0, 4 * 50_000 + rate) == before) is kept

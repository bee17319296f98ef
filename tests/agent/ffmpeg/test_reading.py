import pytest

from pantau_agent.ffmpeg.picture_counter import PictureCounter
from pantau_agent.ffmpeg.playback_pace import PlaybackPace


def test_a_segment_that_comes_at_once_is_taken_at_the_pace_of_its_pictures() -> None:
    pace = PlaybackPace()
    assert [pace.wait_s(at, 100.0) for at in (7.0, 7.1, 7.2, 8.9)] == pytest.approx([0, 0.1, 0.2, 1.9])


def test_what_comes_late_is_taken_at_once_and_the_pace_begins_anew() -> None:
    pace = PlaybackPace()
    pace.wait_s(0.0, 100.0)
    assert pace.wait_s(1.0, 103.0) == 0
    assert pace.wait_s(1.5, 103.0) == pytest.approx(0.5)


def test_a_little_late_does_not_change_the_pace() -> None:
    pace = PlaybackPace()
    pace.wait_s(0.0, 100.0)
    assert pace.wait_s(1.0, 101.3) == 0
    assert pace.wait_s(2.0, 101.3) == pytest.approx(0.7)


@pytest.mark.parametrize("at", [-50.0, 3600.0])
def test_time_that_jumps_makes_nobody_wait(at: float) -> None:
    pace = PlaybackPace()
    pace.wait_s(100.0, 1000.0)
    assert pace.jumps(at)
    assert pace.wait_s(at, 1000.1) == 0


def test_pictures_are_counted() -> None:
    counter = PictureCounter()
    for number in range(30):
        counter.add(1000 if number % 15 == 0 else 100, 5 + number / 15, 200 + number / 15, key=number % 15 == 0)
    counts = counter.counts
    assert (counts.packets, counts.frames, counts.keyframes, counts.deltas) == (30, 30, 2, 28)
    assert (counts.octets, counts.key_octets, counts.delta_octets) == (4800, 2000, 2800)
    assert counts.first_keyframe == 200
    assert counts.last_keyframe == pytest.approx(201)
    assert counts.keyframe_interval == pytest.approx(1)
    assert counts.last_packet == pytest.approx(200 + 29 / 15)
    assert (counts.same_key_sizes, counts.jitter) == (1, None)


def test_a_restart_makes_no_keyframe_interval() -> None:
    counter = PictureCounter()
    counter.add(1000, 5000.0, 10.0, key=True)
    counter.add_restart()
    counter.add(1000, 1.0, 11.0, key=True)
    assert (counter.counts.keyframe_interval, counter.counts.restarts) == (0, 1)

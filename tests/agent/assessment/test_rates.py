import pytest

from pantau_agent.assessment.baseline import Baseline
from pantau_agent.assessment.rates import Measures, Window
from pantau_agent.streams.counts import Counts


class Stream:
    """A window, and the counts of a stream that the test makes up second by second."""

    def __init__(self) -> None:
        self.now = 100.0
        self.counts = Counts(jitter=0.002)
        self.window = Window()

    def second(
        self, *, fps: int = 25, size: int = 2000, lost: int = 0, same_key_sizes: int = 0, seconds: int = 1
    ) -> Measures:
        for _ in range(seconds):
            self.now += 1
            old = self.counts
            self.counts = old._replace(
                packets=old.packets + 2 * fps - lost,
                lost=old.lost + lost,
                octets=old.octets + fps * size,
                frames=old.frames + fps,
                deltas=old.deltas + fps,
                delta_octets=old.delta_octets + fps * size,
                last_frame=self.now if fps else old.last_frame,
                same_key_sizes=same_key_sizes,
            )
            measures = self.window.update(self.counts, self.now)
        return measures


def test_rates_over_the_last_ten_seconds() -> None:
    stream = Stream()
    measures = stream.second(seconds=30)
    assert measures.fps == pytest.approx(25)
    assert measures.bitrate_kbps == pytest.approx(400)
    assert measures.rtp_loss_pct == 0
    assert measures.jitter_ms == pytest.approx(2)
    measures = stream.second(fps=5, seconds=11)
    assert measures.fps == pytest.approx(5)
    assert measures.bitrate_kbps == pytest.approx(80)


def test_the_frame_rate_shows_within_two_seconds() -> None:
    stream = Stream()
    assert stream.second().fps is None
    assert stream.second().fps == pytest.approx(25)


def test_loss_is_of_what_was_sent_and_passes() -> None:
    stream = Stream()
    stream.second(seconds=10)
    assert stream.second(lost=25).rtp_loss_pct == pytest.approx(5)
    assert stream.second(seconds=11).rtp_loss_pct == 0


def test_what_is_not_measured_is_none() -> None:
    window = Window()
    counts = Counts(frames=10, packets=10, octets=10, last_frame=1)
    window.update(counts, 1)
    measures = window.update(counts._replace(last_frame=2.0, frames=20), 2)
    assert (measures.jitter_ms, measures.rtp_loss_pct, measures.keyframe_interval_s) == (None, None, None)


def test_frames_that_shrink_at_once_are_suspicious() -> None:
    stream = Stream()
    assert not stream.second(seconds=10).suspicious
    assert stream.second(size=300).suspicious


def test_what_is_spent_behind_each_keyframe_of_a_still_picture_does_not_make_it_move() -> None:
    stream = Stream()
    stream.second(seconds=20)
    assert [stream.second(size=size).still for size in (1000, 40, 1000, 40, 1000)] == [
        False,
        True,
        True,
        True,
        True,
    ]
    stream.second(seconds=5)
    assert not stream.second().still


def test_sizes_are_judged_alike_however_often_it_is_asked() -> None:
    window, counts, seen = Window(), Counts(jitter=0.002), []
    for quarter in range(80):
        size = 2000 if quarter < 60 else 100
        counts = counts._replace(deltas=counts.deltas + 1, delta_octets=counts.delta_octets + size)
        seen.append(window.update(counts, 100 + quarter / 4).still)
    assert seen == [False] * 64 + [True] * 16


def test_a_scene_that_calms_down_slowly_is_not_suspicious() -> None:
    stream = Stream()
    for size in range(2000, 300, -10):
        assert not stream.second(size=size).suspicious


def test_a_scene_that_stays_calm_becomes_usual() -> None:
    stream = Stream()
    stream.second(seconds=10)
    assert stream.second(size=500, seconds=60).suspicious
    assert not stream.second(size=500, seconds=600).suspicious


def test_the_second_of_two_faults_is_seen_as_well() -> None:
    stream = Stream()
    stream.second(seconds=60)
    stream.second(size=300, seconds=90)
    assert not stream.second(seconds=10).still
    assert stream.second(size=300).still


def test_one_keyframe_repeated_is_suspicious() -> None:
    assert Stream().second(same_key_sizes=2, seconds=3).suspicious is False
    assert Stream().second(same_key_sizes=3, seconds=3).suspicious is True


def test_what_is_usual_is_learnt_in_a_minute() -> None:
    baseline = Baseline()
    for second in range(60):
        assert (baseline.expected().fps is None) == (second < 60)
        baseline = baseline.updated(Measures(fps=25, bitrate_kbps=400))
    assert (baseline.expected().fps, baseline.expected().bitrate_kbps) == (25, 400)


def test_a_night_does_not_become_the_norm_at_once() -> None:
    baseline = Baseline(assessments=60, fps=25, bitrate_kbps=400)
    for _ in range(3600):
        baseline = baseline.updated(Measures(fps=12, bitrate_kbps=100))
    assert baseline.expected().fps == pytest.approx(25, rel=0.03)


def test_the_keyframe_interval_counts_after_a_day_and_is_the_longest_of_it() -> None:
    baseline = Baseline()
    for second in range(86_400):
        assert baseline.expected().keyframe_interval_s is None
        measures = Measures(fps=25, bitrate_kbps=400, keyframe_interval_s=8 if second == 80_000 else 2)
        baseline = baseline.updated(measures)
    assert 7 < (baseline.expected().keyframe_interval_s or 0) <= 8


def test_what_is_judged_at_once_is_of_the_last_seconds() -> None:
    stream = Stream()
    stream.second(seconds=20)
    measures = stream.second(fps=5, lost=2, seconds=4)
    assert measures.recent_fps == pytest.approx(5)
    assert measures.fps is not None
    assert measures.fps > 15
    assert measures.recent_lost == 8
    assert measures.recent_loss_pct == pytest.approx(20)


def test_a_keyframe_of_another_size_is_suspicious() -> None:
    window, counts = Window(), Counts(jitter=0.002)
    seen = []
    for second, size in enumerate([30_000] * 5 + [31_000, 29_000, 8_000, 8_000] + [8_000] * 40):
        counts = counts._replace(keyframes=counts.keyframes + 1, key_octets=counts.key_octets + size)
        seen.append(window.update(counts, 100.0 + second).suspicious)
    assert seen[:9] == [False] * 7 + [True] * 2
    assert not seen[-1]


def test_keyframes_that_are_large_and_small_by_turns_are_not_suspicious_for_long() -> None:
    window, counts = Window(), Counts(jitter=0.002)
    seen = []
    for second in range(100):
        size = 30_000 if second % 2 else 10_000
        counts = counts._replace(keyframes=counts.keyframes + 1, key_octets=counts.key_octets + size)
        seen.append(window.update(counts, 100.0 + second).suspicious)
    assert not any(seen[30:])

"""The assessment of one camera, moment by moment, with a source that the test scripts."""

from typing import cast

import pytest

from pantau_agent.assessment.assess import Assessment, Limits, StreamEvidence
from pantau_agent.assessment.baseline import Baseline
from pantau_agent.assessment.diagnosis import Expected
from pantau_agent.assessment.observation import Observation
from pantau_agent.assessment.picture_sampler import PictureEvidence
from pantau_agent.picture.decoder import JudgedPicture
from pantau_agent.picture.verdict import Verdict
from pantau_agent.sources.source import Source
from pantau_agent.streams.counts import Counts
from pantau_agent.streams.failure import Failure, Kind, Step
from pantau_contract.states import Cause, State
from pantau_contract.words.evidence import NO_DETAIL, Detail
from tests.agent.fake_clock import FakeClock

CUT = Failure(Step.STREAM, Kind.CLOSED, Detail("it closed the connection"))
FLOOD = Failure(Step.STREAM, Kind.FLOODING, Detail("it sends too much"))
REFUSED = Failure(Step.CONNECT, Kind.OS_ERROR, Detail("refused"), errno=111)
GOOD = PictureEvidence(JudgedPicture(Verdict(None, {})), in_session=1)


class ScriptedSource:
    """Streams 10 frames and a keyframe a second from `opened` until `stopped`; `keyframes` can be switched off."""

    codec, transport, accepted = "h264", "tcp", True

    def __init__(self, opened: float, *, keyframes: bool = True, start_s: float = 0.1) -> None:
        self.started = opened
        self.connected = opened
        self.first = opened + start_s
        self.now = opened
        self.stopped = float("inf")
        self.keyframes = keyframes

    def counts(self) -> Counts:
        last = min(self.now, self.stopped)
        if last < self.first:
            return Counts()
        seconds = last - self.first
        keyframes = 1 + int(seconds) if self.keyframes else 0
        return Counts(
            packets=1 + int(seconds * 10),
            octets=int(seconds * 10_000),
            frames=1 + int(seconds * 10),
            keyframes=keyframes,
            first_packet=self.first,
            last_packet=last,
            last_frame=last,
            first_keyframe=self.first if keyframes else 0.0,
            last_keyframe=self.first + int(seconds) if keyframes else 0.0,
            keyframe_interval=1.0 if keyframes > 1 else 0.0,
            jitter=0.001,
        )

    def remark(self) -> Detail:
        return NO_DETAIL


class Watch:
    """One camera, whose time begins at 1,000 s."""

    def __init__(self, *, limits: Limits | None = None, baseline: Baseline | None = None) -> None:
        self.clock = FakeClock()
        self.assessment = Assessment("gate", limits or Limits(), 1_000.0, self.clock.lost_since)
        self.baseline = baseline or Baseline()

    def stream(self, source: ScriptedSource, at: float, pictures: PictureEvidence = GOOD) -> Observation:
        source.now = at
        evidence = StreamEvidence(cast("Source", source), source.started)
        self.assessment.assess_stream(evidence, pictures, self.baseline, at)
        return self.assessment.conclude()

    def failure(self, failure: Failure, at: float, last_packet: float = 0.0) -> Observation:
        self.assessment.assess_failure(failure, at, last_packet)
        return self.assessment.conclude()


def shown(observation: Observation) -> tuple[State, Cause | None]:
    return observation.sample.state, observation.sample.cause


def working(watch: Watch, *, until: float = 1_010.0) -> ScriptedSource:
    """A source that has streamed well since 1,000 s."""
    source = ScriptedSource(1_000)
    for second in range(1, int(until - 1_000) + 1):
        observation = watch.stream(source, 1_000.0 + second)
    assert shown(observation) == (State.OK, None)
    return source


def test_a_sample_carries_monotonic_time_in_milliseconds() -> None:
    watch = Watch()
    observation = watch.stream(ScriptedSource(1_000), 1_002.25)
    assert (observation.sample.time, observation.sample.since) == (1_002_250, 1_002_250)


def test_a_lost_connection_is_no_outage_for_three_seconds_after_the_last_packet() -> None:
    watch = Watch()
    working(watch)
    assert not watch.failure(CUT, 1_012.9, last_packet=1_010).changed
    assert shown(watch.failure(CUT, 1_013, last_packet=1_010)) == (State.DOWN, Cause.STALLED)


def test_silence_while_the_agent_was_held_up_is_no_outage() -> None:
    watch = Watch()
    source = working(watch)
    source.stopped = 1_010
    watch.clock.stalls.append((1_010.5, 1_040.5))
    assert not watch.stream(source, 1_042.9).changed
    assert shown(watch.stream(source, 1_043.6)) == (State.DOWN, Cause.STALLED)


def test_a_connection_that_was_lost_while_the_agent_was_held_up_gets_its_three_seconds() -> None:
    watch = Watch()
    working(watch)
    watch.clock.stalls.append((1_010.5, 1_040.5))
    assert not watch.failure(CUT, 1_042.9, last_packet=1_010).changed
    assert shown(watch.failure(CUT, 1_043.1, last_packet=1_010)) == (State.DOWN, Cause.STALLED)


def test_measures_from_while_the_agent_was_held_up_say_nothing_of_the_camera() -> None:
    slow = Limits(expected=Expected(fps=25))
    watch, held_up = Watch(limits=slow), Watch(limits=slow)
    held_up.clock.stalls.append((1_005.0, 1_005.6))
    for one, at_last in ((watch, (State.DEGRADED, Cause.LOW_FPS)), (held_up, (State.OK, None))):
        source = ScriptedSource(1_000)
        for second in range(1, 15):
            observation = one.stream(source, 1_000.0 + second)
        assert shown(observation) == at_last
    for second in range(15, 20):  # the stall is over for as long as the measures reach back
        observation = held_up.stream(source, 1_000.0 + second)
    assert shown(observation) == (State.DEGRADED, Cause.LOW_FPS)


def test_a_camera_that_flooded_us_is_well_again_once_it_has_streamed_for_ten_seconds() -> None:
    watch = Watch()
    assert shown(watch.failure(FLOOD, 1_000)) == (State.DOWN, Cause.FLOODING)
    source = ScriptedSource(1_060)
    for second in range(1, 10):
        assert not watch.stream(source, 1_060.0 + second).changed
    assert shown(watch.stream(source, 1_070)) == (State.OK, None)


def test_an_outage_is_dated_from_the_last_packet() -> None:
    watch = Watch()
    working(watch)
    observation = watch.failure(REFUSED, 1_015, last_packet=1_010.5)
    assert shown(observation) == (State.DOWN, Cause.REFUSED)
    assert observation.sample.since == 1_010_500


def test_a_connection_that_is_lost_after_an_assessment_that_came_late_is_no_stall() -> None:
    watch = Watch()
    working(watch)
    # The agent was busy with others for 4 s, and packets came all the while.
    assert not watch.failure(CUT, 1_014.2, last_packet=1_014).changed


def test_a_stall_is_three_seconds_without_a_packet() -> None:
    watch = Watch()
    source = working(watch)
    source.stopped = 1_010.0
    assert shown(watch.stream(source, 1_012.9)) == (State.OK, None)
    assert watch.assessment.session_failure() is None
    observation = watch.stream(source, 1_013)
    assert shown(observation) == (State.DOWN, Cause.STALLED)
    assert observation.sample.since == 1_010_000
    failure = watch.assessment.session_failure()
    assert failure is not None
    assert failure.kind is Kind.SILENT


def test_a_new_session_without_a_packet_yet_is_a_stall_after_three_seconds_too() -> None:
    watch = Watch()
    working(watch)
    watch.failure(CUT, 1_011, last_packet=1_010)
    reopened = ScriptedSource(1_011, start_s=100)
    assert shown(watch.stream(reopened, 1_012.9)) == (State.OK, None)
    assert shown(watch.stream(reopened, 1_013)) == (State.DOWN, Cause.STALLED)


def test_the_first_picture_is_waited_for_five_seconds_from_the_first_keyframe() -> None:
    watch, source = Watch(), ScriptedSource(1_000, start_s=0.5)
    assert shown(watch.stream(source, 1_005.4, PictureEvidence())) == (State.UNKNOWN, Cause.STARTING)
    assert shown(watch.stream(source, 1_005.5, PictureEvidence())) == (State.OK, None)


@pytest.mark.parametrize(
    ("limits", "baseline", "wait_s"),
    [
        (Limits(10), Baseline(), 10),
        (Limits(10), Baseline(keyframe_interval_s=4), 10),
        (Limits(10), Baseline(keyframe_interval_s=30), 60),
        (Limits(10, expected=Expected(keyframe_interval_s=20)), Baseline(), 40),
    ],
)
def test_a_first_keyframe_may_take_twice_the_longest_interval_known(
    limits: Limits, baseline: Baseline, wait_s: float
) -> None:
    watch, source = Watch(limits=limits, baseline=baseline), ScriptedSource(1_000, keyframes=False)
    assert shown(watch.stream(source, 1_000 + wait_s - 0.1)) == (State.UNKNOWN, Cause.STARTING)
    assert shown(watch.stream(source, 1_000 + wait_s)) == (State.DOWN, Cause.NO_MEDIA)


def test_a_slow_start_is_reported_for_a_minute_and_fifteen_seconds_later_it_is_good() -> None:
    watch, source = Watch(), ScriptedSource(1_000, start_s=8)
    reported = {second: shown(watch.stream(source, 1_000.0 + second)) for second in range(8, 80)}
    slow = (State.DEGRADED, Cause.SLOW_START)
    assert {second for second, state in reported.items() if state == slow} == set(range(8, 75))
    assert reported[75] == (State.OK, None)


def test_without_patience_every_diagnosis_takes_effect_at_once() -> None:
    watch = Watch(limits=Limits(patient=False))
    working(watch)
    assert shown(watch.failure(CUT, 1_010.1, last_packet=1_010)) == (State.DOWN, Cause.STALLED)


def test_assessing_changes_nothing_but_the_assessment() -> None:
    watch, baseline = Watch(), Baseline(assessments=5, fps=10, bitrate_kbps=80)
    watch.baseline = baseline
    working(watch)
    assert watch.baseline is baseline

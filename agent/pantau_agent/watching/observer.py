"""Observing one camera: its source is read, its pictures sampled, both assessed, and its baseline learned."""

from collections.abc import Callable

from pantau_agent.assessment.assess import Assessment, Limits, StreamEvidence
from pantau_agent.assessment.camera_memory import CameraMemory
from pantau_agent.assessment.diagnosis import Diagnosis
from pantau_agent.assessment.observation import Observation
from pantau_agent.assessment.picture_sampler import PictureSampler
from pantau_agent.clock import Clock
from pantau_agent.picture.decoder import JudgedPicture
from pantau_agent.sources.source import Source
from pantau_agent.streams.failure import Failure
from pantau_contract.states import State


class Observer:
    """Drives the assessment, the picture sampler and the memory of one camera.

    `clock_trusted` returns whether this machine's clock is right; otherwise no camera's clock can be called wrong.
    """

    def __init__(
        self,
        camera: str,
        clock: Clock,
        sampler: PictureSampler,
        memory: CameraMemory,
        limits: Limits,
        clock_trusted: Callable[[], bool],
    ) -> None:
        self._clock = clock
        self._sampler = sampler
        self._memory = memory
        self._clock_trusted = clock_trusted
        self._assessment = Assessment(camera, limits, clock.monotonic(), clock.lost_since)

    @property
    def keyframe_wait_s(self) -> float:
        """Seconds a first keyframe may take."""
        return self._assessment.keyframe_wait_s(self._memory.baseline)

    def assess_stream(self, source: Source, opened: float) -> Diagnosis | None:
        """Assess a source that streams since `opened` (monotonic); sample its picture if due; learn from it."""
        now = self._clock.monotonic()
        self._sampler.follow(source)
        stream = StreamEvidence(source, opened, self._clock_offset_s(source, now))
        diagnosis = self._assessment.assess_stream(stream, self._sampler.evidence, self._memory.baseline, now)
        self._sampler.sample_if_due(now, self._assessment.measures)
        if diagnosis is not None and diagnosis.state is State.OK:
            self._memory.baseline = self._memory.baseline.updated(self._assessment.measures)
        return diagnosis

    def assess_failure(self, failure: Failure | None, last_packet: float = 0.0) -> None:
        """Assess how the last session or attempt ended. `last_packet` is when its last packet came (monotonic)."""
        self._assessment.assess_failure(failure, self._clock.monotonic(), last_packet)

    def conclude(self) -> Observation:
        """Return the observation that follows from the last assessment, with the picture decoded since."""
        return self._assessment.conclude(self._sampler.take_new())

    def take_new_picture(self) -> JudgedPicture | None:
        """Return the picture decoded since the last call, or None."""
        return self._sampler.take_new()

    def session_failure(self) -> Failure | None:
        """Return why the session in progress should be closed, or None if it should not."""
        return self._assessment.session_failure()

    def _clock_offset_s(self, source: Source, now: float) -> float | None:
        """Return the camera's clock less ours, in seconds; None if it reports none, or ours is not trusted."""
        reported = source.clock()
        if reported is None or not self._clock_trusted():
            return None
        camera_utc_s, received = reported
        return camera_utc_s - (self._clock.time_ms() / 1000 - (now - received))

"""The one-shot probe: a session of a few seconds, until enough is known or no more is to be expected."""

from collections.abc import Callable
from dataclasses import replace

from pantau_agent.assessment.assess import Limits
from pantau_agent.assessment.baseline import configured_expectation
from pantau_agent.assessment.camera_memory import CameraMemory
from pantau_agent.assessment.observation import Observation
from pantau_agent.assessment.picture_sampler import PictureSampler
from pantau_agent.assessment.wake_up import WakeUp
from pantau_agent.clock import Clock
from pantau_agent.config import Camera
from pantau_agent.picture.decoder import Decoder
from pantau_agent.sources.registry import make_source
from pantau_agent.sources.source import Source
from pantau_agent.sources.target import safeguards_of, target_of
from pantau_agent.streams.failure import Failure, LookError
from pantau_agent.watching.host_limits import HostLimits
from pantau_agent.watching.observer import Observer
from pantau_contract.states import State

ASSESS_INTERVAL_S = 0.25
"""Seconds between two assessments of a probe."""
PICTURE_INTERVAL_S = 1.5
"""Seconds between two pictures of a probe: a fault of the picture is confirmed by two or three."""
MARGIN_S = 0.5
"""Seconds beyond a deadline, so that what the deadline is for has been assessed."""


class OneShotProbe:
    """Probes one camera any number of times; what is learned is kept from probe to probe.

    `failure` is why the last probe did not reach streaming, or broke off; None if it did neither. With `learns`,
    as in the running agent, a certificate that is seen for the first time is accepted for ever.
    """

    def __init__(
        self,
        camera: Camera,
        decoder: Decoder,
        clock: Clock,
        *,
        host_limits: HostLimits | None = None,
        memory: CameraMemory | None = None,
        learns: bool = False,
        clock_trusted: Callable[[], bool] = lambda: True,
    ) -> None:
        self.failure: Failure | None = None
        self._memory = memory or CameraMemory()
        safeguards = safeguards_of(camera, self._memory.proof, learns=learns)
        self._target = replace(
            target_of(camera, safeguards), trusted=self._memory.trusted, keep_alive=self._memory.keep_alive
        )
        self._timeout_s = camera.timeout_s
        self._clock = clock
        self._wake_up = WakeUp()
        self._host_limit = (host_limits or HostLimits()).of(self._target.url.host)
        self._sampler = PictureSampler(camera.id, decoder, PICTURE_INTERVAL_S, self._wake_up)
        limits = Limits(camera.timeout_s, patient=False, expected=configured_expectation(camera))
        self._observer = Observer(camera.id, clock, self._sampler, self._memory, limits, clock_trusted)

    async def run(self, seconds: float) -> Observation:
        """Probe for `seconds`, or up to the camera's timeout where keyframes are rare or a picture is in doubt.

        A first keyframe is awaited for as long as one is known to take. The session always ends with a TEARDOWN.
        """
        self.failure = None
        source: Source | None = None
        snapshot: bytes | None = None
        async with self._host_limit:
            try:
                source = make_source(self._target, self._clock)
                await source.open(self._timeout_s)
                if source.accepted:
                    self._memory.trusted = True
                    self._target = replace(self._target, trusted=True)
                snapshot = await self._assess(source, seconds)
            except LookError as error:
                self.failure = error.failure
            finally:
                if source is not None:
                    await source.close()
                await self._sampler.end_session()
        if self.failure is not None:
            return replace(self.observe_failure(self.failure), snapshot=snapshot)
        observation = self._observer.conclude()
        return replace(observation, snapshot=observation.snapshot or snapshot)

    def observe_failure(self, failure: Failure) -> Observation:
        """Return the observation that follows from a failure."""
        self._observer.assess_failure(failure)
        return self._observer.conclude()

    async def _assess(self, source: Source, seconds: float) -> bytes | None:
        """Assess an open source until enough is known, and return its newest picture, or None.

        Raises:
            LookError: the stream broke off.
        """
        opened = self._clock.monotonic()
        snapshot: bytes | None = None
        while True:
            diagnosis = self._observer.assess_stream(source, opened)
            picture = self._observer.take_new_picture()
            snapshot = picture.jpeg if picture is not None and picture.jpeg is not None else snapshot
            elapsed_s = self._clock.monotonic() - opened
            if (
                (diagnosis is not None and diagnosis.state is State.DOWN)
                or (elapsed_s >= seconds and self._is_enough(source))
                or elapsed_s >= self._longest_s(source, seconds)
            ):
                return snapshot
            if source.failure is not None:
                raise LookError(source.failure)
            await self._wake_up.wait(ASSESS_INTERVAL_S)

    def _is_enough(self, source: Source) -> bool:
        has_picture = self._sampler.evidence.in_session > 0
        return source.counts().keyframes >= 2 and has_picture and not self._sampler.undecided

    def _longest_s(self, source: Source, seconds: float) -> float:
        wait_s = self._timeout_s if source.counts().keyframes else self._observer.keyframe_wait_s
        return max(seconds, wait_s) + MARGIN_S

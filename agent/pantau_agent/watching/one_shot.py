"""One look at one camera: a visit of a few seconds, until all is known or no more is to be expected."""

from collections.abc import Callable
from dataclasses import replace

from pantau_agent.assessment.assess import Assessment, Limits
from pantau_agent.assessment.baseline import configured
from pantau_agent.assessment.camera_memory import CameraMemory
from pantau_agent.assessment.observation import Observation
from pantau_agent.assessment.picture_sampler import PictureSampler
from pantau_agent.assessment.wake_up import WakeUp
from pantau_agent.clock import Clock
from pantau_agent.config import Camera
from pantau_agent.picture.decoder import Decoder
from pantau_agent.sources.registry import make_source
from pantau_agent.sources.source import Source
from pantau_agent.sources.target import target_of
from pantau_agent.streams.failure import Failure, LookError
from pantau_agent.watching.sessions import HostLimits
from pantau_contract.states import State

TICK_S = 0.25
GLANCE_S = 1.5
"""Between two pictures of a look: a fault of the picture is confirmed by two or three."""
MARGIN_S = 0.5
"""Beyond the deadline, so that what the deadline is for has been judged."""


class Looker:
    """Looks at one camera, time and again; what was learnt is kept from look to look.

    `failure` tells how the last look ended, if it did not come to streaming or broke off.
    """

    def __init__(
        self,
        camera: Camera,
        decoder: Decoder,
        clock: Clock,
        *,
        doors: HostLimits | None = None,
        page: CameraMemory | None = None,
        clock_trusted: Callable[[], bool] = lambda: True,
    ) -> None:
        self.failure: Failure | None = None
        self._page = page or CameraMemory()
        self._target = replace(target_of(camera), trusted=self._page.trusted)
        self._timeout_s = camera.timeout_s
        self._clock = clock
        self._bell = WakeUp()
        self._door = (doors or HostLimits()).to(self._target.url.host)
        self._glances = PictureSampler(camera.id, decoder, GLANCE_S, self._bell)
        limits = Limits(camera.timeout_s, patient=False, expected=configured(camera))
        self._appraisal = Assessment(camera.id, clock, self._glances, self._page, limits, clock_trusted)

    async def look(self, seconds: float) -> Observation:
        """Looks for `seconds`; longer, up to the camera's timeout, where keyframes are rare or a picture is odd.

        For a first keyframe it waits as long as one is known to take. Ends with a TEARDOWN, always.
        """
        self.failure = None
        source: Source | None = None
        snapshot: bytes | None = None
        async with self._door:
            try:
                source = make_source(self._target, self._clock)
                await source.open(self._timeout_s)
                if source.accepted:
                    self._page.trusted = True
                    self._target = replace(self._target, trusted=True)
                snapshot = await self._read(source, seconds)
            except LookError as error:
                self.failure = error.failure
            finally:
                if source is not None:
                    await source.close()
                await self._glances.leave()
        if self.failure is not None:
            return replace(self.failed(self.failure), snapshot=snapshot)
        observation = self._appraisal.conclude()
        return replace(observation, snapshot=observation.snapshot or snapshot)

    def failed(self, failure: Failure) -> Observation:
        """What is to be said after a failed look."""
        self._appraisal.gather(None, 0.0, failure)
        return self._appraisal.conclude()

    async def _read(self, source: Source, seconds: float) -> bytes | None:
        """Gathers evidence from an open source; the newest picture. Raises `LookError` if it breaks off."""
        opened = self._clock.monotonic()
        snapshot: bytes | None = None
        while True:
            diagnosis = self._appraisal.gather(source, opened, None)
            seen = self._glances.fresh()
            snapshot = seen.jpeg if seen is not None and seen.jpeg is not None else snapshot
            elapsed = self._clock.monotonic() - opened
            over = diagnosis is not None and diagnosis.state is State.DOWN
            if (
                over
                or (elapsed >= seconds and self._is_enough(source))
                or elapsed >= self._longest(source, seconds)
            ):
                return snapshot
            if source.failure is not None:
                raise LookError(source.failure)
            await self._bell.wait(TICK_S)

    def _is_enough(self, source: Source) -> bool:
        return source.counts().keyframes >= 2 and self._glances.in_session > 0 and not self._glances.turning

    def _longest(self, source: Source, seconds: float) -> float:
        wait_s = self._timeout_s if source.counts().keyframes else self._appraisal.keyframe_wait_s
        return max(seconds, wait_s) + MARGIN_S

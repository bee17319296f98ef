"""The inspection: several cameras probed once, and those that accept our login asked what they are."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass

from pantau_agent.assessment.camera_memory import CameraMemory
from pantau_agent.assessment.observation import Observation
from pantau_agent.clock import Clock
from pantau_agent.config import Camera
from pantau_agent.identity.firmware import Identity
from pantau_agent.identity.identify import CachedIdentify, IdentityError
from pantau_agent.picture.decoder import Decoder
from pantau_agent.sources.target import safeguards_of
from pantau_agent.streams.failure import Failure, MachineError
from pantau_agent.streams.safeguards import Remembered, Safeguards
from pantau_agent.watching.host_limits import HostLimits
from pantau_agent.watching.one_shot import OneShotProbe
from pantau_contract.states import State
from pantau_contract.words.evidence import NO_DETAIL, Detail, detail

MAX_PARALLEL = 6
"""Cameras inspected at the same time."""
IDENTITY_WITHIN_S = 20.0
"""Seconds a camera has to answer what it is."""


@dataclass(frozen=True, slots=True)
class Inspected:
    """The result of inspecting one camera.

    `observation` is None if this machine, an error of ours, or a missing password prevented the probe; `failed` is
    why. `identity` is what the camera reports itself to be; if it was asked and did not answer, `no_identity` is
    why. `failure` is why it did not stream, or broke off.
    """

    camera: Camera
    observation: Observation | None = None
    identity: Identity | None = None
    no_identity: Detail = NO_DETAIL
    failed: Detail = NO_DETAIL
    failure: Failure | None = None


async def inspect(
    cameras: Sequence[Camera],
    decoder: Decoder,
    clock: Clock,
    *,
    seconds: float,
    ask: bool,
    clock_trusted: bool = True,
    remembered: Mapping[str, Remembered] | None = None,
) -> AsyncGenerator[Inspected, None]:
    """Probe cameras for `seconds` each, `MAX_PARALLEL` at a time, and yield each result when it is there.

    `remembered` is, by camera, what the running agent knows of their logins and certificates.
    The password is sent once to the stream and, with `ask`, once more where the stream accepted it, to ask what
    the camera is. A camera whose password is not known here is not asked at all: what it answers to a stranger
    tells nothing.
    """
    known = remembered or {}

    def safeguards(camera: Camera) -> Safeguards:
        return safeguards_of(camera, known.get(camera.id))

    host_limits, slots = HostLimits(), asyncio.Semaphore(MAX_PARALLEL)
    cached = CachedIdentify(clock, safeguards=safeguards)

    async def inspect_one(camera: Camera) -> Inspected:
        if camera.lacks_password:
            return Inspected(camera, failed=detail("password_unknown", user=camera.user or ""))
        probe = OneShotProbe(
            camera,
            decoder,
            clock,
            host_limits=host_limits,
            memory=CameraMemory(proof=known.get(camera.id, Remembered())),
            clock_trusted=lambda: clock_trusted,
        )
        async with slots:
            try:
                observation = await probe.run(seconds)
                if not ask or observation.sample.state in {State.DOWN, State.UNKNOWN}:
                    return Inspected(camera, observation, failure=probe.failure)
                identity, no_identity = await _identify(cached, camera)
            except MachineError as error:
                return Inspected(camera, failed=error.detail)
            except Exception as error:  # noqa: BLE001 # an error of ours at one camera leaves the others
                return Inspected(camera, failed=detail("own_mistake", error=repr(error)))
        return Inspected(camera, observation, identity, no_identity)

    tasks = [asyncio.create_task(inspect_one(camera)) for camera in cameras]
    try:
        for done in asyncio.as_completed(tasks):
            yield await done
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _identify(cached: CachedIdentify, camera: Camera) -> tuple[Identity | None, Detail]:
    """Return what the camera reports itself to be, or None and why it does not."""
    try:
        async with asyncio.timeout(IDENTITY_WITHIN_S):
            return await cached.identify(camera), NO_DETAIL
    except IdentityError as error:
        return None, error.detail
    except TimeoutError:
        return None, detail("told_late", seconds=f"{IDENTITY_WITHIN_S:g}")

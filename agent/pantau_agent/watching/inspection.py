"""Several cameras, each looked at once; and those that let us in asked what they are."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

from pantau_agent.assessment.observation import Observation
from pantau_agent.clock import Clock
from pantau_agent.config import Camera
from pantau_agent.identity.firmware import Identity
from pantau_agent.identity.identify import CachedIdentify, IdentityError
from pantau_agent.picture.decoder import Decoder
from pantau_agent.streams.failure import MachineError
from pantau_agent.watching.one_shot import Looker
from pantau_agent.watching.sessions import HostLimits
from pantau_contract.states import State
from pantau_contract.words.evidence import NO_DETAIL, Detail, detail

AT_ONCE = 6
TELLS_WITHIN_S = 20.0
"""What a camera is; a look at it has its own times."""


@dataclass(frozen=True, slots=True)
class Inspected:
    """What came of one camera.

    `observation` is None where this machine, or a mistake of ours, kept us from looking: `failed`. `identity` is
    what the camera says it is; where it was asked and does not say, `untold` is why.
    """

    camera: Camera
    observation: Observation | None = None
    identity: Identity | None = None
    untold: Detail = NO_DETAIL
    failed: Detail = NO_DETAIL


async def inspect(
    cameras: Sequence[Camera],
    decoder: Decoder,
    clock: Clock,
    *,
    seconds: float,
    ask: bool,
    clock_trusted: bool = True,
) -> AsyncGenerator[Inspected, None]:
    """Each camera as soon as it is done, some at a time. `seconds` is how long each is looked at.

    With `ask` a password is sent once to the stream, and where that took it, once more to ask what the camera is.
    """
    doors, cached, room = HostLimits(), CachedIdentify(clock), asyncio.Semaphore(AT_ONCE)

    async def one(camera: Camera) -> Inspected:
        looker = Looker(camera, decoder, clock, doors=doors, clock_trusted=lambda: clock_trusted)
        async with room:
            try:
                observation = await looker.look(seconds)
                if not ask or observation.sample.state in {State.DOWN, State.UNKNOWN}:
                    return Inspected(camera, observation)
                identity, untold = await _told(cached, camera)
            except MachineError as error:
                return Inspected(camera, failed=error.detail)
            except Exception as error:  # noqa: BLE001 # a mistake of ours at one camera leaves the others
                return Inspected(camera, failed=detail("own_mistake", error=repr(error)))
        return Inspected(camera, observation, identity, untold)

    tasks = [asyncio.create_task(one(camera)) for camera in cameras]
    try:
        for done in asyncio.as_completed(tasks):
            yield await done
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _told(cached: CachedIdentify, camera: Camera) -> tuple[Identity | None, Detail]:
    try:
        async with asyncio.timeout(TELLS_WITHIN_S):
            return await cached.identify(camera), NO_DETAIL
    except IdentityError as error:
        return None, error.detail
    except TimeoutError:
        return None, detail("told_late", seconds=f"{TELLS_WITHIN_S:g}")

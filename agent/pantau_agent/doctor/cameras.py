"""Each camera, looked at once; and whether its firmware is known for anything bad."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

from pantau_agent.clock import Clock
from pantau_agent.config import Camera
from pantau_agent.doctor.finding import Finding, Level
from pantau_agent.firmware import Identity, warning_of
from pantau_agent.identity.ask import Asker, IdentityError
from pantau_agent.look import Looker
from pantau_agent.picture.decoder import Decoder
from pantau_agent.visits import Doors
from pantau_contract.messages import Sample
from pantau_contract.states import Cause, State

LOOK_S = 4.0
AT_ONCE = 6
_LEVELS = {
    State.OK: Level.OK,
    State.DEGRADED: Level.WARNING,
    State.IMPAIRED: Level.WARNING,
    State.DOWN: Level.ERROR,
}


async def cameras(
    configured: Sequence[Camera], decoder: Decoder, clock: Clock, *, clock_trusted: bool
) -> AsyncGenerator[Finding, None]:
    """Each camera's findings as soon as they are known.

    A password is sent once to the stream, and where that took it, once more to ask for the firmware.
    """
    if not configured:
        yield Finding("camera", Level.WARNING, "none")
    for camera in configured:
        if not camera.enabled:
            yield Finding("camera", Level.OK, "disabled", camera.id)
    examined = [camera for camera in configured if camera.enabled]
    doors, asker, room = Doors(), Asker(clock), asyncio.Semaphore(AT_ONCE)

    async def look(camera: Camera) -> _Seen:
        looker = Looker(camera, decoder, clock, doors=doors, clock_trusted=lambda: clock_trusted)
        async with room:
            return await _look(camera, looker, asker)

    tasks = [asyncio.create_task(look(camera)) for camera in examined]
    unreached: list[Sample] = []
    try:
        for done in asyncio.as_completed(tasks):
            seen = await done
            unreached += seen.unreached
            for finding in seen.findings:
                yield finding
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for finding in of_unreached(unreached, len(examined)):
        yield finding


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one camera's look gave; a camera that was not reached is judged together with the others."""

    findings: tuple[Finding, ...] = ()
    unreached: tuple[Sample, ...] = ()


async def _look(camera: Camera, looker: Looker, asker: Asker) -> _Seen:
    try:
        sample = (await looker.look(LOOK_S)).sample
        if sample.cause is Cause.UNREACHABLE:
            return _Seen(unreached=(sample,))
        if sample.state is State.DOWN:
            return _Seen((of_sample(sample),))
        return _Seen((of_sample(sample), await _firmware(camera, asker)))
    except Exception as error:  # noqa: BLE001 # a mistake of ours at one camera leaves the others
        detail = f"{type(error).__name__}: {error}"
        return _Seen((Finding("camera", Level.ERROR, "failed", camera.id, {"detail": detail}),))


def of_sample(sample: Sample, *, listed: bool = True) -> Finding:
    """What a look says."""
    level = _LEVELS.get(sample.state, Level.UNKNOWN)
    if sample.cause is None:
        return Finding("camera", level, "works", sample.camera)
    values: dict[str, object] = {"detail": sample.detail or sample.cause}
    return Finding("camera", level, "fails", sample.camera, values, sample.cause, listed)


def of_unreached(samples: Sequence[Sample], number: int) -> list[Finding]:
    """Where not one of several cameras is reached, what they share is to be mended, and not each of them."""
    all_of_them = len(samples) == number > 1
    findings = [of_sample(sample, listed=not all_of_them) for sample in samples]
    if all_of_them:
        findings.append(Finding("camera", Level.ERROR, "none_reached", values={"count": number}))
    return findings


async def _firmware(camera: Camera, asker: Asker) -> Finding:
    try:
        return of_identity(camera.id, await asker.ask(camera))
    except IdentityError as error:
        return Finding("firmware", Level.UNKNOWN, "untold", camera.id, {"detail": str(error)})


def of_identity(camera: str, identity: Identity) -> Finding:
    """What the notes say of it."""
    warning = warning_of(identity.vendor, identity.model, identity.firmware)
    values: dict[str, object] = {"model": identity.model or "?", "version": identity.firmware or "?"}
    if warning is None:
        return Finding("firmware", Level.OK, "unsuspected", camera, values)
    values |= {"why": " ".join(warning.why.split()), "source": warning.source}
    return Finding("firmware", Level.WARNING, warning.status, camera, values)

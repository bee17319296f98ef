"""Inspects each camera once, and checks whether its firmware has known problems."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing

from pantau_agent.clock import Clock
from pantau_agent.config import Camera
from pantau_agent.doctor.finding import Finding, FindingLevel
from pantau_agent.identity.firmware import Identity, warning_of
from pantau_agent.picture.decoder import Decoder
from pantau_agent.streams.failure import Kind
from pantau_agent.streams.safeguards import Remembered
from pantau_agent.watching.inspection import Inspected, inspect
from pantau_contract.messages import Sample
from pantau_contract.states import Cause, State

LOOK_S = 4.0
"""Seconds to watch each camera."""
_LEVELS = {
    State.OK: FindingLevel.OK,
    State.DEGRADED: FindingLevel.WARNING,
    State.IMPAIRED: FindingLevel.WARNING,
    State.DOWN: FindingLevel.ERROR,
}
"""Level of a finding by the camera's state."""


async def check_cameras(
    configured: Sequence[Camera],
    decoder: Decoder,
    clock: Clock,
    *,
    clock_trusted: bool,
    remembered: Mapping[str, Remembered],
) -> AsyncGenerator[Finding, None]:
    """Yield each camera's findings as soon as they are known.

    `remembered` is what the running agent knows of their logins and certificates.
    """
    if not configured:
        yield Finding("camera", FindingLevel.WARNING, "none")
    for camera in configured:
        if not camera.enabled:
            yield Finding("camera", FindingLevel.OK, "disabled", camera.id)
    examined = [camera for camera in configured if camera.enabled]
    unreachable: list[Sample] = []
    inspections = inspect(
        *(examined, decoder, clock),
        seconds=LOOK_S,
        ask=True,
        clock_trusted=clock_trusted,
        remembered=remembered,
    )
    async with aclosing(inspections):
        async for inspected in inspections:
            sample = inspected.observation.sample if inspected.observation is not None else None
            if sample is not None and sample.cause is Cause.UNREACHABLE:
                unreachable.append(sample)  # judged together with the other unreachable ones
                continue
            for finding in findings_of_inspection(inspected):
                yield finding
    for finding in findings_of_unreachable(unreachable, len(examined)):
        yield finding


def findings_of_inspection(inspected: Inspected) -> list[Finding]:
    """Return the findings about one inspected camera."""
    camera = inspected.camera.id
    if inspected.camera.lacks_password:
        values: dict[str, object] = {"detail": inspected.failed}
        return [Finding("camera", FindingLevel.UNKNOWN, "password_unknown", camera, values)]
    if inspected.observation is None:
        return [Finding("camera", FindingLevel.ERROR, "failed", camera, {"detail": inspected.failed})]
    in_clear = inspected.failure is not None and inspected.failure.kind is Kind.IN_CLEAR
    findings = [finding_of_sample(inspected.observation.sample, key="in_clear" if in_clear else "fails")]
    if inspected.identity is not None:
        findings.append(finding_of_identity(camera, inspected.identity))
    elif inspected.no_identity:
        findings.append(
            Finding("firmware", FindingLevel.UNKNOWN, "untold", camera, {"detail": inspected.no_identity})
        )
    return findings


def finding_of_sample(sample: Sample, *, key: str = "fails", listed: bool = True) -> Finding:
    """Return the finding about a camera's sample."""
    level = _LEVELS.get(sample.state, FindingLevel.UNKNOWN)
    if sample.cause is None:
        return Finding("camera", level, "works", sample.camera)
    values: dict[str, object] = {"detail": sample.detail or sample.cause}
    return Finding("camera", level, key, sample.camera, values, sample.cause, listed)


def findings_of_unreachable(samples: Sequence[Sample], number: int) -> list[Finding]:
    """Return the findings about unreachable cameras, of `number` that were inspected.

    If none of several cameras is reachable, only what they share is listed to be fixed, and not each camera.
    """
    all_of_them = len(samples) == number > 1
    findings = [finding_of_sample(sample, listed=not all_of_them) for sample in samples]
    if all_of_them:
        findings.append(Finding("camera", FindingLevel.ERROR, "none_reached", values={"count": number}))
    return findings


def finding_of_identity(camera: str, identity: Identity) -> Finding:
    """Return the finding of the vendor notes about this model and firmware."""
    warning = warning_of(identity.vendor, identity.model, identity.firmware)
    values: dict[str, object] = {"model": identity.model or "?", "version": identity.firmware or "?"}
    if warning is None:
        return Finding("firmware", FindingLevel.OK, "unsuspected", camera, values)
    values |= {"why": " ".join(warning.why.split()), "source": warning.source}
    return Finding("firmware", FindingLevel.WARNING, warning.status, camera, values)

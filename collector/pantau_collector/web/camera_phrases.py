"""What the wall's cards and tiles both show of a camera."""

from collections.abc import Callable

from pantau_collector.fleet.view import CameraView
from pantau_collector.web.times import Times
from pantau_contract.states import State
from pantau_contract.words import Words


def cause_phrase(find: Callable[[str], str], cause: str) -> str:
    """Return a cause's phrase, or the bare cause where there is none, as for one of a newer collector."""
    try:
        return find(cause)
    except KeyError:
        return cause.replace("_", " ")


def picture_address(site: str, camera: CameraView) -> str | None:
    """Return the address of a camera's latest picture, or None if there is none.

    It is relative, so that the wall can be served under any path. Its time gives a new picture a new address.
    """
    return f"pictures/{site}/{camera.id}.jpg?t={camera.picture_ms}" if camera.picture_ms else None


def picture_caption(camera: CameraView, words: Words, times: Times) -> str:
    """Return when a camera's latest picture was taken, in words."""
    if not camera.picture_ms:
        return words("wall.no_picture")
    return words("wall.picture_at", time=times.clock(camera.picture_ms))


def hardware(camera: CameraView, words: Words) -> str:
    """Return vendor, model and firmware in one line; empty if nothing is known."""
    model = " ".join(part for part in (camera.vendor, camera.model) if part)
    firmware = words("wall.firmware", version=camera.firmware) if camera.firmware else ""
    return ", ".join(part for part in (model, firmware) if part)


def state_phrase(camera: CameraView, words: Words) -> str:
    """Return a camera's state; if none of its pictures is judged, also that, and why."""
    state = words.state(camera.state)
    if not is_unseen(camera):
        return state
    return words("wall.unseen", state=state, why=words.evidence(camera.picture_unseen))


def is_unseen(camera: CameraView) -> bool:
    """Return whether a camera streams, but none of its pictures is judged."""
    return bool(camera.picture_unseen) and camera.state in {State.OK, State.DEGRADED}

"""What is known of each camera's model and firmware: asked in the background, again each day, and kept on disk."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from pathlib import Path

import msgspec

from pantau_agent.clock import Clock
from pantau_agent.config import Camera
from pantau_agent.identity.ask import Ask, Asker, IdentityError, identify
from pantau_agent.identity.firmware import Identity, about, note_of, warning_of
from pantau_contract.messages import CameraAbout
from pantau_service import atomic_file

FILE = "identities.json"
AGAIN_S = 86_400.0
"""Firmware changes seldom, and a camera has better things to do."""
ROUND_S = 60.0
"""Between two looks at which cameras are due. The first comes so long after the start, when most are watched."""

_log = logging.getLogger(__name__)


class Identities:
    """Those of one site. The file is a convenience: where it cannot be read or written, cameras are asked anew."""

    def __init__(self, cameras: Sequence[Camera], file: Path, clock: Clock, ask: Ask = identify) -> None:
        self._cameras = cameras
        self._file = file
        self._clock = clock
        self._asker = Asker(clock, ask, again_s=AGAIN_S)
        self._known = _load(file)
        self._asked_s: dict[str, float] = {}

    def about(self, camera: Camera) -> CameraAbout:
        """What is told to the collector of a camera."""
        return about(camera, self._known.get(camera.id))

    async def changes(self, streams: Callable[[str], bool]) -> AsyncGenerator[None, None]:
        """Asks for ever; yields whenever something new is known.

        Only a camera that `streams` is asked, for that one takes the password: one that refuses it is left alone.
        """
        while True:
            await asyncio.sleep(ROUND_S)
            due = [camera for camera in self._cameras if self._is_due(camera) and streams(camera.id)]
            if [camera for camera in due if await self._learn(camera)]:
                _save(self._file, self._known)
                yield

    def _is_due(self, camera: Camera) -> bool:
        asked_s = self._asked_s.get(camera.id)
        return camera.enabled and (asked_s is None or self._clock.monotonic() - asked_s >= AGAIN_S)

    async def _learn(self, camera: Camera) -> bool:
        """Asks one camera; whether it says something new."""
        self._asked_s[camera.id] = self._clock.monotonic()
        try:
            identity = await self._asker.ask(camera)
        except IdentityError as error:
            _log.debug("camera %s does not tell its model and firmware: %s", camera.id, error)
            return False
        except Exception:  # noqa: BLE001 # what goes wrong here must not end the watch
            _log.exception(
                "asking camera %s for its firmware failed, and watching goes on. Please report this", camera.id
            )
            return False
        if self._known.get(camera.id) == identity:
            return False
        self._known[camera.id] = identity
        warning = note_of(warning_of(identity.vendor, identity.model, identity.firmware))
        level = logging.WARNING if warning else logging.INFO
        told = f"{identity.model}, firmware {identity.firmware}" + (f": {warning}" if warning else "")
        _log.log(level, "camera %s is a %s", camera.id, told)
        return True


def known_beside(spool: Path) -> dict[str, Identity]:
    """What the agent knew last, by camera; empty where it cannot be read."""
    return _load(spool.with_name(FILE))


def _load(file: Path) -> dict[str, Identity]:
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, Identity])
    except (OSError, msgspec.DecodeError):
        return {}


def _save(file: Path, known: dict[str, Identity]) -> None:
    with contextlib.suppress(OSError):
        atomic_file.write(file, msgspec.json.encode(known))

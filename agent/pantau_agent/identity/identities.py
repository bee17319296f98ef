"""The models and firmware of a site's cameras: asked in the background, again each day, and saved on disk."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from pathlib import Path

import msgspec

from pantau_agent.clock import Clock
from pantau_agent.config import Camera
from pantau_agent.identity.firmware import Identity, about, note_of, warning_of
from pantau_agent.identity.identify import CachedIdentify, Identify, IdentityError, SafeguardsOf, identify
from pantau_agent.sources.target import safeguards_of
from pantau_contract.messages import CameraAbout
from pantau_service import atomic_file

FILE = "identities.json"
"""The file's name, in the data directory."""
AGAIN_S = 86_400.0
"""Seconds after which a camera is asked again: firmware changes seldom, and each question is a login."""
ROUND_S = 60.0
"""Seconds between two checks for cameras that are due. The first follows the start, when most are watched."""

_log = logging.getLogger(__name__)


class Identities:
    """The identities of one site's cameras. If the file cannot be read or written, cameras are asked again."""

    def __init__(
        self,
        cameras: Sequence[Camera],
        file: Path,
        clock: Clock,
        identify: Identify = identify,
        *,
        safeguards: SafeguardsOf = safeguards_of,
    ) -> None:
        self._cameras = cameras
        self._file = file
        self._clock = clock
        self._cached = CachedIdentify(clock, identify, safeguards=safeguards, max_age_s=AGAIN_S)
        self._by_camera = _load(file)
        self._asked_s: dict[str, float] = {}

    def about(self, camera: Camera) -> CameraAbout:
        """Return what the collector is sent about a camera."""
        return about(camera, self._by_camera.get(camera.id))

    async def changes(self, streams: Callable[[str], bool]) -> AsyncGenerator[None, None]:
        """Ask for ever, and yield whenever there is something new.

        Only cameras for which `streams` is true are asked, because those accept the password: a camera that
        refuses it is left alone.
        """
        while True:
            await asyncio.sleep(ROUND_S)
            due = [camera for camera in self._cameras if self._is_due(camera) and streams(camera.id)]
            if [camera for camera in due if await self._ask(camera)]:
                _save(self._file, self._by_camera)
                yield

    def _is_due(self, camera: Camera) -> bool:
        asked_s = self._asked_s.get(camera.id)
        return camera.enabled and (asked_s is None or self._clock.monotonic() - asked_s >= AGAIN_S)

    async def _ask(self, camera: Camera) -> bool:
        """Ask one camera, and return whether its identity is new."""
        self._asked_s[camera.id] = self._clock.monotonic()
        try:
            identity = await self._cached.identify(camera)
        except IdentityError as error:
            _log.debug("camera %s does not state its model and firmware: %s", camera.id, error)
            return False
        except Exception:  # noqa: BLE001 # a bug here must not end the watch
            _log.exception(
                "asking camera %s for its firmware failed, and watching goes on. Please report this", camera.id
            )
            return False
        if self._by_camera.get(camera.id) == identity:
            return False
        self._by_camera[camera.id] = identity
        warning = note_of(warning_of(identity.vendor, identity.model, identity.firmware))
        level = logging.WARNING if warning else logging.INFO
        text = f"{identity.model}, firmware {identity.firmware}" + (f": {warning}" if warning else "")
        _log.log(level, "camera %s is a %s", camera.id, text)
        return True


def saved_identities(spool: Path) -> dict[str, Identity]:
    """Return the identities that an agent with that spool has saved, by camera; empty if they cannot be read."""
    return _load(spool.with_name(FILE))


def _load(file: Path) -> dict[str, Identity]:
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, Identity])
    except (OSError, msgspec.DecodeError):
        return {}


def _save(file: Path, identities: dict[str, Identity]) -> None:
    with contextlib.suppress(OSError):
        atomic_file.write(file, msgspec.json.encode(identities))

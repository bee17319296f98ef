"""What must outlive a restart of the agent: what was learnt of each camera, and which ones refused the password.

One JSON file for all cameras. A new one takes the place of the one before, so that it is whole at any instant.
"""

import asyncio
import hashlib
import logging
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct, field

from pantau_agent.assessment.baseline import Baseline
from pantau_agent.config import Camera
from pantau_agent.streams.failure import Failure
from pantau_service import atomic_file

FILE = "cameras.json"
VERSION = 1
EVERY_S = 600.0
"""What was learnt is written so often; a refusal within `LOOK_S`."""
LOOK_S = 1.0
HOLD_S = 30 * 60.0
"""After a refused password: cameras lock accounts, and a locked one stays so for about as long."""

_log = logging.getLogger(__name__)


class Refusal(Struct, frozen=True):
    """The camera refused us, so many times in a row. It is left alone until `until_ms` (UTC)."""

    failure: Failure
    until_ms: int
    times: Annotated[int, Meta(ge=1)] = 1

    def left_s(self, now_ms: int) -> float:
        """Seconds that it is to be left alone yet; never more than the rule has, whatever the clocks say."""
        return min(HOLD_S, max(0.0, (self.until_ms - now_ms) / 1000))


class CameraMemory(Struct):
    """One camera's. `trusted` tells that it has taken the password before.

    `stream` and `login` are digests of the configuration of which `learnt`, and the rest, are true.
    """

    stream: str = ""
    login: str = ""
    learnt: Baseline = Baseline()
    trusted: bool = False
    refusal: Refusal | None = None


class _Content(Struct):
    version: int
    salt: str
    cameras: dict[str, CameraMemory] = field(default_factory=dict)


class CameraMemories:
    """All cameras' pages. Where the file is damaged all is learnt anew, and that is said in the log."""

    def __init__(self, cameras: Sequence[Camera], file: Path) -> None:
        self._file = file
        before = _load(file)
        self._content = _Content(VERSION, before.salt)
        for camera in cameras:
            self._content.cameras[camera.id] = _carried_over(before.cameras.get(camera.id), camera, before.salt)
        self._urgent: list[object] = []
        self._failing = False

    def page(self, camera: str) -> CameraMemory:
        """A camera's page, to be read and written; `keep` sees what changes."""
        return self._content.cameras[camera]

    async def keep(self) -> None:
        """Writes for ever, whenever it is worth it."""
        self._urgent, age_s = self._refusals(), 0.0
        while True:
            await asyncio.sleep(LOOK_S)
            age_s += LOOK_S
            urgent = self._refusals()
            if urgent != self._urgent or age_s >= EVERY_S:
                self._urgent, age_s = urgent, 0.0
                await asyncio.to_thread(self._write, msgspec.json.encode(self._content))

    def save(self) -> None:
        """Writes at once: for the end."""
        self._write(msgspec.json.encode(self._content))

    def _refusals(self) -> list[object]:
        return [(page.trusted, page.refusal) for page in self._content.cameras.values()]

    def _write(self, content: bytes) -> None:
        try:
            atomic_file.write(self._file, content, mode=0o600)
        except OSError as error:
            if not self._failing:
                _log.warning("%s: what is learnt of the cameras cannot be kept: %s", self._file, error.strerror)
            self._failing = True
        else:
            self._failing = False


def _load(file: Path) -> _Content:
    try:
        content = msgspec.json.decode(file.read_bytes(), type=_Content)
    except FileNotFoundError:
        return _Content(VERSION, secrets.token_hex())
    except (OSError, msgspec.DecodeError) as error:
        said = f"is damaged ({error})"
    else:
        if content.version == VERSION:
            return content
        said = f"is of version {content.version}, and this program reads {VERSION}"
    _log.warning("%s %s: what is usual for each camera is learnt anew, which takes a day", file, said)
    return _Content(VERSION, secrets.token_hex())


def _carried_over(page: CameraMemory | None, camera: Camera, salt: str) -> CameraMemory:
    """What of the page is true of the camera as it is configured now."""
    password = camera.password.get_secret_value() if camera.password is not None else None
    fresh = CameraMemory(_digest(salt, camera.url), _digest(salt, camera.url, camera.user, password))
    if page is not None and page.stream == fresh.stream:
        fresh.learnt = page.learnt
    if page is not None and page.login == fresh.login:
        fresh.trusted, fresh.refusal = page.trusted, page.refusal
    return fresh


def _digest(salt: str, *parts: str | None) -> str:
    """Tells whether something was changed, and no more: the password cannot be had from it."""
    return hashlib.blake2b(repr(parts).encode(), key=salt.encode()[:64], digest_size=16).hexdigest()

"""The camera memory: what must outlive a restart of the agent, such as baselines and refused passwords.

It is one JSON file for all cameras. A new file replaces the old one at once, so it is complete at any instant.
"""

import asyncio
import logging
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct, field

from pantau_agent.assessment.acceptances import FOLDER, Acceptance, Acceptances
from pantau_agent.assessment.baseline import Baseline
from pantau_agent.assessment.digests import Digests
from pantau_agent.config import Camera
from pantau_agent.streams import url as stream_url
from pantau_agent.streams.failure import Failure
from pantau_agent.streams.keep_alive import KeepAlive
from pantau_agent.streams.safeguards import Remembered
from pantau_service import atomic_file

FILE = "cameras.json"
"""Name of the file in the agent's data directory."""
VERSION = 1
"""Version of the file's format."""
SAVE_INTERVAL_S = 3600.0
"""Seconds between two writes of the baselines."""
CHECK_INTERVAL_S = 1.0
"""Seconds between two checks for a new refusal, which is written without waiting for `SAVE_INTERVAL_S`."""
HOLD_S = 30 * 60.0
"""Seconds without a login after a refused password: cameras lock accounts, and unlock them after about as long."""

_log = logging.getLogger(__name__)


class Refusal(Struct, frozen=True):
    """A refusal of our login, the `times`-th in a row. The camera is left alone until `until_ms` (UTC)."""

    failure: Failure
    until_ms: int
    times: Annotated[int, Meta(ge=1)] = 1

    def remaining_s(self, now_ms: int) -> float:
        """Return the seconds for which to leave the camera alone, at most `HOLD_S` whatever the clocks say."""
        return min(HOLD_S, max(0.0, (self.until_ms - now_ms) / 1000))


class CameraMemory(Struct):
    """What is remembered of one camera. `trusted` is set once it has accepted the password.

    `keep_alive` is what is known about keeping its sessions alive, `proof` is what it has shown of itself: how
    it lets us in, and its certificates.

    `stream` and `login` are digests of the configuration for which `baseline` and `keep_alive`, and the rest, are
    valid.
    """

    stream: str = ""
    login: str = ""
    baseline: Baseline = field(default=Baseline(), name="learnt")
    trusted: bool = False
    refusal: Refusal | None = None
    keep_alive: KeepAlive = field(default_factory=KeepAlive)
    proof: Remembered = field(default_factory=Remembered)


class _Content(Struct):
    version: int
    salt: str
    cameras: dict[str, CameraMemory] = field(default_factory=dict)


class CameraMemories:
    """The memories of all cameras. If the file is damaged, everything is learned again, and a warning logged."""

    def __init__(self, cameras: Sequence[Camera], file: Path) -> None:
        self._file = file
        loaded = _load(file)
        self._content = _Content(VERSION, loaded.salt)
        digests = Digests(loaded.salt)
        for camera in cameras:
            self._content.cameras[camera.id] = _carried_over(loaded.cameras.get(camera.id), camera, digests)
        self._has_fast_digests = any(digests.is_fast(memory.login) for memory in loaded.cameras.values())
        self._acceptances = Acceptances(file.with_name(FOLDER))
        self._saved_logins: list[object] = []
        self._failing = False

    def of(self, camera: str) -> CameraMemory:
        """Return a camera's memory, to read and to change; `save_periodically` notices the changes."""
        return self._content.cameras[camera]

    async def save_periodically(self) -> None:
        """Write the file every `SAVE_INTERVAL_S`, and soon after a login was accepted or refused.

        What commands accept meanwhile is taken over. Never returns.
        """
        self._saved_logins, age_s = self._logins(), 0.0
        if self._has_fast_digests:
            self.save()
        while True:
            self._take_over_acceptances()
            await asyncio.sleep(CHECK_INTERVAL_S)
            age_s += CHECK_INTERVAL_S
            logins = self._logins()
            if logins != self._saved_logins or age_s >= SAVE_INTERVAL_S:
                self._saved_logins, age_s = logins, 0.0
                await asyncio.to_thread(self._write, msgspec.json.encode(self._content))

    def save(self) -> None:
        """Write the file now."""
        self._write(msgspec.json.encode(self._content))

    def _take_over_acceptances(self) -> None:
        for camera, acceptance in self._acceptances.take():
            if (memory := self._content.cameras.get(camera)) is not None:
                _take_over(acceptance, memory)
                _log.info("camera %s: accepted by a command: %s", camera, acceptance)
                self.save()

    def _logins(self) -> list[object]:
        return [
            (
                *(memory.trusted, memory.refusal, memory.keep_alive.method, memory.keep_alive.proven),
                *(dict(memory.proof.digests), dict(memory.proof.certificates)),
            )
            for memory in self._content.cameras.values()
        ]

    def _write(self, content: bytes) -> None:
        try:
            atomic_file.write(self._file, content, mode=0o600)
        except OSError as error:
            if not self._failing:
                _log.warning("%s: what is learnt of the cameras cannot be kept: %s", self._file, error.strerror)
            self._failing = True
        else:
            self._failing = False


def remembered(file: Path, cameras: Sequence[Camera]) -> dict[str, Remembered]:
    """Return what the agent remembers of cameras' logins and certificates; empty if that cannot be read."""
    try:
        content = msgspec.json.decode(file.read_bytes(), type=_Content)
    except (OSError, msgspec.DecodeError):
        return {}
    digests = Digests(content.salt)
    return {camera.id: _carried_over(content.cameras.get(camera.id), camera, digests).proof for camera in cameras}


def _take_over(acceptance: Acceptance, memory: CameraMemory) -> None:
    memory.proof.certificates.update(acceptance.certificates)
    if acceptance.weaker_login:
        memory.proof.digests.clear()


def _load(file: Path) -> _Content:
    try:
        content = msgspec.json.decode(file.read_bytes(), type=_Content)
    except FileNotFoundError:
        return _Content(VERSION, secrets.token_hex())
    except (OSError, msgspec.DecodeError) as error:
        problem = f"is damaged ({error})"
    else:
        if content.version == VERSION:
            return content
        problem = f"is of version {content.version}, and this program reads {VERSION}"
    _log.warning("%s %s: what is usual for each camera is learnt again, which takes a day", file, problem)
    return _Content(VERSION, secrets.token_hex())


def _carried_over(memory: CameraMemory | None, camera: Camera, digests: Digests) -> CameraMemory:
    """Return what of the memory is valid for the camera as it is configured now."""
    password = camera.password.get_secret_value() if camera.password is not None else None
    permission = ("allow_basic",) if camera.allow_basic else ()  # whoever permits it has looked at the camera
    login = camera.url, camera.user, password, *permission
    fresh = CameraMemory(digests.of(camera.url), digests.of_login(password, *login))
    if memory is None:
        return fresh
    if memory.stream == fresh.stream:
        fresh.baseline, fresh.keep_alive = memory.baseline, memory.keep_alive
    if memory.login in {fresh.login, digests.of(*login)}:
        fresh.trusted, fresh.refusal, fresh.proof.digests = memory.trusted, memory.refusal, memory.proof.digests
    host = stream_url.parse(camera.url or "").host
    fresh.proof.certificates = {
        at: fingerprint for at, fingerprint in memory.proof.certificates.items() if at.rpartition(":")[0] == host
    }
    return fresh

"""What a person accepts of a camera, handed from a command to the running agent as a small file.

The agent alone writes the camera memory. A command leaves a file; the agent takes it over within a second, or at
its next start, and removes it.
"""

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from pantau_service import atomic_file

FOLDER = "accepted"
"""Name of the directory, in the agent's data directory."""
MAX_BYTES = 4096
"""Bytes of the largest file that is read."""
_SUFFIX = ".json"

_log = logging.getLogger(__name__)


class Acceptance(Struct, frozen=True):
    """New `certificates` of a camera, by `host:port`; with `weaker_login`, a weaker login than before will do."""

    certificates: dict[str, str] = {}
    weaker_login: bool = False


class Acceptances:
    """The acceptances in one directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def submit(self, camera: str, acceptance: Acceptance) -> None:
        """Leave an acceptance for the agent.

        Raises:
            OSError: the directory cannot be written.
        """
        self._directory.mkdir(mode=0o700, exist_ok=True)
        kind = "login" if acceptance.weaker_login else "certificate"
        content = msgspec.json.encode(acceptance)
        atomic_file.write(self._directory / f"{camera}.{kind}{_SUFFIX}", content, mode=0o600)

    def take(self) -> Iterator[tuple[str, Acceptance]]:
        """Yield each acceptance with its camera, and remove it when the next one is asked for."""
        try:
            paths = sorted(self._directory.iterdir())
        except OSError:
            return
        for path in paths:
            if path.suffix != _SUFFIX:
                continue
            try:
                with path.open("rb") as file:
                    acceptance = msgspec.json.decode(file.read(MAX_BYTES), type=Acceptance)
            except (OSError, msgspec.DecodeError) as error:
                _log.warning("%s cannot be used: %s", path, error)
            else:
                yield path.name.partition(".")[0], acceptance
            with contextlib.suppress(OSError):
                path.unlink()

"""The last snapshots as files: each camera's newest, and its newest that was taken in state `ok`.

A file is replaced whole, never changed. Its time of change is when the picture was taken.
"""

import contextlib
import os
import threading
from collections.abc import Callable
from pathlib import Path

from pantau_contract.errors import ContractError
from pantau_contract.snapshot import SnapshotMetadata
from pantau_contract.states import State

MAX_CAMERAS_OF_SITE = 1024
"""More of one site are not cameras, but an error that would fill the disk."""

_LATEST = "latest.jpg"
_LATEST_GOOD = "latest_good.jpg"
_FUTURE_MS = 5 * 60 * 1000


class PictureFiles:
    """PictureFiles under `directory/{site}/{camera}/`. One thread puts; any may read."""

    def __init__(self, directory: Path, *, time_ms: Callable[[], int]) -> None:
        self._directory = directory
        self._time_ms = time_ms
        self._putting = threading.Lock()
        self.stored = 0
        """PictureFiles put since the start."""
        self.late = 0
        """PictureFiles not put, since a newer one was there."""

    def put(self, about: SnapshotMetadata, jpeg: bytes) -> bool:
        """Keeps a picture where no newer one is there; whether it did.

        A picture from the future (the agent's clock is wrong) counts as taken now, lest it stay for ever.
        PictureFiles are not synchronised to the disk: a loss of power may cost the newest, and the next comes in
        minutes.

        Raises:
            ContractError: the site has too many cameras.
            OSError: it could not be written.
        """
        now = self._time_ms()
        taken_ms = now if about.time > now + _FUTURE_MS else about.time
        names = [_LATEST, _LATEST_GOOD] if about.state is State.OK else [_LATEST]
        with self._putting:
            folder = self._folder(about.site, about.camera)
            names = [name for name in names if taken_ms >= _taken_ms(folder / name)]
            if not names:
                self.late += 1
                return False
            new = folder / "new"
            new.unlink(missing_ok=True)
            new.write_bytes(jpeg)
            os.utime(new, ns=(taken_ms * 1_000_000, taken_ms * 1_000_000))
            for name in names:
                link = folder / "link"
                link.unlink(missing_ok=True)
                link.hardlink_to(new)
                link.replace(folder / name)
            new.unlink()
        return True

    def latest(self, site: str, camera: str) -> Path | None:
        """The file of a camera's newest picture, or None."""
        return self._found(site, camera, _LATEST)

    def latest_good(self, site: str, camera: str) -> Path | None:
        """The file of a camera's newest picture that was taken in state `ok`, or None."""
        return self._found(site, camera, _LATEST_GOOD)

    def taken_ms(self, site: str, camera: str) -> int:
        """When a camera's newest picture was taken (UTC, milliseconds); 0 if there is none."""
        return _taken_ms(self._directory / site / camera / _LATEST)

    def _found(self, site: str, camera: str, name: str) -> Path | None:
        path = self._directory / site / camera / name
        return path if path.exists() else None

    def _folder(self, site: str, camera: str) -> Path:
        folder = self._directory / site / camera
        if not folder.exists():
            with contextlib.suppress(FileNotFoundError):
                if sum(1 for _ in folder.parent.iterdir()) >= MAX_CAMERAS_OF_SITE:
                    raise ContractError(f"site {site} already has pictures of {MAX_CAMERAS_OF_SITE} cameras")
            folder.mkdir(parents=True, exist_ok=True)
        return folder


def _taken_ms(path: Path) -> int:
    with contextlib.suppress(FileNotFoundError):
        return path.stat().st_mtime_ns // 1_000_000
    return 0

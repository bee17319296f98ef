"""Keeps snapshots as files: each camera's newest, and its newest that was taken in state `ok`.

A file is replaced as a whole, never changed. Its modification time is when the picture was taken.
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
"""Cameras of a site at most; more of them are an error that would fill the disk."""

_LATEST = "latest.jpg"
_LATEST_GOOD = "latest_good.jpg"
_FUTURE_MS = 5 * 60 * 1000
"""Milliseconds by which a picture's time may lie in the future before it is not believed."""


class PictureFiles:
    """Pictures under `directory/{site}/{camera}/`. One thread writes them; any thread may read them."""

    def __init__(self, directory: Path, *, time_ms: Callable[[], int]) -> None:
        self._directory = directory
        self._time_ms = time_ms
        self._writing = threading.Lock()
        self.late = 0
        """Pictures that were not kept, because a newer one existed."""

    def put(self, about: SnapshotMetadata, jpeg: bytes) -> bool:
        """Keep a picture unless a newer one exists, and return True if it was kept.

        A picture from the future (the agent's clock is wrong) counts as taken now, so that it does not stay for
        ever. Pictures are not synchronised to the disk: a loss of power may cost the newest, and the camera's next
        one comes within minutes.

        Raises:
            ContractError: the site has too many cameras.
            OSError: the picture could not be written.
        """
        now = self._time_ms()
        taken_ms = now if about.time > now + _FUTURE_MS else about.time
        names = [_LATEST, _LATEST_GOOD] if about.state is State.OK else [_LATEST]
        with self._writing:
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
        """Return the file of a camera's newest picture, or None."""
        return self._existing(site, camera, _LATEST)

    def latest_good(self, site: str, camera: str) -> Path | None:
        """Return the file of a camera's newest picture that was taken in state `ok`, or None."""
        return self._existing(site, camera, _LATEST_GOOD)

    def taken_ms(self, site: str, camera: str) -> int:
        """Return when a camera's newest picture was taken (UTC ms), or 0 if there is none."""
        return _taken_ms(self._directory / site / camera / _LATEST)

    def _existing(self, site: str, camera: str, name: str) -> Path | None:
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

"""Films that were made on a page: kept for a while, so that the next one who looks waits for nothing."""

import contextlib
import hashlib
from collections.abc import Iterable
from pathlib import Path

import msgspec

from pantau_collector.pictures import CameraKey
from pantau_collector.timelapse.choose import Moment

MAX_FILMS = 30
"""Films that are kept at most; the oldest go."""
_SEPARATOR = "--"


class FilmCache:
    """Films in a folder, each of one camera. Every one can be made again, so no backup has them."""

    def __init__(self, directory: Path) -> None:
        """Prepare; nothing needs to be there yet."""
        self._directory = directory

    @staticmethod
    def key(title: str, moments: list[Moment]) -> str:
        """Return by what a film is found again: another picture in it makes it another one."""
        return hashlib.blake2b(msgspec.json.encode((title, moments)), digest_size=12).hexdigest()

    def path(self, camera: CameraKey, key: str) -> Path:
        """Return where a film is, or would be."""
        return self._directory / f"{_SEPARATOR.join((*camera, key))}.mp4"

    def make_room(self) -> None:
        """Make the folder, and remove the oldest films until there is room for one more.

        Raises:
            OSError: the folder cannot be made, or a film not be removed.
        """
        self._directory.mkdir(parents=True, exist_ok=True)
        films = sorted(self._directory.glob("*.mp4"), key=lambda path: path.stat().st_mtime)
        for path in films[: max(0, len(films) - MAX_FILMS + 1)]:
            path.unlink(missing_ok=True)

    def remove(self, cameras: Iterable[CameraKey]) -> None:
        """Remove the films of cameras that are no more.

        Raises:
            OSError: not all of them could be removed.
        """
        for camera in cameras:
            with contextlib.suppress(FileNotFoundError):
                for path in self._directory.glob(f"{_SEPARATOR.join(camera)}{_SEPARATOR}*.mp4"):
                    path.unlink(missing_ok=True)

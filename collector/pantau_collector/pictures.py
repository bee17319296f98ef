"""Keeps snapshots as files: each camera's newest, and its newest that was taken in state `ok`.

A file is replaced as a whole, never changed. Its modification time is when the picture was taken. All pictures
together may have a share of the disk that is free, and each site a share of that: beyond it the oldest are
removed.
"""

import contextlib
import os
import shutil
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from msgspec import Struct

from pantau_collector.jpeg import only_picture
from pantau_contract.errors import ContractError
from pantau_contract.snapshot import SnapshotMetadata, stamp
from pantau_contract.states import State

MAX_CAMERAS_OF_SITE = 1024
"""Cameras of a site at most; more of them are an error that would fill the disk."""
DISK_SHARE = 0.1
"""Share of the free disk that all pictures may have; what they have already counts as free."""
SITE_SHARE = 0.05
"""Share of that which one site may have."""
MAX_OF_SITE = 256_000_000
"""Bytes of one site's pictures at most, however large the disk is."""

_BLOCK = 4096
"""Bytes of the disk that the smallest file takes."""
CameraKey = tuple[str, str]
"""Site and camera."""

_LATEST = "latest.jpg"
_LATEST_GOOD = "latest_good.jpg"
_FUTURE_MS = 5 * 60 * 1000
"""Milliseconds by which a picture's time may lie in the future before it is not believed."""


class _Kept(Struct):
    """A file: when its picture was taken, and its size."""

    taken_ms: int
    size: int


class _Camera(Struct):
    """The files of one camera; `good` is the same one as `latest` while the camera is well."""

    latest: _Kept | None = None
    good: _Kept | None = None

    @property
    def has_older_good(self) -> bool:
        """True if the good picture is a file of its own."""
        return self.good is not None and self.good is not self.latest

    @property
    def bytes(self) -> int:
        """The size of its files."""
        files = {id(each): each.size for each in (self.latest, self.good) if each is not None}
        return sum(files.values())

    @property
    def oldest_ms(self) -> float:
        """When its oldest picture was taken (UTC ms)."""
        return min((each.taken_ms for each in (self.latest, self.good) if each is not None), default=float("inf"))


class PictureFiles:
    """Pictures under `directory/{site}/{camera}/`. One thread puts them; any thread may read and remove them."""

    def __init__(
        self,
        directory: Path,
        *,
        time_ms: Callable[[], int],
        free_bytes: Callable[[], int] | None = None,
    ) -> None:
        """Look at what is there; `free_bytes` returns how much of the disk is free."""
        self._directory = directory
        self._time_ms = time_ms
        self._free_bytes = free_bytes or self._free_disk
        self._writing = threading.Lock()
        self._sites: dict[str, dict[str, _Camera]] = _find(directory)
        self._bytes = {site: sum(each.bytes for each in cameras.values()) for site, cameras in self._sites.items()}
        self.late = 0
        """Pictures that were not kept, because a newer one existed."""
        self.removed = 0
        """Pictures that were removed because there was no room for all, or not kept for that."""

    @property
    def total_bytes(self) -> int:
        """The size of all pictures."""
        return sum(self._bytes.values())

    def put(self, about: SnapshotMetadata, jpeg: bytes) -> bool:
        """Keep a picture unless a newer one exists, and return True if it was kept.

        Only what shows the picture is kept of it, with a stamp of our own. A picture from the future (the
        agent's clock is wrong) counts as taken now, so that it does not stay for ever. Pictures are not
        synchronised to the disk: a loss of power may cost the newest, and the camera's next one comes within
        minutes.

        Raises:
            ContractError: it is not a JPEG, or the site has too many cameras.
            OSError: the picture could not be written.
        """
        picture = stamp(only_picture(jpeg), about)
        now = self._time_ms()
        taken_ms = now if about.time > now + _FUTURE_MS else about.time
        names = [_LATEST, _LATEST_GOOD] if about.state is State.OK else [_LATEST]
        with self._writing:
            cameras = self._sites.get(about.site, {})
            if about.camera not in cameras and len(cameras) >= MAX_CAMERAS_OF_SITE:
                raise ContractError(f"site {about.site} already has pictures of {MAX_CAMERAS_OF_SITE} cameras")
            camera = cameras.get(about.camera, _Camera())
            names = [name for name in names if taken_ms >= _taken_ms(camera, name)]
            if not names:
                self.late += 1
                return False
            kept = _Kept(taken_ms, -(-len(picture) // _BLOCK) * _BLOCK)
            new = _Camera(
                kept if _LATEST in names else camera.latest, kept if _LATEST_GOOD in names else camera.good
            )
            if not self._make_room(about.site, about.camera, new.bytes):
                self.removed += 1
                return False
            self._write(self._directory / about.site / about.camera, names, picture, taken_ms)
            self._sites.setdefault(about.site, {})[about.camera] = new
            self._count(about.site)
        return True

    def latest(self, site: str, camera: str) -> Path | None:
        """Return the file of a camera's newest picture, or None."""
        return self._existing(site, camera, _LATEST)

    def latest_good(self, site: str, camera: str) -> Path | None:
        """Return the file of a camera's newest picture that was taken in state `ok`, or None."""
        return self._existing(site, camera, _LATEST_GOOD)

    def taken_ms(self, site: str, camera: str) -> int:
        """Return when a camera's newest picture was taken (UTC ms), or 0 if there is none."""
        known = self._sites.get(site, {}).get(camera)
        return _taken_ms(known, _LATEST) if known else 0

    def good_taken_ms(self, site: str, camera: str) -> int:
        """Return when a camera's newest picture in state `ok` was taken (UTC ms), or 0 if there is none."""
        known = self._sites.get(site, {}).get(camera)
        return _taken_ms(known, _LATEST_GOOD) if known else 0

    def cameras(self) -> set[CameraKey]:
        """Return every camera of which there is a picture."""
        with self._writing:
            return {(site, camera) for site, cameras in self._sites.items() for camera in cameras}

    def remove(self, cameras: Iterable[CameraKey]) -> None:
        """Remove the pictures of cameras that are no more.

        Raises:
            OSError: not all of them could be removed.
        """
        with self._writing:
            for site, camera in cameras:
                self._remove_file(site, camera, _LATEST)
                self._remove_file(site, camera, _LATEST_GOOD)

    def remove_old(self, before_ms: int) -> int:
        """Remove pictures that were taken before a time (UTC ms), and those for which there is no room any more.

        Return how many were too old.

        Raises:
            OSError: not all of them could be removed.
        """
        count = 0
        with self._writing:
            for site, cameras in list(self._sites.items()):
                for camera, files in list(cameras.items()):
                    for name in (_LATEST_GOOD, _LATEST):
                        if 0 < _taken_ms(files, name) < before_ms:
                            self._remove_file(site, camera, name)
                            count += 1
            self._trim(self._limit())
        return count

    def _make_room(self, site: str, camera: str, size: int) -> bool:
        """Make room for the files of a camera, of this size in all; return False if there is none for them.

        The oldest pictures of the site are removed first, then the oldest of whichever site has most.
        """
        limit = self._limit()
        share = min(limit * SITE_SHARE, MAX_OF_SITE)
        known = self._sites.get(site, {}).get(camera, _Camera()).bytes
        if size > share:
            return False
        while self._bytes.get(site, 0) - known + size > share:
            self._remove_oldest(site, but=camera)
        self._trim(limit + known - size, but=(site, camera))
        return True

    def _trim(self, limit: float, *, but: CameraKey = ("", "")) -> None:
        while self.total_bytes > limit:
            sites = [site for site, cameras in self._sites.items() if site != but[0] or len(cameras) > 1]
            if not sites:
                return
            largest = max(sites, key=lambda site: self._bytes[site])
            self._remove_oldest(largest, but=but[1] if largest == but[0] else "")

    def _remove_oldest(self, site: str, *, but: str = "") -> None:
        """Remove a site's oldest picture, not of the camera `but`."""
        cameras = {name: files for name, files in self._sites[site].items() if name != but}
        oldest = min(cameras, key=lambda name: cameras[name].oldest_ms)
        files = cameras[oldest]
        names = [_LATEST_GOOD] if files.has_older_good else [_LATEST_GOOD, _LATEST]
        for name in names:
            self._remove_file(site, oldest, name)
        self.removed += 1

    def _remove_file(self, site: str, camera: str, name: str) -> None:
        folder = self._directory / site / camera
        (folder / name).unlink(missing_ok=True)
        files = self._sites.get(site, {}).get(camera)
        if files is None:
            return
        if name == _LATEST:
            files.latest = None
        else:
            files.good = None
        if files.latest is None and files.good is None:
            del self._sites[site][camera]
            for each in (folder, folder.parent):
                with contextlib.suppress(OSError):  # it may hold something else
                    each.rmdir()
        self._count(site)

    def _count(self, site: str) -> None:
        self._bytes[site] = sum(each.bytes for each in self._sites[site].values())
        if not self._sites[site]:
            del self._sites[site], self._bytes[site]

    @staticmethod
    def _write(folder: Path, names: Iterable[str], picture: bytes, taken_ms: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        new = folder / "new"
        new.unlink(missing_ok=True)
        new.write_bytes(picture)
        os.utime(new, ns=(taken_ms * 1_000_000, taken_ms * 1_000_000))
        for name in names:
            link = folder / "link"
            link.unlink(missing_ok=True)
            link.hardlink_to(new)
            link.replace(folder / name)
        new.unlink()

    def _existing(self, site: str, camera: str, name: str) -> Path | None:
        path = self._directory / site / camera / name
        return path if path.exists() else None

    def _limit(self) -> float:
        return (self._free_bytes() + self.total_bytes) * DISK_SHARE

    def _free_disk(self) -> int:
        existing = next(each for each in (self._directory, *self._directory.parents) if each.exists())
        return shutil.disk_usage(existing).free


def _taken_ms(camera: _Camera, name: str) -> int:
    kept = camera.latest if name == _LATEST else camera.good
    return kept.taken_ms if kept else 0


def _find(directory: Path) -> dict[str, dict[str, _Camera]]:
    """Return what is there: site, camera, and its files."""
    sites: dict[str, dict[str, _Camera]] = {}
    for folder in directory.glob("*/*/"):
        kept: dict[str, tuple[int, _Kept]] = {}
        for name in (_LATEST, _LATEST_GOOD):
            with contextlib.suppress(FileNotFoundError):
                about = (folder / name).stat()
                kept[name] = (
                    about.st_ino,
                    _Kept(about.st_mtime_ns // 1_000_000, -(-about.st_size // _BLOCK) * _BLOCK),
                )
        latest, good = kept.get(_LATEST), kept.get(_LATEST_GOOD)
        if latest and good and latest[0] == good[0]:
            good = latest
        if latest or good:
            camera = _Camera(latest[1] if latest else None, good[1] if good else None)
            sites.setdefault(folder.parent.name, {})[folder.name] = camera
    return sites

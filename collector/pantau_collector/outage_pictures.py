"""Keeps pictures of outages as files: of a camera, the last good one before it, and the first good one after it.

A snapshot is replaced by the next one; these stay, for the report of the month and for a claim. They are bounded
in number, size and age, and go when their camera goes, as snapshots do.
"""

import contextlib
import os
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from pantau_collector.pictures import CameraKey
from pantau_contract.errors import ContractError
from pantau_contract.snapshot import MAX_SNAPSHOT, read_stamp

DISK_SHARE = 0.05
"""Share of the free disk that they may have, if that is below `max_mb`; what they have already counts as free."""


class OutagePictureRules(BaseModel):
    """The configuration's table `outage_pictures`: how many pictures of outages are kept, and how long."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    keep_days: Annotated[int, Field(ge=1, le=3650)] = 62
    """Days for which a picture is kept after it was taken: the month, and one more to settle it."""
    cameras_of_outage: Annotated[int, Field(ge=0, le=100)] = 4
    """Cameras of one outage of which pictures are kept, at most; 0 keeps none."""
    max_mb: Annotated[float, Field(gt=0, le=1_000_000)] = 1000
    """10^6 bytes of all of them at most; beyond it the oldest go, first of the site that has most."""


class Moment(StrEnum):
    """Which picture of an outage it is. The values name the files."""

    BEFORE = "before"
    """The last one from when all was well."""
    AFTER = "after"
    """The first one from when all was well again."""


class OutagePicture(NamedTuple):
    """A picture and when it was taken (UTC ms)."""

    jpeg: bytes
    taken_ms: int


class _Kept(NamedTuple):
    """A file: its outage, its camera, which one it is."""

    incident: int
    site: str
    camera: str
    moment: Moment

    @property
    def path(self) -> Path:
        return Path(str(self.incident), self.site, self.camera, f"{self.moment}.jpg")


class _File(NamedTuple):
    taken_ms: int
    size: int


class OutagePictures:
    """Pictures under `directory/{incident}/{site}/{camera}/`. Any thread, and any process, may read them.

    One process keeps and removes them; a folder that another one has deleted is noticed at the next `remove_old`.
    """

    def __init__(
        self, directory: Path, rules: OutagePictureRules, *, free_bytes: Callable[[], int] | None = None
    ) -> None:
        """Prepare; nothing is created or read yet. `free_bytes` returns how much of the disk is free."""
        self._directory = directory
        self.rules = rules
        self._free_bytes = free_bytes or self._free_disk
        self._lock = threading.Lock()
        self._files: dict[_Kept, _File] | None = None
        self._counts: Counter[tuple[int, Moment]] = Counter()

    def keep(self, incident: int, moment: Moment, site: str, camera: str, picture: OutagePicture) -> bool:
        """Keep a picture of an outage; return False if there is no room for it.

        Raises:
            OSError: it could not be written.
        """
        kept = _Kept(incident, site, camera, moment)
        with self._lock:
            files = self._known()
            limit = self._limit()
            if len(picture.jpeg) > limit:
                return False
            path = self._directory / kept.path
            path.parent.mkdir(parents=True, exist_ok=True)
            new = path.with_suffix(".new")
            new.write_bytes(picture.jpeg)
            os.utime(new, ns=(picture.taken_ms * 1_000_000, picture.taken_ms * 1_000_000))
            new.replace(path)
            self._counts[incident, moment] += kept not in files
            files[kept] = _File(picture.taken_ms, len(picture.jpeg))
            self._trim(limit)
            return kept in files

    def has(self, incident: int, moment: Moment, site: str, camera: str) -> bool:
        """Return True if there is such a picture."""
        with self._lock:
            return _Kept(incident, site, camera, moment) in self._known()

    def count(self, incident: int, moment: Moment) -> int:
        """Return of how many cameras there is such a picture of an outage."""
        with self._lock:
            self._known()
            return self._counts[incident, moment]

    def find(self, incident: int, moment: Moment, site: str, camera: str) -> OutagePicture | None:
        """Return a picture of an outage, or None. One that shows another camera, or another time, is none."""
        path = self._directory / _Kept(incident, site, camera, moment).path
        try:
            with path.open("rb") as file:
                jpeg, taken_ms = file.read(MAX_SNAPSHOT + 1), os.fstat(file.fileno()).st_mtime_ns // 1_000_000
            about = read_stamp(jpeg)
        except (OSError, ContractError):
            return None
        return OutagePicture(jpeg, taken_ms) if (about.site, about.camera) == (site, camera) else None

    def cameras(self) -> set[CameraKey]:
        """Return every camera of which there is a picture."""
        with self._lock:
            return {(each.site, each.camera) for each in self._known()}

    def remove(self, cameras: Iterable[CameraKey]) -> None:
        """Remove the pictures of cameras that are no more.

        Raises:
            OSError: not all of them could be removed.
        """
        gone = set(cameras)
        with self._lock:
            for each in [each for each in self._known() if (each.site, each.camera) in gone]:
                self._remove(each)

    def remove_old(self, before_ms: int) -> int:
        """Remove pictures that were taken before a time (UTC ms), and those for which there is no room any more.

        Return how many were too old.

        Raises:
            OSError: not all of them could be removed.
        """
        with self._lock:
            self._files = None
            old = [each for each, file in self._known().items() if file.taken_ms < before_ms]
            for each in old:
                self._remove(each)
            self._trim(self._limit())
            return len(old)

    def _trim(self, limit: float) -> None:
        files = self._known()
        total = sum(file.size for file in files.values())
        while total > limit and files:
            sizes: dict[str, int] = {}
            for each, file in files.items():
                sizes[each.site] = sizes.get(each.site, 0) + file.size
            largest = max(sizes, key=lambda site: sizes[site])
            oldest = min((each for each in files if each.site == largest), key=lambda each: files[each].taken_ms)
            total -= files[oldest].size
            self._remove(oldest)

    def _remove(self, kept: _Kept) -> None:
        path = self._directory / kept.path
        path.unlink(missing_ok=True)
        if self._known().pop(kept, None) is not None:
            self._counts[kept.incident, kept.moment] -= 1
        for folder in list(path.relative_to(self._directory).parents)[:-1]:
            with contextlib.suppress(OSError):  # it holds other pictures
                (self._directory / folder).rmdir()

    def _known(self) -> dict[_Kept, _File]:
        if self._files is None:
            self._files = dict(_find(self._directory))
            self._counts = Counter((each.incident, each.moment) for each in self._files)
        return self._files

    def _limit(self) -> float:
        total = sum(file.size for file in self._known().values())
        return min(self.rules.max_mb * 1e6, (self._free_bytes() + total) * DISK_SHARE)

    def _free_disk(self) -> int:
        existing = next(each for each in (self._directory, *self._directory.parents) if each.exists())
        return shutil.disk_usage(existing).free


def _find(directory: Path) -> Iterator[tuple[_Kept, _File]]:
    for moment in Moment:
        for path in sorted(directory.glob(f"*/*/*/{moment}.jpg")):
            incident, site, camera = path.relative_to(directory).parts[:3]
            with contextlib.suppress(FileNotFoundError, ValueError):
                about = path.stat()
                kept = _Kept(int(incident), site, camera, moment)
                yield kept, _File(about.st_mtime_ns // 1_000_000, about.st_size)

"""The archive of pictures: what arrives is kept by policy, and goes when it is old, or when room is short.

Files come first, the index follows: within a second while it runs, and by looking at all files when it starts. So
a kill at any instant costs at most the picture that was being kept. Pictures are not synchronised to the disk: a
loss of power may cost the newest, and a file that it cut off is never shown.
"""

import contextlib
import logging
import shutil
import threading
from collections import deque
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from msgspec import structs

from pantau_collector.pictures import CameraKey
from pantau_collector.snapshots import files
from pantau_collector.snapshots.arrivals import Arrivals, StateChange
from pantau_collector.snapshots.index import Index
from pantau_collector.snapshots.keeping import keep, local_time
from pantau_collector.snapshots.rules import SnapshotRules
from pantau_collector.snapshots.snapshot import Snapshot, Why
from pantau_contract.messages import CameraState
from pantau_contract.snapshot import SnapshotMetadata
from pantau_contract.states import State

CAMERAS_AT_ONCE = 500
"""Cameras whose pictures are looked through in one call of `remove_old`: each is due once a day."""
_MAX_PENDING = 20_000
"""What waits for the index at most, while the disk refuses it; the rest is found at the next start."""
_GIVEN_UP_AT_ONCE = 64
_log = logging.getLogger(__name__)


class LatestPictures(Protocol):
    """Where the newest pictures of the cameras are."""

    def latest(self, site: str, camera: str) -> Path | None:
        """Return the file of a camera's newest picture, or None."""

    def latest_good(self, site: str, camera: str) -> Path | None:
        """Return the file of a camera's newest picture that was taken in state `ok`, or None."""

    def taken_ms(self, site: str, camera: str) -> int:
        """Return when a camera's newest picture was taken (UTC ms), or 0 if there is none."""

    def good_taken_ms(self, site: str, camera: str) -> int:
        """Return when a camera's newest picture in state `ok` was taken (UTC ms), or 0 if there is none."""


class SnapshotArchive:
    """Pictures under `directory/{site}/{camera}/`.

    One thread notes what arrives; any thread may call the rest. Other processes read by `SnapshotReader`.
    """

    def __init__(
        self,
        directory: Path,
        rules: SnapshotRules,
        latest: LatestPictures,
        *,
        zone: ZoneInfo,
        time_ms: Callable[[], int],
        free_bytes: Callable[[], int] | None = None,
    ) -> None:
        """Open the archive; `free_bytes` returns how much of its disk is free.

        Raises:
            OSError: the folder or the index cannot be opened or made.
        """
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.rules = rules
        self._latest = latest
        self._zone = zone
        self._time_ms = time_ms
        self._free_bytes = free_bytes or (lambda: shutil.disk_usage(directory).free)
        self._arrivals = Arrivals(rules, zone)
        self._pending: deque[Snapshot | StateChange] = deque(maxlen=_MAX_PENDING)
        self._lock = threading.RLock()
        self._index = Index(directory)
        self._site_bytes = self._index.site_bytes()
        self._tidied: dict[CameraKey, date] = {}
        self._of_project: Callable[[CameraKey], bool] | None = None
        self._failing = False
        self.lost = 0
        """Pictures that could not be kept."""
        self.given_up = 0
        """Pictures that were removed because there was no room for all."""

    @property
    def total_bytes(self) -> int:
        """The size of all pictures."""
        return sum(self._site_bytes.values())

    def close(self) -> None:
        """Write what waits for the index, and close it."""
        with self._lock:
            with contextlib.suppress(OSError):
                self.flush()
            self._index.close()

    def follow(self, of_project: Callable[[CameraKey], bool]) -> None:
        """Ask this whether a camera watches a project. Until then nothing is removed for its age."""
        self._of_project = of_project

    def note_picture(self, about: SnapshotMetadata) -> None:
        """Keep the camera's newest picture, which has just arrived, if the policy wants it."""
        taken_ms = self._latest.taken_ms(about.site, about.camera)
        path = self._latest.latest(about.site, about.camera)
        if path is None or not taken_ms or about.time < taken_ms:
            return  # it came late: what is newest shows another moment
        about = self._arrivals.corrected(about, taken_ms)
        why = self._arrivals.wanted(about, taken_ms)
        if why is not None:
            self._keep(Snapshot(about.site, about.camera, taken_ms, why, about.state, about.cause, 0), path)

    def note_state(self, message: CameraState) -> None:
        """Note a camera's state. Of a change for the worse the last good picture before it is kept.

        Pictures that were taken since the state began, before the agent was sure, count as taken in it.
        """
        change = self._arrivals.note_state(message)
        if change is None:
            return
        key = change.site, change.camera
        if change.state is not State.OK:
            self._pending.append(change)
            path, taken_ms = self._latest.latest_good(*key), self._latest.good_taken_ms(*key)
            if change.kept and path is not None and 0 < taken_ms < change.since_ms:
                self._keep(Snapshot(*key, taken_ms, Why.CHANGE, State.OK, None, 0), path)

    def flush(self) -> None:
        """Bring the index up to what has arrived, and give up what there is no room for.

        Raises:
            OSError: not all of it could be done; the next call tries again.
        """
        with self._lock:
            while self._pending:
                arrived = self._pending.popleft()
                try:
                    if isinstance(arrived, Snapshot):
                        self._add(arrived)
                    else:
                        self._restate(arrived)
                except OSError:
                    self._pending.appendleft(arrived)
                    raise
            self._make_room()

    def reconcile(self, stopping: Callable[[], bool] = lambda: False) -> int:
        """Compare the index with the files, camera by camera, and make it say what is there.

        Return how many pictures it did not know, or knew wrongly. This is how a lost index is made again.

        Raises:
            OSError: the files cannot be read, or the index not be written.
        """
        wrong = 0
        with self._lock:
            keys = {*self._index.cameras(), *files.cameras(self.directory)}
        for key in sorted(keys):
            if stopping():
                break
            with self._lock:
                wrong += self._reconcile(key)
        with self._lock:
            self._site_bytes = self._index.site_bytes()
        return wrong

    def of_camera(self, key: CameraKey, from_ms: int = 0, to_ms: int = 1 << 62) -> list[Snapshot]:
        """Return a camera's pictures of a period, `to_ms` not included, in order of time."""
        with self._lock:
            return self._index.of_camera(key, from_ms, to_ms)

    def set_light(self, measured: Iterable[tuple[Snapshot, float]]) -> None:
        """Note how good the light of pictures is, from 0 (night) to 1."""
        with self._lock:
            self._index.set_light(measured)

    def cameras(self) -> set[CameraKey]:
        """Return every camera of which there is a picture."""
        with self._lock:
            return set(self._index.cameras())

    def remove(self, cameras: Iterable[CameraKey]) -> None:
        """Remove the pictures of cameras that are no more.

        Raises:
            OSError: not all of them could be removed.
        """
        for key in cameras:
            self._arrivals.forget(key)
            with self._lock:
                self.flush()
                for name in files.names(self.directory, key):
                    (self.directory / key[0] / key[1] / name).unlink(missing_ok=True)
                files.remove_empty(self.directory / key[0] / key[1])
                self._drop(self._index.of_camera(key))

    def remove_old(self, before_ms: int) -> int:
        """Remove what the policy keeps no longer, of the cameras that are due; return how many pictures.

        `before_ms` is when the oldest that any policy keeps was taken (UTC ms).

        Raises:
            OSError: not all of them could be removed.
        """
        self.flush()
        today = local_time(self._time_ms(), self._zone).date()
        due = [key for key in self.cameras() if self._tidied.get(key) != today]
        if self._of_project is None:
            return 0
        count = 0
        for key in due[:CAMERAS_AT_ONCE]:
            with self._lock:
                count += self._tidy(key, today, before_ms, of_project=self._of_project(key))
            self._tidied[key] = today
        return count

    def _keep(self, snapshot: Snapshot, path: Path) -> None:
        try:
            size = files.keep(self.directory, snapshot, path)
        except OSError as error:
            self.lost += 1
            _log.log(
                logging.DEBUG if self._failing else logging.WARNING,
                "snapshots: the picture of %s/%s is not kept: %s",
                snapshot.site,
                snapshot.camera,
                error,
            )
            self._failing = True
            return
        self._failing = False
        self._pending.append(structs.replace(snapshot, size=size))

    def _add(self, kept: Snapshot) -> None:
        known = self._index.of_camera(kept.key, kept.taken_ms, kept.taken_ms + 1)
        if known and known[0].name != kept.name:
            # The same moment was kept for another reason: there is one file for it, under its newest name.
            files.path_of(self.directory, known[0]).unlink(missing_ok=True)
        self._index.change(added=[kept])
        self._count(kept.site, kept.size - (known[0].size if known else 0))

    def _restate(self, change: StateChange) -> None:
        """Have the pictures since a change say its state: the agent waited until it was sure."""
        for each in self._index.of_camera((change.site, change.camera), change.since_ms):
            if each.is_true:
                new = structs.replace(each, state=change.state, cause=change.cause)
                with contextlib.suppress(FileNotFoundError):
                    files.path_of(self.directory, each).rename(files.path_of(self.directory, new))
                self._index.change(added=[new])

    def _reconcile(self, key: CameraKey) -> int:
        known = {each.name: each for each in self._index.of_camera(key)}
        there = files.names(self.directory, key)
        added = [found for name in there - known.keys() if (found := files.find(self.directory, key, name))]
        gone = [each for name, each in known.items() if name not in there]
        self._index.change(added=added, removed=gone)
        return len(added) + len(gone)

    def _tidy(self, key: CameraKey, today: date, before_ms: int, *, of_project: bool) -> int:
        kept = keep(self._index.of_camera(key), self.rules, today=today, zone=self._zone, of_project=of_project)
        surplus = {each.taken_ms: each for each in kept.surplus}
        surplus |= {each.taken_ms: each for each in self._index.of_camera(key, 0, before_ms)}
        self._give_up(list(surplus.values()))
        self._index.set_best(each for each in kept.best if each.taken_ms not in surplus)
        return len(surplus)

    def _make_room(self) -> None:
        """Give up pictures until all have room: of the site that has most, first those that are worth least."""
        limit = self._limit()
        while self._site_bytes and self.total_bytes > limit:
            site = max(self._site_bytes, key=lambda each: self._site_bytes[each])
            over, chosen = self.total_bytes - limit, []
            for each in self._index.least_valuable(site, _GIVEN_UP_AT_ONCE):
                if over <= 0:
                    break
                over -= each.size
                chosen.append(each)
            if not chosen:
                self._site_bytes = self._index.site_bytes()
                return
            self._give_up(chosen)
            self.given_up += len(chosen)

    def _give_up(self, snapshots: list[Snapshot]) -> None:
        for each in snapshots:
            files.remove(self.directory, each)
        self._drop(snapshots)

    def _drop(self, snapshots: list[Snapshot]) -> None:
        self._index.change(removed=snapshots)
        for each in snapshots:
            self._count(each.site, -each.size)

    def _count(self, site: str, size: int) -> None:
        total = self._site_bytes.get(site, 0) + size
        if total > 0:
            self._site_bytes[site] = total
        else:
            self._site_bytes.pop(site, None)

    def _limit(self) -> float:
        return min(self.rules.max_gb * 1e9, (self._free_bytes() + self.total_bytes) * self.rules.disk_share)

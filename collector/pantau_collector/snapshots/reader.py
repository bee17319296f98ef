"""Reads the archive, from any process and thread: the pages, the API and the commands."""

import sqlite3
from contextlib import closing
from pathlib import Path

from pantau_collector.pictures import CameraKey
from pantau_collector.snapshots import files
from pantau_collector.snapshots.index import NAME, as_os_error, of_camera
from pantau_collector.snapshots.snapshot import Snapshot, parse_id

_BUSY_S = 10


class SnapshotReader:
    """The pictures of an archive, by camera and time. What the reader returns is of the moment it was asked."""

    def __init__(self, directory: Path) -> None:
        """Prepare; nothing needs to be there yet."""
        self.directory = directory

    def list(self, camera: CameraKey, from_ms: int = 0, to_ms: int = 1 << 62) -> list[Snapshot]:
        """Return a camera's pictures of a period, `to_ms` not included, in order of time.

        Raises:
            OSError: the index cannot be read.
        """
        path = self.directory / NAME
        if not path.exists():
            return []
        with (
            as_os_error(),
            closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=_BUSY_S)) as index,
        ):
            return of_camera(index, camera, from_ms, to_ms)

    def find(self, snapshot_id: str) -> Snapshot | None:
        """Return a picture by its id; None if there is none, or the id is none.

        Raises:
            OSError: the index cannot be read.
        """
        parsed = parse_id(snapshot_id)
        if parsed is None:
            return None
        camera, taken_ms = parsed
        return next(iter(self.list(camera, taken_ms, taken_ms + 1)), None)

    def open(self, snapshot_id: str) -> bytes | None:
        """Return the JPEG of a picture by its id; None if there is none, or none that is whole.

        Raises:
            OSError: the index cannot be read.
        """
        found = self.find(snapshot_id)
        return files.read(self.directory, found) if found is not None else None

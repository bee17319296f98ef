"""The index of the archive: a SQLite file beside the pictures, which can be made again from their names."""

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pantau_collector.pictures import CameraKey
from pantau_collector.snapshots.snapshot import Snapshot, Why, read_condition
from pantau_contract.states import State

NAME = "index.sqlite"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS snapshots (
  site TEXT NOT NULL, camera TEXT NOT NULL, taken_ms INTEGER NOT NULL, why TEXT NOT NULL, condition TEXT NOT NULL,
  size INTEGER NOT NULL, light REAL, best INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (site, camera, taken_ms)
) WITHOUT ROWID, STRICT
"""
_COLUMNS = "site, camera, taken_ms, why, condition, size, light"
_OF_CAMERA = "site = ? AND camera = ?"
_BUSY_S = 30
MAX_LISTED = 100_000
"""Pictures that one question returns at most; of one camera there are never as many."""


class Index:
    """What is in the archive. One process writes it; any thread of it may, one at a time."""

    def __init__(self, folder: Path) -> None:
        """Open the index; a damaged one is begun anew, and `is_new` then says that it knows nothing yet.

        Raises:
            OSError: it cannot be opened or made.
        """
        self.is_new = not (folder / NAME).exists()
        try:
            self._connection = _open(folder / NAME)
        except sqlite3.OperationalError as error:
            raise OSError(f"{folder / NAME}: {error}") from error
        except sqlite3.DatabaseError:
            for path in folder.glob(f"{NAME}*"):
                path.unlink()
            self.is_new = True
            with as_os_error():
                self._connection = _open(folder / NAME)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def change(self, added: Iterable[Snapshot] = (), removed: Iterable[Snapshot] = ()) -> None:
        """Add pictures and remove others, all or none of it.

        Raises:
            OSError: nothing has changed.
        """
        with as_os_error(), self._connection as connection:
            connection.executemany(
                f"DELETE FROM snapshots WHERE {_OF_CAMERA} AND taken_ms = ?",  # noqa: S608 - text of our own
                [(*each.key, each.taken_ms) for each in removed],
            )
            connection.executemany(
                f"INSERT OR REPLACE INTO snapshots ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - ours
                [(*each.key, each.taken_ms, each.why, each.condition, each.size, each.light) for each in added],
            )

    def set_light(self, measured: Iterable[tuple[Snapshot, float]]) -> None:
        """Note how good the light of pictures is.

        Raises:
            OSError: nothing has changed.
        """
        rows = [(light, *each.key, each.taken_ms) for each, light in measured]
        with as_os_error(), self._connection as connection:
            connection.executemany(
                f"UPDATE snapshots SET light = ? WHERE {_OF_CAMERA} AND taken_ms = ?",  # noqa: S608 - ours
                rows,
            )

    def set_best(self, snapshots: Iterable[Snapshot]) -> None:
        """Note that pictures are the best of their day, which are given up last.

        Raises:
            OSError: nothing has changed.
        """
        rows = [(*each.key, each.taken_ms) for each in snapshots]
        with as_os_error(), self._connection as connection:
            connection.executemany(
                f"UPDATE snapshots SET best = 1 WHERE best = 0 AND {_OF_CAMERA} AND taken_ms = ?",  # noqa: S608
                rows,
            )

    def of_camera(self, key: CameraKey, from_ms: int = 0, to_ms: int = 1 << 62) -> list[Snapshot]:
        """Return a camera's pictures of a period, `to_ms` not included, in order of time."""
        with as_os_error():
            return of_camera(self._connection, key, from_ms, to_ms)

    def cameras(self) -> list[CameraKey]:
        """Return every camera of which there is a picture."""
        with as_os_error():
            rows = self._connection.execute("SELECT DISTINCT site, camera FROM snapshots").fetchall()
        return [(site, camera) for site, camera in rows]

    def site_bytes(self) -> dict[str, int]:
        """Return the size of each site's pictures."""
        with as_os_error():
            return dict(self._connection.execute("SELECT site, sum(size) FROM snapshots GROUP BY site").fetchall())

    def least_valuable(self, site: str, most: int) -> list[Snapshot]:
        """Return those of a site's pictures that are given up first.

        The oldest of hours go first, then the oldest of changes, and the best of days last.
        """
        with as_os_error():
            rows = self._connection.execute(
                f"SELECT {_COLUMNS} FROM snapshots WHERE site = ?"  # noqa: S608 - text of our own
                " ORDER BY CASE WHEN best THEN 2 WHEN why = 'change' THEN 1 ELSE 0 END, taken_ms LIMIT ?",
                (site, most),
            ).fetchall()
        return [_snapshot(row) for row in rows]


def of_camera(connection: sqlite3.Connection, key: CameraKey, from_ms: int, to_ms: int) -> list[Snapshot]:
    """Return a camera's pictures of a period, `to_ms` not included, in order of time."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM snapshots WHERE {_OF_CAMERA}"  # noqa: S608 - text of our own
        " AND taken_ms >= ? AND taken_ms < ? ORDER BY taken_ms LIMIT ?",
        (*key, from_ms, to_ms, MAX_LISTED),
    ).fetchall()
    return [_snapshot(row) for row in rows]


def _snapshot(row: Sequence[str]) -> Snapshot:
    site, camera, taken_ms, why, condition, size, light = row
    state, cause = read_condition(condition) or (State.UNKNOWN, None)
    measured = float(light) if light is not None else None
    return Snapshot(site, camera, int(taken_ms), Why(why), state, cause, int(size), measured)


@contextlib.contextmanager
def as_os_error() -> Iterator[None]:
    """Raise an error of SQLite, such as a full disk, as the OSError that it is for everyone else."""
    try:
        yield
    except sqlite3.Error as error:
        raise OSError(f"the index of the snapshots: {error}") from error


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY_S, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute(_SCHEMA)
        is_whole = connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",)
    except sqlite3.DatabaseError:
        connection.close()
        raise
    if not is_whole:
        connection.close()
        raise sqlite3.DatabaseError("the index is damaged")
    return connection

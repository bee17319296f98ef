"""The spool's SQLite file: batches in order, and a few notes that must outlive a restart.

It is used by one thread. It is in WAL mode with `synchronous=FULL`: a commit is on the disk when it returns and
survives a power cut, at the price of one fsync an interval; with NORMAL a power cut would lose everything since
the last checkpoint. The lock is exclusive, so two agents never share a spool.

Acknowledged batches are deleted in the commit that appends the next batch, so a batch costs an SD card one commit.
The newest row stays, without its payload, so ids and sequence numbers continue over restarts without a page of
their own.
"""

import logging
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

_log = logging.getLogger(__name__)

_VERSION = 1
_WAL_BYTES = 384 << 10
"""Bytes that the write-ahead log has from the beginning: those after which it is merged into the file, nearly."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS batch (
  id INTEGER PRIMARY KEY,
  boot TEXT NOT NULL,
  seq INTEGER NOT NULL,
  time_ms INTEGER NOT NULL,
  monotonic_ms INTEGER NOT NULL,
  clock_synchronised INTEGER,
  payload BLOB
) STRICT;
CREATE TABLE IF NOT EXISTS note (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
"""
_INSERT = (
    "INTO batch (id, boot, seq, time_ms, monotonic_ms, clock_synchronised, payload) VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_SELECT = "SELECT id, boot, seq, time_ms, monotonic_ms, clock_synchronised, payload FROM batch "
_SELECT_WITHOUT_PAYLOAD = "SELECT id, boot, seq, time_ms, monotonic_ms, clock_synchronised, x'' FROM batch "
_MAX_ID = 1 << 53
"""Ids from here on in a damaged file are damage."""

_Row = tuple[int, str, int, int, int, int | None, bytes]


class SpoolInUseError(Exception):
    """Another process has the spool open."""


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch. `id` orders all batches of a spool, `seq` those of a boot.

    `time_ms` and `monotonic_ms` are the wall clock and the monotonic clock when it was appended.
    `clock_synchronised` is False if that wall clock was not set, and then `payload` is undated; otherwise it is as
    it goes over the wire. None: nobody knows, or it was dated without knowing.
    """

    id: int
    boot: str
    seq: int
    time_ms: int
    monotonic_ms: int
    clock_synchronised: bool | None
    payload: bytes


@dataclass(frozen=True, slots=True)
class SpooledBoot:
    """The numbers of a boot's batches: the id of that with `seq` 0, and the last `seq`."""

    first_id: int
    last_seq: int


class SpoolFile:
    """The open file. Every method may raise `sqlite3.Error`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the file, or create it. A damaged file is set aside, and what can be read of it is copied.

        Raises:
            SpoolInUseError: another agent has it open.
            OSError, sqlite3.Error: no file can be opened or created there now.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            return cls(_connect(path))
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise SpoolInUseError(f"{path} is in use: another pantau-agent runs with this spool") from None
            raise
        except sqlite3.DatabaseError as error:
            damaged = _set_aside(path)
            _log.error("the spool %s is damaged (%s); it is kept as %s, and a new one begun", path, error, damaged)
        spool_file = cls(_connect(path))
        saved = spool_file._copy_from(damaged)
        with suppress(sqlite3.Error), closing(sqlite3.connect(damaged)) as source:
            spool_file.write_notes(receipts=cls(source).read_note("receipts") or "0")
        _log.warning("%d batches of the damaged spool could be read and will be sent", saved)
        return spool_file

    def close(self) -> None:
        """Close the file; the write-ahead log is merged into it."""
        self._connection.close()

    def read_note(self, key: str) -> str | None:
        """Return the note saved under `key`, or None if there is none."""
        row = self._connection.execute("SELECT value FROM note WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def write_notes(self, **notes: object) -> None:
        """Save several notes in one commit."""
        with self._connection as connection:
            _write_notes(connection, notes)

    def newest(self) -> Batch | None:
        """Return the newest batch ever appended, without its payload, or None if there was none."""
        row = self._connection.execute(_SELECT_WITHOUT_PAYLOAD + "ORDER BY id DESC LIMIT 1").fetchone()
        return None if row is None else _batch(row)

    def ranges(self) -> list[tuple[int, int]]:
        """Return the ranges of ids of the batches that it holds, each as its first and its last."""
        rows = self._connection.execute(
            "SELECT min(id), max(id) FROM"
            " (SELECT id, id - row_number() OVER (ORDER BY id) AS gaps FROM batch WHERE payload IS NOT NULL)"
            " GROUP BY gaps ORDER BY gaps"
        )
        return [(int(first), int(last)) for first, last in rows]

    def boots(self) -> dict[str, SpooledBoot]:
        """Return the boots of its batches, but those in which ids and sequence numbers do not run together."""
        rows = self._connection.execute(
            "SELECT boot, min(id - seq), max(id - seq), max(seq) FROM batch GROUP BY boot"
        )
        return {boot: SpooledBoot(low, last_seq) for boot, low, high, last_seq in rows if low == high}

    def used_bytes(self) -> int:
        """Return the bytes of the file that are in use. The write-ahead log takes at most 1 MB more."""
        pages, free, size = (
            self._connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * size)

    def commit(self, batches: Iterable[Batch], acknowledged: Iterable[int], **notes: object) -> None:
        """Append batches, delete acknowledged ones and save `notes`, in one durable commit."""
        with self._connection as connection:
            connection.executemany(
                "INSERT " + _INSERT,
                (
                    (b.id, b.boot, b.seq, b.time_ms, b.monotonic_ms, b.clock_synchronised, b.payload)
                    for b in batches
                ),
            )
            _delete(connection, acknowledged)
            _write_notes(connection, notes)

    def newest_with_clock_set(self, boot: str) -> Batch | None:
        """Return the newest batch of a boot from when the clock was set, without its payload, or None."""
        row = self._connection.execute(
            _SELECT_WITHOUT_PAYLOAD + "WHERE boot = ? AND clock_synchronised = 1 ORDER BY id DESC LIMIT 1", (boot,)
        ).fetchone()
        return None if row is None else _batch(row)

    def replace(self, batch: Batch) -> None:
        """Replace payload, time and clock flag of a batch that waits."""
        with self._connection as connection:
            connection.execute(
                "UPDATE batch SET payload = ?, time_ms = ?, clock_synchronised = ?"
                " WHERE id = ? AND payload IS NOT NULL",
                (batch.payload, batch.time_ms, batch.clock_synchronised, batch.id),
            )

    def after(self, batch_id: int, limit: int) -> list[Batch]:
        """Return the next batches after an id, oldest first."""
        rows = self._connection.execute(
            _SELECT + "WHERE id > ? AND payload IS NOT NULL ORDER BY id LIMIT ?",
            (batch_id, limit),
        )
        return [_batch(row) for row in rows]

    def oldest(self, limit: int) -> list[Batch]:
        """Return the oldest batches, without their payloads."""
        rows = self._connection.execute(
            _SELECT_WITHOUT_PAYLOAD + "WHERE payload IS NOT NULL ORDER BY id LIMIT ?", (limit,)
        )
        return [_batch(row) for row in rows]

    def drop(self, ids: Iterable[int], **notes: object) -> None:
        """Delete batches that were dropped and save `notes`, in one commit."""
        with self._connection as connection:
            _delete(connection, ids)
            _write_notes(connection, notes)

    def _copy_from(self, damaged: Path) -> int:
        """Copy what can be read of a damaged file, and return the number of batches copied."""
        saved = 0
        with self._connection as connection:
            for row in _readable_rows(damaged):
                with suppress(sqlite3.IntegrityError, OverflowError):
                    saved += connection.execute("INSERT OR IGNORE " + _INSERT, row).rowcount
        return saved


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=1)
    try:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA wal_autocheckpoint = 128")
        connection.execute("PRAGMA journal_size_limit = 1048576")
        _check(connection)
        connection.executescript(_SCHEMA)
        connection.execute(f"PRAGMA user_version = {_VERSION}")
        _reserve_room(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _reserve_room(connection: sqlite3.Connection) -> None:
    """Give the write-ahead log its usual size now.

    A commit that makes it longer has the file system write its own journal too, which is more than the commit. On
    a full disk it goes without.
    """
    with suppress(sqlite3.OperationalError):
        with connection:
            connection.execute("CREATE TABLE IF NOT EXISTS room (filler BLOB)")
            connection.execute("INSERT INTO room VALUES (zeroblob(?))", (_WAL_BYTES,))
        with connection:
            connection.execute("DROP TABLE room")
        connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()


def _check(connection: sqlite3.Connection) -> None:
    (finding,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if finding != "ok":
        raise sqlite3.DatabaseError(finding)
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version not in (0, _VERSION):
        raise sqlite3.DatabaseError(f"its form is {version}, this agent knows {_VERSION}")


def _set_aside(path: Path) -> Path:
    """Rename the file and its write-ahead log, and return the new name. Only the latest damaged file is kept."""
    for old in path.parent.glob(f"{path.name}.damaged-*"):
        old.unlink(missing_ok=True)
    damaged = path.with_name(f"{path.name}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    for suffix in ("-wal", "-shm", ""):
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(damaged.with_name(damaged.name + suffix))
    return damaged


def _delete(connection: sqlite3.Connection, ids: Iterable[int]) -> None:
    rows = [(batch_id,) for batch_id in ids]
    connection.executemany("DELETE FROM batch WHERE id = ? AND id < (SELECT max(id) FROM batch)", rows)
    connection.executemany("UPDATE batch SET payload = NULL WHERE id = ?", rows)


def _write_notes(connection: sqlite3.Connection, notes: dict[str, object]) -> None:
    connection.executemany(
        "INSERT INTO note (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        [(key, str(value)) for key, value in notes.items()],
    )


def _readable_rows(damaged: Path) -> Iterator[_Row]:
    """Yield the rows of a damaged file from its beginning, then from its end, each up to the damage."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(damaged)) as source:
        source.execute(
            "PRAGMA writable_schema = ON"
        )  # allows reading a file that is shorter than its header states
        for order in ("ASC", "DESC"):
            with suppress(sqlite3.Error):
                for row in source.execute(_SELECT + f"ORDER BY id {order}"):
                    if 0 < row[0] < _MAX_ID:
                        yield row


def _batch(row: _Row) -> Batch:
    batch_id, boot, seq, time_ms, monotonic_ms, synchronised, payload = row
    return Batch(
        batch_id, boot, seq, time_ms, monotonic_ms, None if synchronised is None else bool(synchronised), payload
    )

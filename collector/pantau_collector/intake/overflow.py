"""Messages of sites that send more than their share: on disk, as they arrived, until there is time for them.

They have been acknowledged, so that they do not fill the broker's window, in which the messages of all other sites
come too. An SQLite file holds them, since each site's are taken out in their own order while others are put in.
"""

import contextlib
import logging
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pantau_collector.intake.inbox import Incoming
from pantau_contract.topics import site_of

MAX_MESSAGES_OF_SITE = 200_000
"""Messages of one site that wait at most."""
MAX_BYTES_OF_SITE = 512 << 20
"""Bytes of one site's messages that wait at most: as much as an agent's spool holds by default."""
MAX_BYTES = 2 << 30
"""Bytes of all messages that wait at most."""
_SCHEMA = """
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS waiting (
    id INTEGER PRIMARY KEY,
    site TEXT NOT NULL,
    received_ms INTEGER NOT NULL,
    topic TEXT NOT NULL,
    payload BLOB NOT NULL,
    retained INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS waiting_of_site ON waiting (site, id);
"""
_log = logging.getLogger(__name__)


class Waiting(NamedTuple):
    """A message that waits; `id` orders those of a site."""

    id: int
    message: Incoming


@dataclass(slots=True)
class _Held:
    messages: int = 0
    size: int = 0


class Overflow:
    """The file of messages that wait. It belongs to one thread; any thread may read `messages` and `sites`."""

    def __init__(
        self,
        path: Path,
        *,
        max_messages_of_site: int = MAX_MESSAGES_OF_SITE,
        max_bytes_of_site: int = MAX_BYTES_OF_SITE,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        """Open the file, or create it; one that is damaged, now or later, is set aside as `*.damaged`.

        Raises:
            OSError: the disk cannot be used.
        """
        self._max_messages_of_site = max_messages_of_site
        self._max_bytes_of_site = max_bytes_of_site
        self._max_bytes = max_bytes
        self._path = path
        self._held: dict[str, _Held] = {}
        self._size = 0
        self._next_id = 1
        """The id of the next message, which no other had, also not in a file that was set aside."""
        try:
            self._open()
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise OSError(f"{path}: {error}") from error
            self._set_aside(error)

    def _open(self) -> None:
        path = self._path
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # for its owner only, as all that was sent
        self._file = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        try:
            self._file.executescript(_SCHEMA)
            (last_id,) = self._file.execute("SELECT coalesce(max(id), 0) FROM waiting").fetchone()
            counted = self._file.execute(
                "SELECT site, count(*), sum(length(payload)) FROM waiting GROUP BY site"
            ).fetchall()
        except sqlite3.Error:
            self._file.close()
            raise
        self._held = {site: _Held(messages, size) for site, messages, size in counted}
        self._size = sum(held.size for held in self._held.values())
        self._next_id = max(self._next_id, last_id + 1)

    def _set_aside(self, error: sqlite3.Error) -> None:
        """Begin a new file. What waited is lost, unless someone recovers it from the damaged one."""
        path = self._path
        _log.error(
            "%s is damaged (%s); it is set aside as %s.damaged, with the %d messages that waited in it",
            *(path, error, path.name, self.messages),
        )
        path.replace(path.with_name(f"{path.name}.damaged"))
        for rest in ("-wal", "-shm"):
            path.with_name(path.name + rest).unlink(missing_ok=True)
        self._open()

    @property
    def sites(self) -> list[str]:
        """The sites of which messages wait."""
        return list(self._held)

    @property
    def messages(self) -> int:
        """How many messages wait."""
        return sum(held.messages for held in list(self._held.values()))

    def holds(self, site: str) -> bool:
        """Return True if messages of the site wait, so that later ones must wait behind them."""
        return site in self._held

    def has_room(self, site: str, messages: int, size: int) -> bool:
        """Return True if so many more messages of the site, of `size` bytes together, may wait."""
        held = self._held.get(site, _Held())
        return (
            held.messages + messages <= self._max_messages_of_site
            and held.size + size <= self._max_bytes_of_site
            and self._size + size <= self._max_bytes
        )

    def add(self, messages: Sequence[Incoming]) -> None:
        """Write messages durably, behind those that wait.

        Raises:
            OSError: none of them is written.
        """
        if not messages:
            return
        with self._errors_of_the_disk(), self._transaction(durable=True):
            self._file.executemany(
                "INSERT INTO waiting (id, site, received_ms, topic, payload, retained) VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (number, site_of(each.topic), each.received_ms, each.topic, each.payload, each.retained)
                    for number, each in enumerate(messages, self._next_id)
                ],
            )
        self._next_id += len(messages)
        for each in messages:
            held = self._held.setdefault(site_of(each.topic), _Held())
            held.messages += 1
            held.size += len(each.payload)
            self._size += len(each.payload)

    def next(self, site: str, after: int = 0) -> Waiting | None:
        """Return the site's first message after the one with the id `after`, or None if there is none.

        Raises:
            OSError: it cannot be read.
        """
        with self._errors_of_the_disk():
            row = self._file.execute(
                "SELECT id, received_ms, topic, payload, retained FROM waiting WHERE site = ? AND id > ?"
                " ORDER BY id LIMIT 1",
                (site, after),
            ).fetchone()
        if row is None:
            return None
        number, received_ms, topic, payload, retained = row
        return Waiting(number, Incoming(received_ms, topic, payload, bool(retained), connection=0, mid=0, qos=0))

    def remove(self, site: str, until: int) -> None:
        """Remove the site's messages up to the one with the id `until`. A loss of power may bring them back.

        Raises:
            OSError: none of them is removed.
        """
        if site not in self._held:
            return  # the file was set aside since
        with self._errors_of_the_disk(), self._transaction(durable=False):
            (messages, size) = self._file.execute(
                "SELECT count(*), coalesce(sum(length(payload)), 0) FROM waiting WHERE site = ? AND id <= ?",
                (site, until),
            ).fetchone()
            self._file.execute("DELETE FROM waiting WHERE site = ? AND id <= ?", (site, until))
        held = self._held[site]
        held.messages -= messages
        held.size -= size
        self._size -= size
        if not held.messages:
            del self._held[site]
        if not self._held:
            with self._errors_of_the_disk():
                self._file.executescript("PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE);")

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    @contextmanager
    def _transaction(self, *, durable: bool) -> Iterator[None]:
        self._file.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        self._file.execute("BEGIN")
        try:
            yield
            self._file.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._file.execute("ROLLBACK")
            raise

    @contextmanager
    def _errors_of_the_disk(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            if _is_damage(error):
                self._file.close()
                self._set_aside(error)
            raise OSError(f"messages over a site's share cannot be kept: {error}") from error


def _is_damage(error: sqlite3.Error) -> bool:
    """Return True if it is the file that is wrong, and not the disk or its being full."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

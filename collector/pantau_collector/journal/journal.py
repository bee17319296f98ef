"""Writes the journal: durable when `append` returns, and whole again after `kill -9` or a loss of power."""

import contextlib
import fcntl
import logging
import os
import secrets
import threading
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Self

from pantau_collector.journal.reader import JournalReader, list_segments
from pantau_collector.journal.record import Record, encode, read_span
from pantau_collector.journal.retention import RetentionLimits, Segment
from pantau_service import atomic_file

SEGMENT_BYTES = 64 << 20
"""Bytes after which a new segment is begun."""
_log = logging.getLogger(__name__)


class JournalError(Exception):
    """The journal cannot be opened; the text says why and what to do."""


class Journal(JournalReader):
    """The journal's only writer. Any thread may append or read; readers see only what is already durable.

    Opening reads the newest segment alone. Half a record at its end, as a loss of power leaves it, is moved to a
    file `*.torn` and listed in `damages`.
    """

    def __init__(
        self, directory: Path, *, segment_bytes: int = SEGMENT_BYTES, retention: RetentionLimits | None = None
    ) -> None:
        """Open the journal, or create it.

        Raises:
            JournalError: another process is writing it.
            OSError: the directory cannot be written.
        """
        directory.mkdir(parents=True, exist_ok=True)
        self._lock_file = _lock(directory)
        self._segment_bytes = segment_bytes
        self._retention = retention or RetentionLimits()
        self._reader_positions: dict[str, int] = {}
        self._grown = threading.Condition()
        self._writing = threading.Lock()
        self._end = 0
        self._file: int | None = None
        self.removed_unread_bytes = 0
        """Bytes that the hard limit removed before every reader had read them."""
        super().__init__(directory)
        self._starts = list_segments(directory)
        if self._starts:
            self._open_newest()
        self.identity = _identity(directory)
        """A random name, given when the journal was created; a position is valid for this journal only."""

    @property
    def end(self) -> int:
        """The position after the newest durable record."""
        return self._end

    def append(self, records: Iterable[Record]) -> int:
        """Write records, make them durable with one fdatasync, and return the position after them.

        Raises:
            OSError: the disk is full or failing, and none of the records is in the journal; it may be tried again.
            ValueError: a record is too large, and none of the records is in the journal.
        """
        records = list(records)
        if not records:
            return self._end
        data = b"".join(map(encode, records))
        with self._writing:
            segment_count = len(self._starts)
            file = self._file_for(len(data))
            offset = self._end - self._starts[-1]
            try:
                _write_all(file, data, offset)
                os.fdatasync(file)
            except OSError:
                self._truncate(file, offset)
                raise
            with self._grown:
                self._end += len(data)
                self._grown.notify_all()
            if len(self._starts) != segment_count:
                self._retain(records[-1].received_ms)
            return self._end

    def wait(self, position: int, timeout_s: float) -> bool:
        """Wait until there is a record after `position`, and return False if there is none after `timeout_s`."""
        with self._grown:
            return self._grown.wait_for(lambda: self._end > position, timeout_s)

    def report_position(self, reader: str, position: int) -> None:
        """Note that `reader` has dealt with everything before `position`; retention keeps what comes after it.

        A reader reports once before it begins to read, and again whenever its position has moved. Only the hard
        limit removes what a reader has not read.

        A position after the end (the journal was lost, the reader's cursor was not) moves the end to that
        position, so that the reader misses nothing of what is written from now on.
        """
        self._reader_positions[reader] = position
        if position > self._end:
            with self._writing:
                self._close_file()
                self._end = position

    def position_of(self, reader: str) -> int | None:
        """Return the position that `reader` has reported last, or None if it has not reported any."""
        return self._reader_positions.get(reader)

    def retain(self, now_ms: int) -> None:
        """Remove the segments that retention no longer keeps; `append` does so whenever a segment is full."""
        with self._writing:
            self._retain(now_ms)

    def close(self) -> None:
        """Close the journal, so that another process may write it."""
        with self._writing:
            self._close_file()
            if self._lock_file >= 0:
                os.close(self._lock_file)
                self._lock_file = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _whole_end(self) -> int:
        return self._end

    def _refresh(self) -> bool:
        return False  # the writer's list of segments is always current

    def _open_newest(self) -> None:
        start = self._starts[-1]
        path = self._path(start)
        self._file = os.open(path, os.O_RDWR)
        size = os.fstat(self._file).st_size
        whole = 0
        while True:
            span = read_span(self._file, whole, size, 10_000)
            whole = span.offset
            if not span.records:
                break
        self._end = start + whole
        if whole < size:
            aside = path.with_name(f"{self._end:020d}.torn")
            with contextlib.suppress(OSError):  # a full disk must not keep the collector from starting
                aside.write_bytes(os.pread(self._file, size - whole, whole))
            os.ftruncate(self._file, whole)
            os.fsync(self._file)
            self._report(self._end, start + size, f"were torn off at the end and set aside into {aside.name}")
        else:
            os.fdatasync(self._file)  # it may have been written before a kill and never synchronised

    def _file_for(self, size: int) -> int:
        """Return the file to append `size` bytes to, a new one if the newest has no room."""
        if self._file is not None:
            used = self._end - self._starts[-1]
            if used == 0 or used + size <= self._segment_bytes:
                return self._file
            self._close_file()
        self._file = os.open(self._path(self._end), os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o640)
        try:
            _sync_directory(self._directory)
        except OSError:
            self._close_file()
            raise
        if self._end not in self._starts:
            self._starts = [*self._starts, self._end]
        return self._file

    def _truncate(self, file: int, offset: int) -> None:
        """Remove what a failed append left behind; a file that cannot be truncated is not written again."""
        try:
            os.ftruncate(file, offset)
        except OSError:
            self._close_file()

    def _close_file(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _retain(self, now_ms: int) -> None:
        starts = self._starts
        finished = [
            Segment(start, following, self._first_received(following)) for start, following in pairwise(starts)
        ]
        positions = self._reader_positions.copy()  # other threads add to it
        needed = min(positions.values(), default=self._end)
        removable = self._retention.removable(finished, end=self._end, now_ms=now_ms, needed=needed)
        self._starts = starts[len(removable) :]
        for segment in removable:
            unread = segment.end - max(segment.start, needed)
            if unread > 0:
                self.removed_unread_bytes += unread
                _log.error(
                    "journal %s is over its hard limit: %d bytes removed that had not been read by %s",
                    self._directory,
                    unread,
                    ", ".join(name for name, position in positions.items() if position < segment.end),
                )
            self._path(segment.start).unlink(missing_ok=True)


def is_written(directory: Path) -> bool:
    """Return True if a process has the journal open for writing."""
    try:
        file = os.open(directory / "lock", os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False


def _identity(directory: Path) -> str:
    path = directory / "identity"
    with contextlib.suppress(FileNotFoundError):
        if known := path.read_text(encoding="ascii", errors="replace").strip():
            return known
    identity = secrets.token_hex(8)
    atomic_file.write(path, f"{identity}\n".encode())
    _sync_directory(directory)
    return identity


def _lock(directory: Path) -> int:
    file = os.open(directory / "lock", os.O_RDWR | os.O_CREAT, 0o640)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(file)
        raise JournalError(
            f"{directory}: another process writes this journal: stop that collector first"
        ) from None
    return file


def _write_all(file: int, data: bytes, offset: int) -> None:
    rest = memoryview(data)
    while rest:
        written = os.pwrite(file, rest, offset)
        rest = rest[written:]
        offset += written


def _sync_directory(directory: Path) -> None:
    file = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)

"""A backup, taken from files that the collector goes on writing.

The order makes it whole. The store says how far the journal was read, so the journal's end is copied after it:
what came in between is read again, which changes nothing. The journal's finished segments are held by a hard link
before the store is copied, so that retention cannot take what the store's cursor still needs.
"""

import contextlib
import errno
import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec

from pantau_collector.backup.manifest import FORMAT, NAME, BackupError, Manifest, measure
from pantau_collector.data_dir import DataDir
from pantau_collector.journal.reader import list_segments, segment_path
from pantau_collector.journal.record import read_span
from pantau_contract.version import __version__

_NO_LINKS = {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.EACCES}
_RECORDS_AT_ONCE = 10_000
_BUSY_S = 30


def create_backup(data_dir: Path, target: Path, *, has_store: bool, time_ms: int) -> Manifest:
    """Copies what is in `data_dir` to `target`, a folder that is not there yet, or empty.

    Files that are never changed are hard-linked where they lie on the same disk.

    Raises:
        BackupError: it could not be done; `target` is not there then.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BackupError(f"{target} is there already: give a folder that is not, or an empty one")
    if not DataDir(data_dir).journal.is_dir():
        raise BackupError(f"{data_dir} holds no journal: data_dir in the configuration must be the collector's")
    growing = target.with_name(target.name + ".partial")
    try:
        if growing.exists():
            shutil.rmtree(growing)  # one that was broken off
        growing.mkdir(parents=True)
        manifest = _fill(DataDir(data_dir), growing, has_store=has_store, time_ms=time_ms)
        if target.exists():
            target.rmdir()
        growing.rename(target)
        sync(target.parent)
    except (OSError, sqlite3.Error) as error:
        shutil.rmtree(growing, ignore_errors=True)
        raise BackupError(f"the backup to {target} failed: {error}") from None
    return manifest


def _fill(place: DataDir, target: Path, *, has_store: bool, time_ms: int) -> Manifest:
    copy = DataDir(target)
    copy.journal.mkdir()
    _hold_finished(place.journal, copy.journal)
    if has_store:
        _copy_store(place.store, copy.store)
    _copy_if_there(place.influx_cursor, copy.influx_cursor)
    _hold_finished(place.journal, copy.journal)
    end = _copy_newest(place.journal, copy.journal)
    _copy_if_there(place.journal / "identity", copy.journal / "identity")
    for path in _files(place.pictures):
        if path.name.endswith(".jpg"):
            _hold(path, copy.pictures / path.relative_to(place.pictures))
    for path in _files(place.dead_messages.parent):
        _copy_if_there(path, copy.dead_messages.parent / path.name)
    files = {str(path.relative_to(target)): measure(path) for path in _files(target)}
    manifest = Manifest(FORMAT, __version__, time_ms, has_store, end, files)
    (target / NAME).write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=1))
    for path in (*_files(target), *(path for path in target.rglob("*") if path.is_dir()), target):
        sync(path)
    return manifest


def _hold_finished(journal: Path, target: Path) -> None:
    """Every segment but the newest, which alone is written to."""
    for start in list_segments(journal)[:-1]:
        if not segment_path(target, start).exists():
            _hold(segment_path(journal, start), segment_path(target, start))


def _copy_newest(journal: Path, target: Path) -> int:
    """Copies the newest segment up to its last whole record; the journal's end in the copy."""
    starts = list_segments(journal)
    if not starts:
        return 0
    _hold_finished(journal, target)  # one may just have been finished
    start = starts[-1]
    with segment_path(journal, start).open("rb") as file, segment_path(target, start).open("wb") as copy:
        bound = os.fstat(file.fileno()).st_size
        whole = 0
        while True:
            span = read_span(file.fileno(), whole, bound, _RECORDS_AT_ONCE)
            if not span.records:
                break
            os.lseek(file.fileno(), whole, os.SEEK_SET)
            copy.write(os.read(file.fileno(), span.offset - whole))
            whole = span.offset
    return start + whole


def _copy_store(source: Path, target: Path) -> None:
    """By SQLite's online backup, which waits for no writer and lets none wait; checked."""
    if not source.exists():
        raise BackupError(f"{source} is not there: has this collector ever run?")
    with (
        contextlib.closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as original,
        contextlib.closing(sqlite3.connect(target)) as copy,
    ):
        original.execute(f"PRAGMA busy_timeout={_BUSY_S * 1000}")
        original.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, with nothing beside it
        (verdict,) = copy.execute("PRAGMA integrity_check").fetchone()
    if verdict != "ok":
        raise BackupError(f"{source} is damaged: {verdict}")


def _hold(source: Path, target: Path) -> None:
    """Links a file that is never changed, or copies it to another disk; one that has gone since is passed over."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        try:
            target.hardlink_to(source)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            shutil.copy2(source, target)


def _copy_if_there(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        shutil.copy2(source, target)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def sync(path: Path) -> None:
    """Makes a file, or a folder's entries, durable."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)

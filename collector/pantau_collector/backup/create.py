"""Creates a backup from files that the collector goes on writing.

The order of copying makes it consistent. The store says how far the journal was read, so the journal's end is
copied after the store: what arrived in between is read again, which changes nothing. The journal's finished
segments are copied before the store, so that retention cannot remove what the store's cursor still needs.

Nothing is hard-linked: a link shares its owner and its mode with the original, and damage too.
"""

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from pantau_collector.backup import private_files
from pantau_collector.backup.manifest import FORMAT, NAME, BackupError, Manifest, measure
from pantau_collector.data_dir import DataDir
from pantau_collector.journal.reader import list_segments, segment_path
from pantau_collector.journal.record import read_span
from pantau_contract.version import __version__

_RECORDS_PER_READ = 10_000
_ROOM_LEFT = 100_000_000
"""Bytes that a backup leaves free on its disk."""
_BUSY_S = 30
"""Seconds for which the store's copy waits for the collector's transaction."""


def create_backup(
    data_dir: Path,
    target: Path,
    *,
    has_store: bool,
    time_ms: int,
    with_secrets: bool = False,
    with_snapshots: bool = False,
    store_only: bool = False,
) -> Manifest:
    """Copy `data_dir` to `target`, a folder that does not exist yet or is empty. Its owner alone can read it.

    Without `with_secrets` the copy of the store lacks the secret that signs the links in notices. Without
    `with_snapshots` the copy lacks the archive of pictures, which may be a hundred times as large as all else.
    `store_only` copies the store alone: what came after it can be read from the journal once more.

    Raises:
        BackupError: the backup failed, and `target` does not exist.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BackupError(f"{target} is there already: give a folder that is not, or an empty one")
    if store_only and not has_store:
        raise BackupError("the store is in PostgreSQL: back it up by pg_dump")
    if not DataDir(data_dir).journal.is_dir():
        raise BackupError(f"{data_dir} holds no journal: data_dir in the configuration must be the collector's")
    partial = target.with_name(target.name + ".partial")
    try:
        if partial.exists():
            shutil.rmtree(partial)  # left by a backup that was interrupted
        private_files.make_folder(partial)
        place = DataDir(data_dir)
        pictures = [place.pictures, place.outage_pictures, *([place.snapshots] if with_snapshots else [])]
        _check_room([place.store] if store_only else _all_files(place, pictures), place, partial)
        secrets = with_secrets if has_store else False
        if store_only:
            _copy_store(place.store, DataDir(partial).store, with_secrets=with_secrets)
            end = 0
        else:
            end = _fill(place, pictures, partial, has_store=has_store, with_secrets=secrets)
        manifest = _seal(
            partial, has_store=has_store, end=end, with_secrets=secrets, store_only=store_only, time_ms=time_ms
        )
        if target.exists():
            target.rmdir()
        partial.rename(target)
        sync(target.parent)
    except BackupError:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    except (OSError, sqlite3.Error) as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise BackupError(f"the backup to {target} failed: {error}") from None
    return manifest


def _all_files(place: DataDir, pictures: Iterable[Path]) -> list[Path]:
    folders = (place.journal, *pictures, place.dead_messages.parent)
    return [place.store, *(path for folder in folders for path in _files(folder))]


def _check_room(files: list[Path], place: DataDir, target: Path) -> None:
    """Refuse a backup that would fill the disk, on which the collector may be writing.

    Raises:
        BackupError: there is too little room.
    """
    needed = sum(map(_size, files))
    free = shutil.disk_usage(target).free
    if free < needed + _ROOM_LEFT and not private_files.costs_no_space(place.journal / "lock", target):
        raise BackupError(
            f"the backup takes {needed / 1e6:,.0f} MB, and {target.parent} has {free / 1e6:,.0f} MB free: choose a"
            " folder on another disk"
        )


def _fill(place: DataDir, pictures: Iterable[Path], target: Path, *, has_store: bool, with_secrets: bool) -> int:
    """Copy everything, and return where the journal ends in the copy."""
    copy = DataDir(target)
    private_files.make_folder(copy.journal)
    _copy_finished(place.journal, copy.journal)
    _copy_finished(place.journal, copy.journal)  # what was finished while the others were copied
    if has_store:
        _copy_store(place.store, copy.store, with_secrets=with_secrets)
    _copy_if_present(place.influx_cursor, copy.influx_cursor)
    _copy_finished(place.journal, copy.journal)
    end = _copy_newest(place.journal, copy.journal)
    _copy_if_present(place.journal / "identity", copy.journal / "identity")
    for folder in pictures:
        for path in _files(folder):
            if path.name.endswith(".jpg"):
                _copy_if_present(path, target / folder.name / path.relative_to(folder))
    for path in _files(place.dead_messages.parent):
        _copy_if_present(path, copy.dead_messages.parent / path.name)
    return end


def _seal(
    target: Path, *, has_store: bool, end: int, with_secrets: bool, store_only: bool, time_ms: int
) -> Manifest:
    """Write the manifest of what was copied, and make all of it durable."""
    files = {str(path.relative_to(target)): measure(path) for path in _files(target)}
    manifest = Manifest(FORMAT, __version__, time_ms, has_store, end, files, with_secrets, store_only)
    with private_files.create(target / NAME) as file:
        file.write(msgspec.json.format(msgspec.json.encode(manifest), indent=1))
    for path in (*_files(target), *(path for path in target.rglob("*") if path.is_dir()), target):
        sync(path)
    return manifest


def _copy_finished(journal: Path, target: Path) -> None:
    """Copy every segment except the newest, which is the only one that is still written."""
    for start in list_segments(journal)[:-1]:
        if not segment_path(target, start).exists():
            _copy_if_present(segment_path(journal, start), segment_path(target, start))


def _copy_newest(journal: Path, target: Path) -> int:
    """Copy the newest segment up to its last whole record, and return the journal's end in the copy."""
    starts = list_segments(journal)
    if not starts:
        return 0
    _copy_finished(journal, target)  # a segment may have been finished meanwhile
    start = starts[-1]
    with (
        segment_path(journal, start).open("rb") as file,
        private_files.create(segment_path(target, start)) as copy,
    ):
        bound = os.fstat(file.fileno()).st_size
        whole = 0
        while True:
            span = read_span(file.fileno(), whole, bound, _RECORDS_PER_READ)
            if not span.records:
                break
            os.lseek(file.fileno(), whole, os.SEEK_SET)
            copy.write(os.read(file.fileno(), span.offset - whole))
            whole = span.offset
    return start + whole


def _copy_store(source: Path, target: Path, *, with_secrets: bool) -> None:
    """Copy the store by SQLite's online backup, which blocks no writer, and check the copy."""
    if not source.exists():
        raise BackupError(f"{source} is not there: has this collector ever run?")
    private_files.create(target).close()
    with (
        contextlib.closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as original,
        contextlib.closing(sqlite3.connect(target)) as copy,
    ):
        original.execute(f"PRAGMA busy_timeout={_BUSY_S * 1000}")
        original.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # so that the copy is a single file
        if not with_secrets:
            _delete_secrets(copy)
        (result,) = copy.execute("PRAGMA integrity_check").fetchone()
    if result != "ok":
        raise BackupError(f"{source} is damaged: {result}")


def _delete_secrets(copy: sqlite3.Connection) -> None:
    """Delete the secrets, and overwrite where they stood in the file."""
    copy.execute("PRAGMA secure_delete=ON")
    with contextlib.suppress(sqlite3.OperationalError), copy:  # version 1 has no such table
        copy.execute("DELETE FROM secrets")


def _copy_if_present(source: Path, target: Path) -> None:
    """Copy a file; skip one that is gone by now."""
    private_files.make_folder(target.parent)
    with contextlib.suppress(FileNotFoundError):
        private_files.copy(source, target)


def _size(path: Path) -> int:
    """Return a file's size in bytes, 0 if it is gone by now."""
    with contextlib.suppress(FileNotFoundError):
        return path.stat().st_size
    return 0


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def sync(path: Path) -> None:
    """Make a file, or a folder's entries, durable."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)

"""Restores a collector's data from a backup.

Existing data is never deleted, and nothing is put in place before the whole backup has been checked. What is
restored is for its owner alone, whatever the modes in the backup are.
"""

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

from pantau_collector.backup import private_files
from pantau_collector.backup.create import sync
from pantau_collector.backup.manifest import BackupError, Manifest, copy_checked, read_manifest
from pantau_collector.data_dir import DataDir
from pantau_collector.journal.journal import is_written

_STAGING = "restoring"
"""The folder within `data_dir` in which the backup is checked."""
_NAMED = 5
"""Files that an error message names."""


def restore_backup(source: Path, data_dir: Path, *, force: bool, time_ms: int) -> Manifest:
    """Copy a backup into `data_dir`. With `force`, existing data is moved into a folder within `data_dir`.

    Of a backup of the store alone, the existing store is moved, and all else stays.

    Raises:
        BackupError: the backup was not restored, and nothing in `data_dir` has changed.
    """
    manifest = read_manifest(source)
    if is_written(DataDir(data_dir).journal):
        raise BackupError(f"a collector runs on {data_dir}: stop it first")
    staging = data_dir / _STAGING
    try:
        private_files.make_folder(data_dir)
        if staging.exists():
            shutil.rmtree(staging)  # left by a restore that was interrupted
        store = DataDir(data_dir).store.name
        present = [
            path
            for path in data_dir.iterdir()
            if path.name != "lost+found" and (not manifest.store_only or path.name.startswith(store))
        ]
        if present and not force:
            raise BackupError(
                f"{data_dir} is not empty ({', '.join(sorted(path.name for path in present)[:_NAMED])}): with"
                " --force what is there is moved aside, within it"
            )
        _copy(source, manifest, staging)
        _copy_owner(data_dir, staging)
        _move_aside(
            present, data_dir / f"before-restore-{datetime.fromtimestamp(time_ms / 1000, UTC):%Y%m%dT%H%M%S}"
        )
        for path in sorted(staging.iterdir()):
            path.rename(data_dir / path.name)
        staging.rmdir()
        sync(data_dir)
    except OSError as error:
        raise BackupError(f"{source} could not be restored to {data_dir}: {error}") from None
    return manifest


def _copy(source: Path, manifest: Manifest, staging: Path) -> None:
    damaged: list[str] = []
    private_files.make_folder(staging)
    for name, info in manifest.files.items():
        target = staging / name
        private_files.make_folder(target.parent)
        try:
            if not copy_checked(source / name, target, info):
                damaged.append(name)
        except FileNotFoundError:
            damaged.append(f"{name} (missing)")
        else:
            private_files.keep_time(source / name, target)
            sync(target)
    if damaged:
        shutil.rmtree(staging)
        more = f" and {len(damaged) - _NAMED} more" if len(damaged) > _NAMED else ""
        raise BackupError(
            f"{source} is damaged, and nothing was restored: {', '.join(damaged[:_NAMED])}{more} is not what was"
            " backed up; take another backup"
        )
    for folder in (*(path for path in staging.rglob("*") if path.is_dir()), staging):
        sync(folder)


def _copy_owner(data_dir: Path, staging: Path) -> None:
    """Give the files to the owner of `data_dir`: root restores, but the collector runs as another user."""
    if os.geteuid() == 0:
        owner = data_dir.stat()
        for path in (staging, *staging.rglob("*")):
            os.chown(path, owner.st_uid, owner.st_gid)


def _move_aside(present: list[Path], aside: Path) -> None:
    if present:
        private_files.make_folder(aside)
        for path in present:
            if not path.name.startswith("before-restore-"):
                path.rename(aside / path.name)

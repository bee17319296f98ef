"""The archive's files: `directory/{site}/{camera}/{taken}.{why}.{condition}.jpg`."""

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from pantau_collector.pictures import CameraKey
from pantau_collector.snapshots.snapshot import Snapshot, parse_name
from pantau_contract.errors import ContractError
from pantau_contract.snapshot import MAX_SNAPSHOT, read_stamp

BLOCK = 4096
"""Bytes of the disk that the smallest file takes."""
_HALF = "half"
"""The name of a file that is being copied."""
_END = b"\xff\xd9"


def path_of(directory: Path, snapshot: Snapshot) -> Path:
    """Return where a picture is."""
    return directory / snapshot.site / snapshot.camera / snapshot.name


def keep(directory: Path, snapshot: Snapshot, source: Path) -> int:
    """Keep the picture of a file, whole or not at all, and return its size on the disk.

    The file shares its bytes with `source`, which is replaced and never changed; on another disk it is a copy.

    Raises:
        OSError: it is not kept.
    """
    path = path_of(directory, snapshot)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.hardlink_to(source)
    except FileExistsError:
        pass
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK):
            raise
        half = path.with_name(_HALF)
        try:
            shutil.copyfile(source, half)
            half.replace(path)
        finally:
            half.unlink(missing_ok=True)
    return size_on_disk(path)


def size_on_disk(path: Path) -> int:
    """Return what a file takes of the disk, in bytes."""
    return -(-path.stat().st_size // BLOCK) * BLOCK


def read(directory: Path, snapshot: Snapshot) -> bytes | None:
    """Return a picture; None if it is gone, cut off by a loss of power, or shows another camera."""
    try:
        with path_of(directory, snapshot).open("rb") as file:
            jpeg = file.read(MAX_SNAPSHOT + 1)
        about = read_stamp(jpeg)
    except (OSError, ContractError):
        return None
    return jpeg if (about.site, about.camera) == snapshot.key and jpeg.endswith(_END) else None


def remove(directory: Path, snapshot: Snapshot) -> None:
    """Remove a picture, and the folders that it leaves empty.

    Raises:
        OSError: it cannot be removed.
    """
    path = path_of(directory, snapshot)
    path.unlink(missing_ok=True)
    remove_empty(path.parent)


def remove_empty(folder: Path) -> None:
    """Remove a camera's folder if nothing is in it, and then its site's."""
    for each in (folder, folder.parent):
        with contextlib.suppress(OSError):  # it holds other pictures
            each.rmdir()


def cameras(directory: Path) -> Iterator[CameraKey]:
    """Yield every camera that has a folder."""
    for folder in directory.glob("*/*/"):
        yield folder.parent.name, folder.name


def names(directory: Path, key: CameraKey) -> set[str]:
    """Return the names of a camera's files."""
    try:
        return set(os.listdir(directory / key[0] / key[1]))  # noqa: PTH208 - the names alone, of many files
    except (FileNotFoundError, NotADirectoryError):
        return set()


def find(directory: Path, key: CameraKey, name: str) -> Snapshot | None:
    """Return what a file is, or None if it is no picture of ours; what a kill left half written is removed."""
    path = directory / key[0] / key[1] / name
    if name == _HALF:
        path.unlink(missing_ok=True)
        return None
    with contextlib.suppress(OSError):
        return parse_name(key, name, size_on_disk(path))
    return None

"""A backup's manifest: each file with its size and CRC-32. It is written last; without it there is no backup."""

import zlib
from pathlib import Path

import msgspec
from msgspec import Struct

from pantau_collector.backup import private_files

NAME = "manifest.json"
"""The manifest's file name."""
FORMAT = 1
"""The version of the backup's layout."""
_CHUNK = 1 << 20
"""Bytes read from a file at once."""


class BackupError(Exception):
    """A backup could not be created or restored; the text says why and what to do."""


class FileInfo(Struct, frozen=True):
    """A file's size in bytes and its CRC-32."""

    size: int
    crc: int


class Manifest(Struct, frozen=True):
    """A backup's files by their path within it, when it was taken (UTC ms), and the end of its journal.

    If `has_store` is false, the state is in a PostgreSQL database, which is backed up separately. `with_secrets`
    says that the store holds the secret that signs the links in notices, as in every backup of version 0.2.
    `store_only` says that the store is all there is: a restore leaves journal and pictures as they are.
    """

    format: int
    version: str
    taken_ms: int
    has_store: bool
    journal_end: int
    files: dict[str, FileInfo]
    with_secrets: bool = True
    store_only: bool = False

    @property
    def bytes(self) -> int:
        """The size of all files in bytes."""
        return sum(info.size for info in self.files.values())


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a backup.

    Raises:
        BackupError: there is none, or none that this version understands.
    """
    path = folder / NAME
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except FileNotFoundError:
        raise BackupError(f"{folder} is no backup, or one that was broken off: it has no {NAME}") from None
    except (OSError, msgspec.MsgspecError) as error:
        raise BackupError(f"{path} cannot be read: {error}") from None
    if manifest.format != FORMAT:
        raise BackupError(
            f"{path} is of format {manifest.format}, and this program knows {FORMAT}: restore it with version"
            f" {manifest.version} of pantau"
        )
    for name in manifest.files:
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise BackupError(f"{path} names a file outside the backup: {name!r}")
    return manifest


def measure(path: Path) -> FileInfo:
    """Return a file's size and CRC."""
    size = crc = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            size += len(chunk)
            crc = zlib.crc32(chunk, crc)
    return FileInfo(size, crc)


def copy_checked(source: Path, target: Path, info: FileInfo) -> bool:
    """Copy a file, and return True if it matches the manifest. The target is written in either case."""
    size = crc = 0
    with source.open("rb") as file, private_files.create(target) as copy:
        while chunk := file.read(_CHUNK):
            size += len(chunk)
            crc = zlib.crc32(chunk, crc)
            copy.write(chunk)
    return FileInfo(size, crc) == info

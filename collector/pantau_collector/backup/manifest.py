"""What a backup holds: each file with its size and CRC-32. The manifest is written last, and makes the backup."""

import zlib
from pathlib import Path

import msgspec
from msgspec import Struct

NAME = "manifest.json"
FORMAT = 1
_CHUNK = 1 << 20


class BackupError(Exception):
    """A backup could not be taken, or not be restored; the text says why and what to do."""


class FileAbout(Struct, frozen=True):
    """A file's size in bytes and its CRC-32."""

    size: int
    crc: int


class Manifest(Struct, frozen=True):
    """All of a backup, by path within it. `taken_ms` is UTC; `journal_end` where the journal in it ends.

    Without `has_store` the state is in a PostgreSQL, which is backed up by itself.
    """

    format: int
    version: str
    taken_ms: int
    has_store: bool
    journal_end: int
    files: dict[str, FileAbout]

    @property
    def bytes(self) -> int:
        """The size of all files."""
        return sum(about.size for about in self.files.values())


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a backup.

    Raises:
        BackupError: there is none that this version reads.
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


def measure(path: Path) -> FileAbout:
    """A file's size and CRC."""
    size = crc = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            size += len(chunk)
            crc = zlib.crc32(chunk, crc)
    return FileAbout(size, crc)


def copy_checked(source: Path, target: Path, about: FileAbout) -> bool:
    """Copies a file; whether it is what the manifest says. The target is written either way."""
    size = crc = 0
    with source.open("rb") as file, target.open("wb") as copy:
        while chunk := file.read(_CHUNK):
            size += len(chunk)
            crc = zlib.crc32(chunk, crc)
            copy.write(chunk)
    return FileAbout(size, crc) == about

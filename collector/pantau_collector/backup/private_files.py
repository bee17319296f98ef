"""Files that their owner alone can read, whatever the umask: a backup holds pictures of people, and addresses."""

import fcntl
import os
import shutil
from pathlib import Path
from typing import BinaryIO

_FICLONE = 0x40049409
"""Linux's ioctl by which a file shares the blocks of another until either changes (Btrfs, XFS)."""


def make_folder(path: Path) -> None:
    """Create a folder, and those above it, for their owner alone, unless they exist."""
    for folder in (*reversed(path.parents), path):
        if not folder.exists():
            folder.mkdir()
            folder.chmod(0o700)


def create(path: Path) -> BinaryIO:
    """Create a file for its owner alone, and open it for writing.

    Raises:
        FileExistsError: there is such a file.
    """
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    os.fchmod(file, 0o600)
    return os.fdopen(file, "wb")


def copy(source: Path, target: Path) -> None:
    """Copy a file and the time of its last change. No change of one is ever a change of the other.

    Where the file system can, the copy takes no space of its own.
    """
    with source.open("rb") as original, create(target) as made:
        try:
            fcntl.ioctl(made.fileno(), _FICLONE, original.fileno())
        except OSError:
            shutil.copyfileobj(original, made, 1 << 20)
    keep_time(source, target)


def costs_no_space(source: Path, folder: Path) -> bool:
    """Return True if a copy of the file in the folder would share its blocks."""
    try:
        made = os.open(folder, os.O_TMPFILE | os.O_WRONLY, 0o600)
    except OSError:
        return False
    try:
        with source.open("rb") as original:
            fcntl.ioctl(made, _FICLONE, original.fileno())
    except OSError:
        return False
    finally:
        os.close(made)
    return True


def keep_time(source: Path, target: Path) -> None:
    """Give a file the time of another's last change: a picture's is when it was taken."""
    about = source.stat()
    os.utime(target, ns=(about.st_atime_ns, about.st_mtime_ns))

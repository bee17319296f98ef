"""Writes small files that are complete at any instant."""

import errno
import os
from pathlib import Path


def write(path: Path, content: bytes, *, mode: int = 0o666) -> None:
    """Replace a file's content: after a loss of power the file holds the old or the new, never a part.

    `mode` is the mode of a new file, less the process's umask.

    Raises:
        OSError: the file could not be written; the old content is unchanged. Nothing but a file is ever replaced:
            no folder, and no device such as /dev/null, which root could.
    """
    if not path.name or path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "Not a regular file", str(path))
    new = path.with_name(f"{path.name}.new")
    # A symbolic link is not followed: the directory may belong to a user who knows who writes here.
    with open(new, "wb", opener=lambda name, flags: os.open(name, flags | os.O_NOFOLLOW, mode)) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)

"""Files that are small, and whole at any instant."""

import os
from pathlib import Path


def write(path: Path, content: bytes, *, mode: int = 0o666) -> None:
    """Writes a file in place of the one before: after a loss of power there is either of both, never half.

    `mode` is for a file that is not there yet, and the process's umask counts.

    Raises:
        OSError: it could not be written; what was there is there still.
    """
    new = path.with_name(f"{path.name}.new")
    with open(new, "wb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)

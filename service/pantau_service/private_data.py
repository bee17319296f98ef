"""Keeps what a service writes to its own user: messages, pictures of people, secrets."""

import os
from collections.abc import Iterable
from pathlib import Path


def write_privately() -> None:
    """Have every file and folder that this process creates from now on readable by its user alone.

    systemd's `UMask=` does the same; this is for a service that was started without its unit.
    """
    os.umask(0o077)


def close_to_others(paths: Iterable[Path]) -> None:
    """Take everyone else's access from files and folders of this user, as an earlier start may have made them.

    Raises:
        OSError: their modes cannot be changed.
    """
    for path in paths:
        about = path.stat()
        if about.st_uid == os.geteuid() and about.st_mode & 0o007:
            path.chmod(about.st_mode & 0o7770)

"""Requests to the running agent about a camera's remembered view, each an empty file beside the memory.

Only the decode worker writes memories, so that no update is lost. A command submits a request; the worker carries
it out with the camera's next picture and removes the file.
"""

import os
from enum import StrEnum
from pathlib import Path


class ViewRequest(StrEnum):
    """`accept`: take the next picture as the right view. `explain`: write down how it differs from that."""

    ACCEPT = "accept"
    EXPLAIN = "explain"


class ViewRequests:
    """The requests in one directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def submit(self, camera: str, request: ViewRequest) -> None:
        """Submit a request.

        Raises:
            OSError: the directory does not exist or cannot be written.
        """
        # A symbolic link is not followed: the directory is the service's, and this may be root.
        flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        os.close(os.open(self._path(camera, request), flags, 0o666))

    def is_pending(self, camera: str, request: ViewRequest) -> bool:
        """Return whether it was submitted and neither carried out nor withdrawn."""
        return self._path(camera, request).exists()

    def remove(self, camera: str, request: ViewRequest) -> None:
        """Remove a request that was carried out or is withdrawn.

        Raises:
            OSError: the directory cannot be written.
        """
        self._path(camera, request).unlink(missing_ok=True)

    def explanation_path(self, camera: str) -> Path:
        """Return the file that the explanation is written to."""
        return self._directory / f"{camera}.explanation"

    def _path(self, camera: str, request: ViewRequest) -> Path:
        return self._directory / f"{camera}.{request}"

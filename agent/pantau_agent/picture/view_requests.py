"""What a person wishes of the running agent's memory of a camera, said by an empty file beside it.

Only the decode worker writes memories, so that nobody's work is lost: a command leaves a wish, the worker grants
it with the camera's next picture and takes the file away.
"""

from enum import StrEnum
from pathlib import Path


class ViewRequest(StrEnum):
    """`accept`: take the next picture for the right view. `explain`: write down how it differs from it."""

    ACCEPT = "accept"
    EXPLAIN = "explain"


class ViewRequests:
    """The wishes in one directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def submit(self, camera: str, request: ViewRequest) -> None:
        """Leaves a wish.

        Raises:
            OSError: the directory is not there, or may not be written.
        """
        self._path(camera, request).touch()

    def is_pending(self, camera: str, request: ViewRequest) -> bool:
        """Whether it has been made and neither granted nor withdrawn."""
        return self._path(camera, request).exists()

    def remove(self, camera: str, request: ViewRequest) -> None:
        """It was granted, or is withdrawn.

        Raises:
            OSError: the directory may not be written.
        """
        self._path(camera, request).unlink(missing_ok=True)

    def explanation_path(self, camera: str) -> Path:
        """Where the explanation is written."""
        return self._directory / f"{camera}.explanation"

    def _path(self, camera: str, request: ViewRequest) -> Path:
        return self._directory / f"{camera}.{request}"

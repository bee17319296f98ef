"""Where the memories of an agent's cameras are kept: one small file a camera."""

import logging
from pathlib import Path

from pantau_agent.picture.memory import Memory
from pantau_agent.picture.saved import DamagedMemoryError, load, save
from pantau_contract.words.evidence import NO_DETAIL, Detail, detail
from pantau_service import whole_file

_log = logging.getLogger(__name__)
_SUFFIX = ".memory"


class MemoryStore:
    """The memories in one directory, which is made when the first is put there."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def take(self, camera: str) -> tuple[Memory, Detail]:
        """A camera's memory, and what is to be said of it: empty, or that the camera has to be learned anew."""
        path = self._path(camera)
        try:
            return load(path.read_bytes()), NO_DETAIL
        except FileNotFoundError:
            return Memory(), NO_DETAIL
        except (DamagedMemoryError, OSError) as error:
            _log.warning("%s: the picture memory of camera %s is lost, learning it anew: %s", path, camera, error)
            return Memory(), detail("memory_lost", why=error)

    def put(self, camera: str, memory: Memory) -> None:
        """Keeps a camera's memory; the one before stays whole until this one is on the disk.

        Raises:
            OSError: the directory cannot be written.
        """
        self._directory.mkdir(parents=True, exist_ok=True)
        whole_file.replace(self._path(camera), save(memory))

    def _path(self, camera: str) -> Path:
        return self._directory / (camera + _SUFFIX)

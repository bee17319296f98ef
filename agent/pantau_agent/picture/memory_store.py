"""Stores the memories of an agent's cameras: one small file per camera."""

import logging
from pathlib import Path

from pantau_agent.picture.memory import PictureMemory
from pantau_agent.picture.memory_format import DamagedMemoryError, decode_memory, encode_memory
from pantau_contract.words.evidence import NO_DETAIL, Detail, detail
from pantau_service import atomic_file

_log = logging.getLogger(__name__)
_SUFFIX = ".memory"


class MemoryStore:
    """The memories in one directory, which is created with the first one."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def load(self, camera: str) -> tuple[PictureMemory, Detail]:
        """Return a camera's memory and a note, which is empty unless the memory was lost."""
        path = self._path(camera)
        try:
            return decode_memory(path.read_bytes()), NO_DETAIL
        except FileNotFoundError:
            return PictureMemory(), NO_DETAIL
        except (DamagedMemoryError, OSError) as error:
            _log.warning("%s: the picture memory of camera %s is lost, learning it anew: %s", path, camera, error)
            return PictureMemory(), detail("memory_lost", why=error)

    def save(self, camera: str, memory: PictureMemory) -> None:
        """Save a camera's memory. The previous one stays intact until this one is on disk.

        Raises:
            OSError: the directory cannot be written.
        """
        self._directory.mkdir(parents=True, exist_ok=True)
        atomic_file.write(self._path(camera), encode_memory(memory))

    def _path(self, camera: str) -> Path:
        return self._directory / (camera + _SUFFIX)

"""The agent's files about its cameras' views: memories, requests of commands, and the answers to them.

The decode worker opens no files. So the agent sends it a camera's memory with the first picture, and writes what
comes back, without reading it: it comes from a process that handles strangers' pictures.
"""

import logging
from pathlib import Path

import msgspec

from pantau_agent.picture.exchange import Job, JobResult
from pantau_agent.picture.view_requests import ViewRequest, ViewRequests
from pantau_service import atomic_file

MAX_BYTES = 40_000
"""Most bytes of one memory."""
_SUFFIX = ".memory"

_log = logging.getLogger(__name__)


def memory_path(directory: Path, camera: str) -> Path:
    """Return the file of a camera's memory."""
    return directory / (camera + _SUFFIX)


class MemoryFiles:
    """The files in one directory, which is created, so that commands can leave requests in it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._requests = ViewRequests(directory)
        self._sent: set[str] = set()
        self._known: set[str] = set()
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            _log.warning("%s cannot be made: what is learned of the cameras is not kept: %s", directory, error)

    def forget_worker(self) -> None:
        """Send each memory again with the next picture, because there is a new worker, which knows none."""
        self._sent.clear()

    def complete(self, job: Job) -> Job:
        """Return the job with the camera's memory, if the worker does not have it, and with pending requests."""
        camera = job.camera
        memory = None
        if camera not in self._sent:
            memory = self._read(camera)
            self._sent.add(camera)
        self._known.add(camera)
        return msgspec.structs.replace(
            job,
            kept=True,
            memory=memory,
            accept=self._requests.is_pending(camera, ViewRequest.ACCEPT),
            explain=self._requests.is_pending(camera, ViewRequest.EXPLAIN),
        )

    def keep(self, camera: str, result: JobResult) -> None:
        """Write what came back with the result of a camera's job."""
        self._sent.discard(result.evicted)
        self.write(result.memories)
        try:
            if result.explanation is not None:
                result.explanation.write(self._requests.explanation_path(camera))
                self._requests.remove(camera, ViewRequest.EXPLAIN)
            if result.accepted:
                self._requests.remove(camera, ViewRequest.ACCEPT)
        except OSError as error:
            _log.warning("camera %s: a request about its picture memory failed: %s", camera, error)

    def write(self, memories: dict[str, bytes]) -> None:
        """Write memories, by camera."""
        for camera, memory in memories.items():
            if camera not in self._known or len(memory) > MAX_BYTES:
                continue  # no worker of ours sends that
            try:
                self._directory.mkdir(parents=True, exist_ok=True)
                atomic_file.write(memory_path(self._directory, camera), memory)
            except OSError as error:
                _log.warning("the picture memory of camera %s cannot be written: %s", camera, error)

    def _read(self, camera: str) -> bytes | None:
        path = memory_path(self._directory, camera)
        try:
            with path.open("rb") as file:
                return file.read(MAX_BYTES + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            _log.warning("%s: the picture memory of camera %s cannot be read: %s", path, camera, error)
            return None

"""The judges of the decode worker and the files of the agent, as they work together, in one process."""

from pathlib import Path

import msgspec

from pantau_agent.picture.exchange import Job, JobResult
from pantau_agent.picture.judge_pool import JudgePool
from pantau_agent.picture.memory import PictureMemory
from pantau_agent.picture.memory_files import MemoryFiles, memory_path
from pantau_agent.picture.memory_format import decode_memory
from pantau_agent.picture.settings import PictureSettings
from pantau_agent.picture.verdict import Verdict
from tests.agent.picture.street import INTERVAL_S, Picture

QUICK = PictureSettings(learning_s=0)


class KeptJudges:
    """Judges whose memories are kept in a directory; without one, nothing is kept. `now` is the worker's clock."""

    def __init__(self, directory: Path | None = None) -> None:
        self.now = 0.0
        self._files = MemoryFiles(directory) if directory is not None else None
        self._pool = JudgePool(monotonic=lambda: self.now)

    def judged(self, picture: Picture | None, k: int, camera: str = "gate") -> Verdict:
        """Judge the camera's k-th picture."""
        job = Job(k, camera, "h264", b"", k * INTERVAL_S * 1000, INTERVAL_S, False, QUICK)
        if self._files is not None:
            job = over_the_pipe(self._files.complete(job))
        outcome = self._pool.judge(job, picture, damaged=False)
        if self._files is not None:
            parts = (outcome.memories, outcome.evicted, outcome.explanation, outcome.accepted)
            self._files.keep(
                camera,
                JobResult(k, 0, 0, None, None, {}, outcome.verdict.reason, None, outcome.verdict.reason, *parts),
            )
        return outcome.verdict

    def save(self) -> None:
        """Write what was learned, as at the agent's end."""
        for memories in self._pool.memories():
            if self._files is not None:
                self._files.write(memories)


def over_the_pipe(job: Job) -> Job:
    """Return the job as the worker decodes it."""
    return msgspec.msgpack.decode(msgspec.msgpack.encode(job), type=Job)


def saved(directory: Path, camera: str = "gate") -> PictureMemory:
    """Return a camera's memory on the disk; an empty one if there is none."""
    path = memory_path(directory, camera)
    return decode_memory(path.read_bytes()) if path.exists() else PictureMemory()

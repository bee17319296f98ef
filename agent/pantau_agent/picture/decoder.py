"""The agent's side of the decode worker: starts it, asks it, ends it when it takes too long, starts it anew."""

import asyncio
import contextlib
import logging
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from pantau_agent.clock import Clock
from pantau_agent.picture.exchange import LENGTH, MAX_MESSAGE, Job, JobResult, PictureError, pack
from pantau_agent.picture.settings import PictureSettings
from pantau_agent.picture.verdict import Verdict
from pantau_agent.streams.keyframe import Keyframe
from pantau_contract.words.evidence import NO_DETAIL, Detail, detail

DEADLINE_S = 10.0
"""For one picture; a 4K keyframe takes a second on a small machine."""
START_S = 30.0
"""For the worker to load its libraries."""
LEAVE_S = 3.0
"""For the worker to write down what it learned, at the end."""
PAUSE_S = 30.0
"""Between two tries to start a worker that does not start."""

COMMAND = (sys.executable, "-m", "pantau_agent.picture.worker")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class JudgedPicture:
    """What a keyframe showed. `error` tells why there is no picture; `verdict` is None where nobody can tell."""

    verdict: Verdict | None
    jpeg: bytes | None = field(default=None, repr=False)
    width: int | None = None
    height: int | None = None
    error: PictureError | None = None
    detail: Detail = NO_DETAIL


class _WorkerDiedError(Exception):
    pass


class _Worker:
    """One worker process. Answers that nobody waits for any more are dropped."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self._waiting: dict[int, asyncio.Future[JobResult]] = {0: asyncio.get_running_loop().create_future()}
        self._reading = asyncio.create_task(self._read())

    @property
    def alive(self) -> bool:
        return not self._reading.done()

    async def ready(self) -> None:
        await self._waiting[0]

    async def ask(self, job: Job) -> JobResult:
        """Raises `_WorkerDiedError` when it dies of it."""
        answer: asyncio.Future[JobResult] = asyncio.get_running_loop().create_future()
        self._waiting[job.id] = answer
        try:
            assert self.process.stdin is not None  # noqa: S101 # for the type checker: it was opened as a pipe
            with contextlib.suppress(OSError):  # then it has died, which the reading side tells
                self.process.stdin.write(pack(job))
                await self.process.stdin.drain()
            if not self.alive:
                raise _WorkerDiedError
            return await answer
        finally:
            self._waiting.pop(job.id, None)

    async def leave(self, within_s: float) -> None:
        """Lets it end by itself."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self.process.wait()

    async def end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self._reading.cancel()
        await self.process.wait()

    async def _read(self) -> None:
        assert self.process.stdout is not None  # noqa: S101 # for the type checker: it was opened as a pipe
        decoder = msgspec.msgpack.Decoder(JobResult)
        try:
            while True:
                (length,) = LENGTH.unpack(await self.process.stdout.readexactly(LENGTH.size))
                if length > MAX_MESSAGE:
                    return
                answer = decoder.decode(await self.process.stdout.readexactly(length))
                waiting = self._waiting.get(answer.id)
                if waiting is not None and not waiting.done():
                    waiting.set_result(answer)
        except (asyncio.IncompleteReadError, msgspec.DecodeError, OSError):
            return
        finally:
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(_WorkerDiedError())
                    waiting.exception()  # it is no error if nobody waits


class Decoder:
    """`async with Decoder(clock) as decoder: look = await decoder.look("gate", keyframe)`.

    One picture at a time, in the order they were asked for. A picture of a camera that still waits gives way to a
    newer one of the same camera. The worker is started at the first picture. `memories` is the directory where it
    keeps what it remembers of the cameras, `settings` says by camera how its pictures are judged.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        memories: Path | None = None,
        settings: Mapping[str, PictureSettings] | None = None,
        deadline_s: float = DEADLINE_S,
        command: Sequence[str] = COMMAND,
    ) -> None:
        self._clock = clock
        self._settings = settings or {}
        self._deadline_s = deadline_s
        self._command = (*command, str(memories)) if memories is not None else command
        self._worker: _Worker | None = None
        self._turn = asyncio.Lock()
        self._newest: dict[str, int] = {}
        self._jobs = 0
        self._not_before = 0.0
        self.restarts = 0

    async def judge(
        self, camera: str, keyframe: Keyframe, *, interval_s: float = 30.0, static_stream: bool = False
    ) -> JudgedPicture:
        """Decodes and judges the camera's latest keyframe. `interval_s` is how often that is meant to be done.

        `still` says that the stream's own sizes look as those of a picture that does not change.

        Never raises for what a picture does: a worker that dies or hangs costs one `Look` with an error.
        """
        self._jobs += 1
        number = self._newest[camera] = self._jobs
        time_ms = self._clock.time_ms()
        async with self._turn:
            if self._newest.get(camera) != number:
                return JudgedPicture(None, error=PictureError.UNAVAILABLE, detail=detail("overtaken"))
            worker = await self._ready_worker()
            if worker is None:
                return JudgedPicture(None, error=PictureError.UNAVAILABLE, detail=detail("no_decoder"))
            settings = self._settings.get(camera, PictureSettings())
            job = Job(
                number,
                camera,
                keyframe.codec,
                keyframe.data,
                time_ms,
                interval_s,
                keyframe.damaged,
                settings,
                static_stream,
            )
            try:
                async with asyncio.timeout(self._deadline_s):
                    return _look(await worker.ask(job))
            except TimeoutError:
                how = detail("slow_decoder", seconds=f"{self._deadline_s:g}")
            except _WorkerDiedError:
                how = detail("decoder_died")
            _log.warning("camera %s: %s; the decode worker is started anew", camera, how)
            self.restarts += 1
            await self._end_worker()
            return JudgedPicture(None, error=PictureError.CRASHED, detail=how)

    async def close(self) -> None:
        """Ends the worker, once it has written down what it learned."""
        if self._worker is not None:
            await self._worker.leave(LEAVE_S)
        await self._end_worker()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _ready_worker(self) -> _Worker | None:
        """The worker, started if there is none; None where it does not start."""
        if self._worker is not None and self._worker.alive:
            return self._worker
        await self._end_worker()
        if self._clock.monotonic() < self._not_before:
            return None
        pipe = asyncio.subprocess.PIPE
        try:
            process = await asyncio.create_subprocess_exec(*self._command, stdin=pipe, stdout=pipe)
            self._worker = _Worker(process)
            async with asyncio.timeout(START_S):
                await self._worker.ready()
        except (OSError, _WorkerDiedError) as error:
            _log.error(
                "the decode worker does not start: %s; pictures are not judged", error or "see its own words"
            )  # no trace: it is not of our process
            self._not_before = self._clock.monotonic() + PAUSE_S
            await self._end_worker()
            return None
        return self._worker

    async def _end_worker(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            await worker.end()


def _look(answer: JobResult) -> JudgedPicture:
    verdict = Verdict(answer.cause, answer.evidence, answer.reason)
    if answer.error is not None:
        return JudgedPicture(verdict, error=answer.error, detail=answer.detail)
    return JudgedPicture(verdict, answer.jpeg, answer.width, answer.height)

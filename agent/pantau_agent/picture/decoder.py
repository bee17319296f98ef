"""The agent's side of the decode worker: starts it, sends it jobs, kills it if it takes too long, restarts it."""

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
import psutil

from pantau_agent.clock import Clock
from pantau_agent.picture.exchange import LAST, LENGTH, MAX_MESSAGE, Job, JobResult, PictureError, pack
from pantau_agent.picture.explanation import Explanation
from pantau_agent.picture.memory_files import MemoryFiles
from pantau_agent.picture.settings import PictureSettings
from pantau_agent.picture.turns import Turns
from pantau_agent.picture.verdict import Verdict
from pantau_agent.sandbox import child
from pantau_agent.streams.keyframe import Keyframe
from pantau_agent.streams.refusal import printable
from pantau_contract.words.evidence import NO_DETAIL, Detail, detail

DEADLINE_S = 10.0
"""Seconds for one picture; a 4K keyframe takes a second on a small machine."""
CPU_DEADLINE_S = 5.0
"""Processor seconds that a picture gets, if the worker gets to run so little that `DEADLINE_S` are too few."""
STARVED_S = 60.0
"""Seconds after which it is given up in that case: nothing is known of the picture then."""
CRASH_COST_S = 15.0
"""What a picture that ends the worker counts as, in processor seconds: another one has to load its libraries.

One such picture leaves its camera within its budget, a second one soon after does not.
"""
START_S = 30.0
"""Seconds for the worker to load its libraries."""
SHUTDOWN_S = 3.0
"""Seconds for the worker to save what it learned when the agent stops."""
RETRY_S = 30.0
"""Seconds between two attempts to start a worker that does not start."""

COMMAND = (sys.executable, "-P", "-s", "-m", "pantau_agent.picture.worker")
"""The worker's command line. It takes no module from the folder in which a command was called."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class JudgedPicture:
    """The outcome of decoding and judging one keyframe.

    `error` is why there is no picture. `verdict` is None if the picture could not be judged.
    """

    verdict: Verdict | None
    jpeg: bytes | None = field(default=None, repr=False)
    width: int | None = None
    height: int | None = None
    error: PictureError | None = None
    detail: Detail = NO_DETAIL


class _WorkerDiedError(Exception):
    """The worker process ended."""


class _StarvedError(Exception):
    """The worker process did not get to run."""


class _Worker:
    """One worker process. Results that nobody waits for any more are dropped.

    `learned` is what it sent after the end of its input, by camera.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.learned: dict[str, bytes] = {}
        self._waiting: dict[int, asyncio.Future[JobResult]] = {0: asyncio.get_running_loop().create_future()}
        self._reading = asyncio.create_task(self._read())
        self._logging = asyncio.create_task(child.log_errors(process, "decode worker"))

    @property
    def alive(self) -> bool:
        return not self._reading.done()

    def cpu_s(self) -> float:
        """Return the processor seconds that it has used so far; 0 if that is not known."""
        with contextlib.suppress(psutil.Error):
            times = psutil.Process(self.process.pid).cpu_times()
            return times.user + times.system
        return 0.0

    def wants_to_run(self) -> bool:
        """Return whether it has work, and is not stopped or asleep."""
        with contextlib.suppress(psutil.Error):
            return psutil.Process(self.process.pid).status() in {psutil.STATUS_RUNNING, psutil.STATUS_DISK_SLEEP}
        return False

    async def ready(self) -> str:
        """Wait until it is ready; return why the kernel does not filter its system calls, or nothing."""
        return printable((await self._waiting[0]).unfiltered)

    async def ask(self, job: Job) -> JobResult:
        """Return the result of a job. Raises `_WorkerDiedError` if the worker ends before it answers."""
        answer: asyncio.Future[JobResult] = asyncio.get_running_loop().create_future()
        self._waiting[job.id] = answer
        try:
            assert self.process.stdin is not None  # noqa: S101 # for the type checker: it was opened as a pipe
            with contextlib.suppress(OSError):  # it has died, which the reading task reports
                self.process.stdin.write(pack(job))
                await self.process.stdin.drain()
            if not self.alive:
                raise _WorkerDiedError
            return await answer
        finally:
            self._waiting.pop(job.id, None)

    async def shut_down(self, within_s: float) -> None:
        """Let the worker send what it learned and end by itself, for at most `within_s` seconds."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await asyncio.shield(self._reading)
                await self.process.wait()

    async def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self._reading.cancel()
        await self.process.wait()
        await asyncio.wait({self._reading, self._logging}, timeout=1)
        self._logging.cancel()

    async def _read(self) -> None:
        assert self.process.stdout is not None  # noqa: S101 # for the type checker: it was opened as a pipe
        decoder = msgspec.msgpack.Decoder(JobResult)
        try:
            while True:
                (length,) = LENGTH.unpack(await self.process.stdout.readexactly(LENGTH.size))
                if length > MAX_MESSAGE:
                    return
                answer = decoder.decode(await self.process.stdout.readexactly(length))
                if answer.id == LAST:
                    self.learned |= answer.memories
                waiting = self._waiting.get(answer.id)
                if waiting is not None and not waiting.done():
                    waiting.set_result(answer)
        except (asyncio.IncompleteReadError, msgspec.DecodeError, OSError):
            return
        finally:
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(_WorkerDiedError())
                    waiting.exception()  # marks it as retrieved: nobody may be waiting


class Decoder:
    """Decodes and judges keyframes in a worker process.

        async with Decoder(clock) as decoder:
            picture = await decoder.judge("gate", keyframe)

    Pictures are judged one at a time, as `Turns` says. A picture that still waits is dropped for a newer one of
    the same camera. The worker is started for the first picture. `memories` is the directory where what it
    remembers of the cameras is kept; `settings` says, by camera, how pictures are judged.
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
        self._command = command
        self._files = MemoryFiles(memories) if memories is not None else None
        self._filter_told = False
        self._worker: _Worker | None = None
        self._turns = Turns(clock.monotonic)
        self._newest: dict[str, int] = {}
        self._jobs = 0
        self._retry_at = 0.0
        self.restarts = 0

    async def judge(
        self, camera: str, keyframe: Keyframe, *, interval_s: float = 30.0, static_stream: bool = False
    ) -> JudgedPicture:
        """Decode and judge the camera's latest keyframe.

        `interval_s` is how often that is intended to happen. `static_stream` says that the sizes of the stream's
        frames look like those of a picture that does not change.

        Never raises because of a picture: a worker that dies or hangs costs one `JudgedPicture` with an error.
        """
        self._jobs += 1
        number = self._newest[camera] = self._jobs
        time_ms = self._clock.time_ms()
        async with self._turns.turn(camera):
            if self._newest.get(camera) != number:
                return JudgedPicture(None, error=PictureError.UNAVAILABLE, detail=detail("overtaken"))
            if self._turns.is_over_budget(camera):
                return JudgedPicture(None, error=PictureError.UNAVAILABLE, detail=detail("costly_pictures"))
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
            error = PictureError.CRASHED
            try:
                if self._files is not None:
                    job = self._files.complete(job)
                result = await self._result_of(job, worker)
                if self._files is not None:
                    await asyncio.to_thread(self._files.keep, camera, result)
                return _judged(result)
            except TimeoutError:
                reason = detail("slow_decoder", seconds=f"{self._deadline_s:g}")
            except _WorkerDiedError:
                reason = detail("decoder_died")
            except _StarvedError:
                error, reason = PictureError.UNAVAILABLE, detail("starved_decoder", seconds=f"{STARVED_S:g}")
            if error is PictureError.CRASHED:
                self._turns.charge(camera, CRASH_COST_S)
            _log.warning("camera %s: %s; the decode worker is restarted", camera, reason)
            self.restarts += 1
            await self._kill_worker()
            return JudgedPicture(None, error=error, detail=reason)

    async def explain(
        self, camera: str, keyframe: Keyframe, memory: bytes | None, settings: PictureSettings
    ) -> tuple[Explanation | None, Detail]:
        """Return how a picture differs from the remembered view in a `memory`, or None and why not.

        Nothing is learned from it.
        """
        async with self._turns.turn(camera):
            worker = await self._ready_worker()
            if worker is None:
                return None, detail("no_decoder")
            self._jobs += 1
            job = Job(
                self._jobs, camera, keyframe.codec, keyframe.data, self._clock.time_ms(), 30.0, False, settings
            )
            try:
                result = await self._result_of(msgspec.structs.replace(job, memory=memory, explain=True), worker)
            except TimeoutError:
                reason = detail("slow_decoder", seconds=f"{self._deadline_s:g}")
            except _WorkerDiedError:
                reason = detail("decoder_died")
            except _StarvedError:
                reason = detail("starved_decoder", seconds=f"{STARVED_S:g}")
            else:
                return result.explanation, result.detail or result.reason
            await self._kill_worker()
            return None, reason

    async def close(self) -> None:
        """End the worker, and write what it learned."""
        if self._worker is not None:
            await self._worker.shut_down(SHUTDOWN_S)
            if self._files is not None:
                await asyncio.to_thread(self._files.write, self._worker.learned)
        await self._kill_worker()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _result_of(self, job: Job, worker: _Worker) -> JobResult:
        """Return the worker's result; the camera is charged with what it took.

        Raises:
            TimeoutError: the picture takes too long.
            _StarvedError: the worker does not get to run, which is not the picture's fault.
            _WorkerDiedError: the worker ended.
        """
        begun, used_s = self._clock.monotonic(), worker.cpu_s()
        asking = asyncio.create_task(worker.ask(job))
        wait_s = self._deadline_s
        try:
            while not (await asyncio.wait({asking}, timeout=wait_s))[0]:
                listened_s = self._clock.monotonic() - begun - self._clock.lost_since(begun)
                starved = worker.wants_to_run() and worker.cpu_s() - used_s < CPU_DEADLINE_S
                if listened_s >= self._deadline_s and not starved:
                    raise TimeoutError
                if listened_s >= STARVED_S:
                    raise _StarvedError
                wait_s = 1.0
            return asking.result()
        finally:
            asking.cancel()
            self._turns.charge(job.camera, max(0.0, worker.cpu_s() - used_s))

    async def _ready_worker(self) -> _Worker | None:
        """Return the worker, started if necessary, or None if it does not start."""
        if self._worker is not None and self._worker.alive:
            return self._worker
        await self._kill_worker()
        if self._clock.monotonic() < self._retry_at:
            return None
        try:
            self._worker = _Worker(await child.start(self._command))
            async with asyncio.timeout(START_S):
                unfiltered = await self._worker.ready()
        except (OSError, _WorkerDiedError) as error:
            _log.error(
                "the decode worker does not start: %s; pictures are not judged", error or "see its own output"
            )  # no traceback: the error is not in this process
            self._retry_at = self._clock.monotonic() + RETRY_S
            await self._kill_worker()
            return None
        if unfiltered and not self._filter_told:
            self._filter_told = True
            _log.warning(
                "this machine's kernel does not filter the decode worker's system calls (%s): "
                "whoever breaks into it by a picture finds more to go on with",
                unfiltered,
            )
        return self._worker

    async def _kill_worker(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            await worker.kill()
        if self._files is not None:
            self._files.forget_worker()


def _judged(answer: JobResult) -> JudgedPicture:
    verdict = Verdict(answer.cause, answer.evidence, answer.reason)
    if answer.error is not None:
        return JudgedPicture(verdict, error=answer.error, detail=answer.detail)
    return JudgedPicture(verdict, answer.jpeg, answer.width, answer.height)

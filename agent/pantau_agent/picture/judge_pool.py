"""The judges of all cameras, and what requests ask of them. It runs in the decode worker, and opens no files."""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pantau_agent.picture.confirmation import THRESHOLD
from pantau_agent.picture.exchange import Job
from pantau_agent.picture.explanation import Explanation
from pantau_agent.picture.explanation_image import explanation_image
from pantau_agent.picture.frame import UnusablePictureError
from pantau_agent.picture.judge import WHOLE_PICTURE, Judge
from pantau_agent.picture.memory import PictureMemory
from pantau_agent.picture.memory_format import DamagedMemoryError, decode_memory, encode_memory
from pantau_agent.picture.verdict import Verdict
from pantau_contract.words.evidence import NO_DETAIL, Detail, detail

MAX_CAMERAS = 1024
"""Judges in memory at a time."""
SAVE_S = 3600.0
"""Seconds between two saves of a camera's memory: an SD card's life against an hour of learning."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Outcome:
    """The verdict on a picture, and what the agent has to do: write `memories`, and answer requests.

    `evicted` is a camera that is no longer known here.
    """

    verdict: Verdict
    memories: dict[str, bytes] = field(default_factory=dict)
    evicted: str = ""
    explanation: Explanation | None = None
    accepted: bool = False


class JudgePool:
    """The judges of all cameras; the least recently used are evicted."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._judges: OrderedDict[str, Judge] = OrderedDict()
        self._kept: dict[str, bool] = {}
        self._saved_s: dict[str, float] = {}
        self._monotonic = monotonic

    def judge(self, job: Job, picture: NDArray[np.uint8] | None, *, damaged: bool) -> Outcome:
        """Judge a camera's picture. A bug in the judge is not held against the camera."""
        outcome = Outcome(Verdict(None, {}))
        judge = self._judge_of(job, outcome)
        try:
            outcome.verdict = judge.update(picture, job.time_ms, damaged=damaged, static_stream=job.static_stream)
            if picture is not None:
                self._carry_out(job, judge, picture, outcome)
        except Exception:  # noqa: BLE001 # whatever the bug, the camera is not to blame
            _log.exception("camera %s: the judge of pictures failed", job.camera)
            outcome.verdict = Verdict(None, {}, detail("cannot_tell", why=detail("judge_failed")))
            return outcome
        if self._monotonic() - self._saved_s[job.camera] >= SAVE_S:
            outcome.memories |= self._memory_of(job.camera)
        return outcome

    def memories(self) -> Iterator[dict[str, bytes]]:
        """Yield the memory of each camera, by its name."""
        for camera in self._judges:
            yield self._memory_of(camera)

    def _judge_of(self, job: Job, outcome: Outcome) -> Judge:
        judge = self._judges.get(job.camera)
        if judge is None:
            memory, note = _remembered(job)
            memory.hide(job.settings.private)
            judge = self._judges[job.camera] = Judge(
                job.interval_s, job.settings, memory, note, short_lived=not job.kept
            )
            self._kept[job.camera] = job.kept
            self._saved_s[job.camera] = self._monotonic()
        self._judges.move_to_end(job.camera)
        if len(self._judges) > MAX_CAMERAS:
            oldest = next(iter(self._judges))
            outcome.memories |= self._memory_of(oldest)
            outcome.evicted = oldest
            del self._judges[oldest]
        return judge

    def _memory_of(self, camera: str) -> dict[str, bytes]:
        self._saved_s[camera] = self._monotonic()
        memory = self._judges[camera].memory
        return {camera: encode_memory(memory)} if self._kept[camera] and memory.references else {}

    def _carry_out(self, job: Job, judge: Judge, picture: NDArray[np.uint8], outcome: Outcome) -> None:
        """Carry out pending requests. They stay pending until a picture shows a view at all."""
        verdict = outcome.verdict
        try:
            if job.explain:
                jpeg = explanation_image(judge.memory, picture, job.settings)
                outcome.explanation = Explanation(verdict.cause, dict(verdict.evidence), verdict.reason, jpeg)
            no_view = any(verdict.evidence.get(str(cause), 0.0) >= THRESHOLD for cause in WHOLE_PICTURE)
            if job.accept and not no_view:
                judge.accept(picture)
                outcome.memories |= self._memory_of(job.camera)
                outcome.accepted = True
                outcome.verdict = Verdict(None, {}, detail("accepted"))
        except UnusablePictureError as error:
            _log.warning("camera %s: a request about its picture memory failed: %s", job.camera, error)


def _remembered(job: Job) -> tuple[PictureMemory, Detail]:
    """Return the memory that came with the job and a note, which is empty unless the memory is damaged."""
    if job.memory is None:
        return PictureMemory(), NO_DETAIL
    try:
        return decode_memory(job.memory), NO_DETAIL
    except DamagedMemoryError as error:
        _log.warning("the picture memory of camera %s is lost, learning it anew: %s", job.camera, error)
        return PictureMemory(), detail("memory_lost", why=error)

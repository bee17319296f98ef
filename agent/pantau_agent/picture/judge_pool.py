"""The judges of all cameras, their memories on disk, and the requests that commands leave for them."""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pantau_agent.picture.confirmation import THRESHOLD
from pantau_agent.picture.exchange import Job
from pantau_agent.picture.explanation import Explanation
from pantau_agent.picture.explanation_image import explanation_image
from pantau_agent.picture.frame import UnusablePictureError
from pantau_agent.picture.judge import WHOLE_PICTURE, Judge
from pantau_agent.picture.memory import PictureMemory
from pantau_agent.picture.memory_store import MemoryStore
from pantau_agent.picture.verdict import Verdict
from pantau_agent.picture.view_requests import ViewRequest, ViewRequests
from pantau_contract.words.evidence import NO_DETAIL, detail

MAX_CAMERAS = 1024
"""Judges in memory at a time."""
SAVE_S = 1800.0
"""Seconds between two saves of a camera's memory: an SD card's life against half an hour of learning."""

_log = logging.getLogger(__name__)


class JudgePool:
    """The judges of all cameras; the least recently used are evicted.

    Without a `directory` nothing outlives the process.
    """

    def __init__(self, directory: Path | None = None, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._judges: OrderedDict[str, Judge] = OrderedDict()
        self._saved_s: dict[str, float] = {}
        self._store = MemoryStore(directory) if directory is not None else None
        self._requests = ViewRequests(directory) if directory is not None else None
        self._monotonic = monotonic
        if directory is not None:
            _create(directory)

    def judge(self, job: Job, picture: NDArray[np.uint8] | None, *, damaged: bool) -> Verdict:
        """Return the verdict on a camera's picture. A bug in the judge is not held against the camera."""
        judge = self._judge_of(job)
        try:
            verdict = judge.update(picture, job.time_ms, damaged=damaged, static_stream=job.static_stream)
            if picture is not None:
                verdict = self._carry_out(job, judge, picture, verdict)
        except Exception:  # noqa: BLE001 # whatever the bug, the camera is not to blame
            _log.exception("camera %s: the judge of pictures failed", job.camera)
            return Verdict(None, {}, detail("cannot_tell", why=detail("judge_failed")))
        if self._monotonic() - self._saved_s[job.camera] >= SAVE_S:
            self._save(job.camera)
        return verdict

    def save(self) -> None:
        """Save the memories of all cameras."""
        for camera in self._judges:
            self._save(camera)

    def _judge_of(self, job: Job) -> Judge:
        judge = self._judges.get(job.camera)
        if judge is None:
            memory, note = self._store.load(job.camera) if self._store else (PictureMemory(), NO_DETAIL)
            judge = self._judges[job.camera] = Judge(
                job.interval_s, job.settings, memory, note, short_lived=self._store is None
            )
            self._saved_s[job.camera] = self._monotonic()
        self._judges.move_to_end(job.camera)
        if len(self._judges) > MAX_CAMERAS:
            oldest = next(iter(self._judges))
            self._save(oldest)
            del self._judges[oldest]
        return judge

    def _save(self, camera: str) -> None:
        self._saved_s[camera] = self._monotonic()
        memory = self._judges[camera].memory
        if self._store is None or not memory.references:
            return
        try:
            self._store.save(camera, memory)
        except OSError as error:
            _log.warning("the picture memory of camera %s cannot be written: %s", camera, error)

    def _carry_out(self, job: Job, judge: Judge, picture: NDArray[np.uint8], verdict: Verdict) -> Verdict:
        """Carry out pending requests. They stay pending until a picture shows a view at all."""
        camera = job.camera
        if self._requests is None:
            return verdict
        try:
            if self._requests.is_pending(camera, ViewRequest.EXPLAIN):
                jpeg = explanation_image(judge.memory, picture, job.settings)
                explanation = Explanation(verdict.cause, verdict.evidence, verdict.reason, jpeg)
                explanation.write(self._requests.explanation_path(camera))
                self._requests.remove(camera, ViewRequest.EXPLAIN)
            no_view = any(verdict.evidence.get(str(cause), 0.0) >= THRESHOLD for cause in WHOLE_PICTURE)
            if not no_view and self._requests.is_pending(camera, ViewRequest.ACCEPT):
                judge.accept(picture)
                self._save(camera)
                self._requests.remove(camera, ViewRequest.ACCEPT)
                return Verdict(None, {}, detail("accepted"))
        except (UnusablePictureError, OSError) as error:
            _log.warning("camera %s: a request about its picture memory failed: %s", camera, error)
        return verdict


def _create(directory: Path) -> None:
    """Create the directory, so that commands can leave requests in it."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        _log.warning("%s cannot be made: what is learned of the cameras is not kept: %s", directory, error)

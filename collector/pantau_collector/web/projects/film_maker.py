"""Makes the films that pages ask for: one at a time for the whole city, each within bounds."""

import logging
import threading
from typing import Literal

from msgspec import Struct

from pantau_collector.pictures import CameraKey
from pantau_collector.timelapse import CannotMakeError, Job, Part, Progress, run
from pantau_collector.timelapse.cache import FilmCache
from pantau_collector.timelapse.choose import Moment

MAX_FRAMES = 1500
"""Frames of a film that a page makes, at most: four years of days."""
WITHIN_S = 600.0
"""Seconds that it may take."""
_log = logging.getLogger(__name__)


class FilmState(Struct, frozen=True):
    """How a film is: ready, being made (`percent` of it), failed with a reason, or not made yet."""

    state: Literal["ready", "making", "failed", "none"]
    percent: int = 0
    why: str = ""


class FilmMaker:
    """Makes films on a thread, one at a time."""

    def __init__(self, cache: FilmCache) -> None:
        self.cache = cache
        self._lock = threading.Lock()
        self._making: str | None = None
        self._percent = 0
        self._failed: dict[str, str] = {}

    def state(self, camera: CameraKey, key: str) -> FilmState:
        """Return how a film is."""
        if self.cache.path(camera, key).exists():
            return FilmState("ready", 100)
        if self._making == key:
            return FilmState("making", self._percent)
        why = self._failed.get(key)
        return FilmState("failed", why=why) if why is not None else FilmState("none")

    def order(
        self, directory: str, zone: str, camera: CameraKey, title: str, name: str, moments: list[Moment]
    ) -> bool:
        """Begin to make a film unless it is there; return False if another one is being made.

        Args:
            directory: where the archive is.
            zone: the time zone of the dates in the picture.
            camera: whose film it is.
            title: what stands in the picture; `name` is the camera's.
            name: what people call the camera.
            moments: its frames.
        """
        key = self.cache.key(title, moments)
        with self._lock:
            if self._making == key or self.cache.path(camera, key).exists():
                return True
            if self._making is not None:
                return False
            self._failed.pop(key, None)
            self._making, self._percent = key, 0
        job = Job(directory, str(self.cache.path(camera, key).absolute()), title, zone, [Part(name, moments)])
        threading.Thread(target=self._make, args=(key, job), name="film", daemon=True).start()
        return True

    def _make(self, key: str, job: Job) -> None:
        try:
            if job.moments > MAX_FRAMES:
                raise CannotMakeError(f"that is {job.moments:,} days, and at most {MAX_FRAMES:,} are shown here")  # noqa: TRY301 - as the process says it
            self.cache.make_room()
            run(job, self._note, within_s=WITHIN_S)
        except (CannotMakeError, OSError) as error:
            self._failed = {**dict(list(self._failed.items())[-20:]), key: str(error)}
            _log.warning("the film %s is not made: %s", job.title, error)
        finally:
            self._making = None

    def _note(self, progress: Progress) -> None:
        self._percent = 100 * progress.done // max(1, progress.of)

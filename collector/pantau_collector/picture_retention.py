"""Removes pictures that are too old, and those of cameras that are no more."""

from collections.abc import Callable, Iterable
from typing import Protocol

from pantau_collector.fleet.view import CityView
from pantau_collector.periodic import PeriodicThread
from pantau_collector.pictures import CameraKey

CHECK_EVERY_S = 600.0
"""Seconds between two checks. A camera that is missing at two of them in a row is no more."""
_DAY_MS = 86_400_000


class KeptPictures(Protocol):
    """Pictures of cameras: their snapshots, or those of outages."""

    def cameras(self) -> set[CameraKey]:
        """Return every camera of which there is a picture."""

    def remove(self, cameras: Iterable[CameraKey]) -> None:
        """Remove the pictures of cameras that are no more."""

    def remove_old(self, before_ms: int) -> int:
        """Remove pictures that were taken before a time (UTC ms), and return how many."""


class PictureRetention:
    """Keeps pictures for `keep_days` after they were taken, on its own thread."""

    def __init__(self, pictures: KeptPictures, keep_days: int, time_ms: Callable[[], int]) -> None:
        self._pictures = pictures
        self._keep_days = keep_days
        self._time_ms = time_ms
        self._city: Callable[[], CityView] | None = None
        self._missing: set[CameraKey] = set()
        self._thread = PeriodicThread(
            "pictures",
            self._step,
            failure="old pictures cannot be removed",
            first_wait_s=1.0,
            retry_s=CHECK_EVERY_S,
            expected=(OSError,),
        )

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread after the step under way."""
        self._thread.stop()

    def compare_with(self, city: Callable[[], CityView]) -> None:
        """Remove also the pictures of cameras that the city does not have; any thread may call this."""
        self._city = city

    def check(self) -> None:
        """Remove what is too old, and the pictures of cameras that were missing at the check before too.

        The pipeline removes the pictures of a camera when it goes. This finds what a crash in between, or a
        picture that came late, has left.

        Raises:
            OSError: not all of it could be removed.
        """
        self._pictures.remove_old(self._time_ms() - self._keep_days * _DAY_MS)
        if self._city is None:
            return
        known = {(site.id, camera.id) for site in self._city().sites for camera in site.cameras}
        missing = self._pictures.cameras() - known
        self._pictures.remove(missing & self._missing)
        self._missing = missing

    def _step(self) -> float:
        self.check()
        return CHECK_EVERY_S

"""Measures the light of what cameras of projects have sent by day, so that the best of each day stays."""

from collections.abc import Callable, Iterable
from zoneinfo import ZoneInfo

from pantau_collector.daylight.measuring import measure_all
from pantau_collector.periodic import PeriodicThread
from pantau_collector.pictures import CameraKey
from pantau_collector.snapshots import Snapshot, SnapshotArchive, files
from pantau_collector.snapshots.keeping import is_by_day, minutes_from_noon
from pantau_collector.snapshots.light import score

AT_ONCE = 40
"""Pictures that one process measures."""
EVERY_S = 300.0
"""Seconds from one round to the next."""
_DAYS_MS = 3 * 86_400_000
"""Milliseconds for which unmeasured pictures are looked for: later the best of the day is chosen without."""


class BestLight:
    """Measures on a thread of its own what `cameras` of projects have sent."""

    def __init__(
        self,
        archive: SnapshotArchive,
        cameras: Callable[[], Iterable[CameraKey]],
        *,
        zone: ZoneInfo,
        time_ms: Callable[[], int],
    ) -> None:
        """Prepare the thread; `cameras` returns those that watch a project."""
        self._archive = archive
        self._cameras = cameras
        self._zone = zone
        self._time_ms = time_ms
        self._thread = PeriodicThread(
            "best-light",
            self._step,
            failure="the light of snapshots cannot be measured",
            first_wait_s=EVERY_S / 10,
            retry_s=EVERY_S,
            expected=(OSError,),
        )

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread after the step under way."""
        self._thread.stop()

    def measure(self) -> int:
        """Measure what is not measured yet, and return how many pictures that were.

        Raises:
            OSError: the archive cannot be read or written, or the process that measures not be started.
        """
        since_ms, count = self._time_ms() - _DAYS_MS, 0
        waiting: list[Snapshot] = []
        for key in self._cameras():
            waiting += [each for each in self._archive.of_camera(key, since_ms) if self._is_wanted(each)]
            while len(waiting) >= AT_ONCE and not self._thread.stopping.is_set():
                self._measure(waiting[:AT_ONCE])
                count, waiting = count + AT_ONCE, waiting[AT_ONCE:]
        if waiting:
            self._measure(waiting)
        return count + len(waiting)

    def _is_wanted(self, each: Snapshot) -> bool:
        return each.light is None and each.is_true and is_by_day(each, self._archive.rules, self._zone)

    def _measure(self, snapshots: list[Snapshot]) -> None:
        jpegs = [files.read(self._archive.directory, each) or b"" for each in snapshots]
        scores = [
            0.0 if light is None else score(light, minutes_from_noon(each.taken_ms, self._zone))
            for each, light in zip(snapshots, measure_all(jpegs), strict=True)
        ]
        self._archive.set_light(zip(snapshots, scores, strict=True))

    def _step(self) -> float:
        self.measure()
        return EVERY_S

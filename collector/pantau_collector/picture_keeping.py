"""All that a collector keeps of pictures: the newest, those of outages, the archive; and its threads."""

from collections.abc import Callable, Iterable
from typing import Protocol

from pantau_collector.clock import Clock
from pantau_collector.config import CollectorConfig
from pantau_collector.data_dir import DataDir
from pantau_collector.daylight.best_light import BestLight
from pantau_collector.fleet.view import CityView
from pantau_collector.inventory import Inventory
from pantau_collector.outage_picture_keeper import OutagePictureKeeper
from pantau_collector.outage_pictures import OutagePictures
from pantau_collector.picture_retention import PictureRetention
from pantau_collector.pictures import CameraKey, PictureFiles
from pantau_collector.snapshots import SnapshotArchive
from pantau_collector.snapshots.archive_keeper import ArchiveKeeper
from pantau_collector.store import Store
from pantau_collector.timelapse.cache import FilmCache


class Thread(Protocol):
    """What is started once, and stopped once."""

    def start(self) -> None:
        """Start it."""

    def stop(self) -> None:
        """End it."""


class PictureKeeping:
    """The pictures of a collector, of which each of two keeps what it receives."""

    def __init__(
        self, config: CollectorConfig, paths: DataDir, clock: Clock, open_store: Callable[[], Store]
    ) -> None:
        """Open them; `open_store` opens the state, which is only read."""
        self._config = config
        self._clock = clock
        self.newest = PictureFiles(paths.pictures, time_ms=clock.time_ms)
        self.of_outages = OutagePictures(paths.outage_pictures, config.outage_pictures)
        self.archive = SnapshotArchive(
            paths.snapshots, config.snapshots, self.newest, zone=config.zone, time_ms=clock.time_ms
        )
        self._films = FilmCache(paths.timelapses)
        self._retentions = (
            PictureRetention(self.archive, config.snapshots.longest_days, clock.time_ms),
            PictureRetention(self.newest, config.keep_pictures_days, clock.time_ms),
            PictureRetention(self.of_outages, config.outage_pictures.keep_days, clock.time_ms),
        )
        outages = OutagePictureKeeper(self.of_outages, self.newest, open_store, clock.time_ms)
        self.threads: tuple[Thread, ...] = (ArchiveKeeper(self.archive), *self._retentions, outages)
        """What runs for as long as pictures are received."""

    def follow(self, view: Callable[[], CityView], inventory: Callable[[], Inventory]) -> Thread:
        """Remove the pictures of cameras that the city does not have, and keep those of projects longer.

        Return what is to run beside, while this collector knows the city: it measures the light of projects.
        """
        for each in self._retentions:
            each.compare_with(view)
        self.archive.follow(lambda key: bool(inventory().camera(*key).project))
        return BestLight(
            self.archive,
            lambda: [key for key, camera in inventory().cameras.items() if camera.project],
            zone=self._config.zone,
            time_ms=self._clock.time_ms,
        )

    def remove(self, cameras: Iterable[CameraKey]) -> None:
        """Remove all pictures of cameras that are no more.

        Raises:
            OSError: not all of them could be removed.
        """
        gone = list(cameras)
        self.newest.remove(gone)
        self.of_outages.remove(gone)
        self.archive.remove(gone)
        self._films.remove(gone)

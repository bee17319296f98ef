"""What is known of a camera's past: its states, its measures, its incidents. It reads the store and the disk."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Lock
from zoneinfo import ZoneInfo

from msgspec import Struct

from pantau_collector.fleet.view import IncidentView
from pantau_collector.inventory import Inventory
from pantau_collector.ledger import Interval
from pantau_collector.measures import MeasureFiles
from pantau_collector.pipeline.incident_views import view_incident
from pantau_collector.sinks.decided_lives import DecidedLives
from pantau_collector.store import Store, incident_rows
from pantau_collector.web.desk.plots import Hour, Plot, hours, plots
from pantau_collector.web.desk.time_line import TimeLine, draw

DAY_MS = 86_400_000
MONTH_DAYS = 30
MAX_INCIDENTS = 50
"""Past incidents of a camera that its page lists at most."""


class CameraHistory(Struct, frozen=True):
    """The states of the last day and month, the measures of the last day as drawings and as numbers; incidents."""

    day: TimeLine
    month: TimeLine
    plots: tuple[Plot, ...]
    hours: tuple[Hour, ...]
    incidents: tuple[IncidentView, ...]


class HistoryReader:
    """Reads the past of cameras. Any thread may read; one at a time does, as each reads the disk."""

    def __init__(
        self, store: Store, measures: MeasureFiles, inventory: Callable[[], Inventory], zone: ZoneInfo
    ) -> None:
        self._store = store
        self._measures = measures
        self._inventory = inventory
        self._zone = zone
        self._lock = Lock()
        self._lives: DecidedLives | None = None

    def of_camera(self, site: str, camera: str, now_ms: int) -> CameraHistory:
        """Return the past of a camera, up to `now_ms` (UTC).

        Raises:
            StoreError: the store cannot be read.
        """
        intervals = self._intervals(site, camera, now_ms - MONTH_DAYS * DAY_MS, now_ms)
        slots = self._measures.load(site, camera, now_ms - DAY_MS, now_ms)
        return CameraHistory(
            day=draw(intervals, now_ms - DAY_MS, now_ms, self._hours(now_ms)),
            month=draw(intervals, now_ms - MONTH_DAYS * DAY_MS, now_ms, self._days(now_ms)),
            plots=plots(slots, now_ms - DAY_MS, now_ms),
            hours=hours(slots),
            incidents=self.incidents(site, camera, now_ms - MONTH_DAYS * DAY_MS),
        )

    def incidents(self, site: str, camera: str, since_ms: int) -> tuple[IncidentView, ...]:
        """Return the incidents of a camera, or of a site if it is empty, since then (UTC), the latest first.

        Raises:
            StoreError: the store cannot be read.
        """
        with self._store.begin() as connection:
            found = incident_rows.load_of_site(connection, site, since_ms, limit=500)
        inventory = self._inventory()
        wanted = [each for each in found if not camera or (site, camera) in each.members]
        return tuple(view_incident(each, inventory) for each in wanted[:MAX_INCIDENTS])

    def _intervals(self, site: str, camera: str, from_ms: int, to_ms: int) -> list[Interval]:
        with self._lock:
            if self._lives is None:
                self._lives = DecidedLives(self._store, self._inventory)
            self._lives.open()
            return list(self._lives.of_site(site, from_ms, to_ms).get(camera, ()))

    def _hours(self, now_ms: int) -> list[int]:
        """Return each third hour of the last day, by the clock on the wall."""
        first = self._local(now_ms).replace(minute=0, second=0, microsecond=0)
        found = (first - timedelta(hours=i) for i in range(24))
        return [_ms(each) for each in found if each.hour % 3 == 0][::-1]

    def _days(self, now_ms: int) -> list[int]:
        """Return the beginning of each fifth day of the last month."""
        first = self._local(now_ms).replace(hour=0, minute=0, second=0, microsecond=0)
        return [_ms(first - timedelta(days=i)) for i in range(0, MONTH_DAYS, 5)][::-1]

    def _local(self, time_ms: int) -> datetime:
        return datetime.fromtimestamp(time_ms / 1000, UTC).astimezone(self._zone)


def _ms(time: datetime) -> int:
    return round(time.timestamp() * 1000)

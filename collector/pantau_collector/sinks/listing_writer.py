"""Writes each minute the state of every camera, and to whom it belongs, as the collector knows it.

The series of `camera` are what agents said, and nobody's. These know owner, maintainer and project, and that a
camera is unknown while its agent is gone. Nothing is queued: after an absence of the store the minutes of it are
missing, and the next minute says it all again.
"""

import logging
from collections.abc import Callable, Iterator

from pantau_collector.clock import Clock
from pantau_collector.deadletter import DeadLetters
from pantau_collector.fleet.view import CityView
from pantau_collector.periodic import PeriodicThread
from pantau_collector.sinks.answers import RetryLaterError
from pantau_collector.sinks.deliver import SeriesStore, deliver
from pantau_collector.sinks.schema import LISTING, STATE_CODES

EVERY_S = 60
"""Seconds from one listing to the next; points are at multiples of it: of a minute there is one."""
_LINES_PER_WRITE = 5_000
_log = logging.getLogger(__name__)


class ListingWriter:
    """Writes on its own thread what `view` shows."""

    def __init__(
        self, view: Callable[[], CityView], series: SeriesStore, dead_letters: DeadLetters, clock: Clock
    ) -> None:
        """Prepare the writer; `start` starts it. It closes `series` in the end."""
        self._view = view
        self._series = series
        self._dead_letters = dead_letters
        self._clock = clock
        self._thread = PeriodicThread(
            "listing",
            self._step,
            failure=f"the listing of cameras cannot be written to {series.name}",
            retry_s=EVERY_S,
            expected=(RetryLaterError, OSError),
        )

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread after the step under way."""
        self._thread.stop()
        self._series.close()

    def write(self) -> None:
        """Write the listing of this minute.

        Raises:
            RetryLaterError: the store takes no lines now.
            OSError: the dead letters cannot be written.
        """
        now_ms = self._clock.time_ms()
        lines = list(listing_lines(self._view(), now_ms - now_ms % (EVERY_S * 1000)))
        for first in range(0, len(lines), _LINES_PER_WRITE):
            refused = deliver(self._series, lines[first : first + _LINES_PER_WRITE])
            if refused:
                self._dead_letters.write(refused)
                _log.warning(
                    "%s: %d lines of the listing refused for ever, the first: %s",
                    self._series.name,
                    len(refused),
                    refused[0].reason,
                )

    def _step(self) -> float:
        self.write()
        return EVERY_S - self._clock.time_ms() / 1000 % EVERY_S


def listing_lines(city: CityView, time_ms: int) -> Iterator[str]:
    """Yield a line for each camera of the city."""
    for site in city.sites:
        for camera in site.cameras:
            tags = (camera.id, camera.maintainer, camera.owner, camera.project, site.id)
            cause = camera.cause.value if camera.cause else ""
            values = (
                camera.state.value,
                STATE_CODES[camera.state],
                cause,
                camera.since_ms,
                camera.name,
                site.online,
                camera.rtp_loss_pct,
            )
            line = LISTING.line(tags, values, time_ms)
            if line is not None:
                yield line

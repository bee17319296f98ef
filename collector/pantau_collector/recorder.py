"""Writes the collector's own decisions and figures into the journal.

The incidents' timeline is read from the store, behind a cursor of its own. A step is therefore journaled after the
transaction that made it, never without it, and never forgotten. After a crash between the journal and the cursor
it is journaled twice, which writes the same point into the series.
"""

import logging
from collections.abc import Callable

from pantau_collector.clock import Clock
from pantau_collector.journal import Journal
from pantau_collector.own_records import Figures, make_record
from pantau_collector.periodic import PeriodicThread
from pantau_collector.store import Store, StoreError, incident_rows

_log = logging.getLogger(__name__)

STEPS_EVERY_S = 1.0
"""Seconds from one check for new steps of incidents to the next."""
FIGURES_EVERY_S = 30.0
"""Seconds from one record of the collector's figures to the next."""
_STEPS_PER_READ = 1000


class Recorder:
    """Journals new steps of incidents each second, and what `figures` returns each 30 s, on its own thread."""

    def __init__(self, journal: Journal, store: Store, figures: Callable[[], Figures], clock: Clock) -> None:
        self._journal = journal
        self._store = store
        self._figures = figures
        self._clock = clock
        self._figures_due = clock.monotonic()
        self._thread = PeriodicThread(
            "recorder",
            self._step,
            failure="what was decided is not in the journal yet",
            first_wait_s=STEPS_EVERY_S,
            retry_s=STEPS_EVERY_S,
            expected=(StoreError, OSError),
        )

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread after the step under way, and record once more until when the collector was there."""
        self._thread.stop()
        try:
            self._figures_due = self._clock.monotonic()
            self.record_due()
        except (StoreError, OSError) as error:
            _log.warning("the last figures are not in the journal: %s", error)

    def record_due(self) -> None:
        """Journal the steps that are not in the journal yet, and the figures if they are due.

        Raises:
            StoreError: the store cannot be read or written; the steps are journaled later.
            OSError: the journal cannot be written; the steps are journaled later.
        """
        while self._journal_steps() == _STEPS_PER_READ:
            pass
        if self._clock.monotonic() >= self._figures_due:
            self._journal.append([make_record(self._figures(), self._clock.time_ms())])
            self._figures_due = self._clock.monotonic() + FIGURES_EVERY_S

    def _journal_steps(self) -> int:
        with self._store.begin() as connection:
            steps = incident_rows.load_unjournaled(connection, _STEPS_PER_READ)
        if steps:
            self._journal.append([make_record(step, step.time_ms) for _, step in steps])
            with self._store.begin() as connection:
                incident_rows.save_journaled(connection, steps[-1][0])
        return len(steps)

    def _step(self) -> float:
        self.record_due()
        return STEPS_EVERY_S

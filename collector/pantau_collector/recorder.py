"""Writes into the journal what the collector decided, and how it fares.

The timeline of the incidents is read from the store, with a cursor of its own: so a step is journaled after the
transaction that made it, never without it, and never forgotten. A crash between the journal and the cursor has it
journaled twice, which makes the same point in the series.
"""

import logging
import threading
from collections.abc import Callable

from pantau_collector.clock import Clock
from pantau_collector.journal import Journal
from pantau_collector.own_records import Figures, make_record
from pantau_collector.store import Store, StoreError, incident_rows

LOOK_EVERY_S = 1.0
FIGURES_EVERY_S = 30.0
_STEPS_AT_ONCE = 1000
_log = logging.getLogger(__name__)


class Recorder:
    """A thread of its own. `figures` is asked each 30 s."""

    def __init__(self, journal: Journal, store: Store, figures: Callable[[], Figures], clock: Clock) -> None:
        self._journal = journal
        self._store = store
        self._figures = figures
        self._clock = clock
        self._figures_due = clock.monotonic()
        self._failing = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recorder")

    def start(self) -> None:
        """Begins to record."""
        self._thread.start()

    def stop(self) -> None:
        """Ends."""
        self._stopping.set()
        self._thread.join()

    def look(self) -> None:
        """Journals what is due.

        Raises:
            StoreError: the store cannot be read or written; the steps are journaled later.
            OSError: the journal cannot be written, likewise.
        """
        while self._journal_steps() == _STEPS_AT_ONCE:
            pass
        if self._clock.monotonic() >= self._figures_due:
            self._journal.append([make_record(self._figures(), self._clock.time_ms())])
            self._figures_due = self._clock.monotonic() + FIGURES_EVERY_S

    def _journal_steps(self) -> int:
        with self._store.begin() as connection:
            steps = incident_rows.load_unjournaled(connection, _STEPS_AT_ONCE)
        if steps:
            self._journal.append([make_record(step, step.time_ms) for _, step in steps])
            with self._store.begin() as connection:
                incident_rows.save_journaled(connection, steps[-1][0])
        return len(steps)

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_EVERY_S):
            try:
                self.look()
                self._failing = False
            except (StoreError, OSError) as error:
                _log.log(
                    logging.DEBUG if self._failing else logging.WARNING,
                    "what was decided is not in the journal yet; it is tried again: %s",
                    error,
                )
                self._failing = True
            except Exception:  # noqa: BLE001 - whatever it was, the next look may work
                _log.exception("recording failed in a way that nobody foresaw; it is tried again")

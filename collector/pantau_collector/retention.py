"""The thread that removes what is old from the state, a little at a time, so that it never holds up a step."""

import logging
import threading
from collections.abc import Callable

from pantau_collector.store import Store, StoreError
from pantau_collector.store.old_rows import remove_old

LOOK_EVERY_S = 600.0
BETWEEN_STEPS_S = 1.0
_INCIDENTS_A_STEP = 100
_DAY_MS = 86_400_000
_log = logging.getLogger(__name__)


class Retention:
    """Keeps incidents that are over for `keep_days`."""

    def __init__(self, store: Store, keep_days: int, time_ms: Callable[[], int]) -> None:
        self._store = store
        self._keep_days = keep_days
        self._time_ms = time_ms
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="retention")

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def stop(self) -> None:
        """Ends."""
        self._stopping.set()
        self._thread.join()

    def step(self) -> int:
        """Removes a little of what is old; the number of rows.

        Raises:
            StoreError: it could not be done, and nothing of it was.
        """
        before_ms = self._time_ms() - self._keep_days * _DAY_MS
        with self._store.begin() as connection:
            return remove_old(connection, before_ms, _INCIDENTS_A_STEP)

    def _run(self) -> None:
        wait_s = BETWEEN_STEPS_S
        while not self._stopping.wait(wait_s):
            wait_s = LOOK_EVERY_S
            try:
                if self.step():
                    wait_s = BETWEEN_STEPS_S
            except StoreError as error:
                _log.warning("what is old cannot be removed from the state; it is tried again: %s", error)
            except Exception:  # noqa: BLE001 - whatever it was, nothing else may suffer from it
                _log.exception("removing what is old failed in a way that nobody foresaw; it is tried again")

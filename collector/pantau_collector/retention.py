"""Removes old rows from the collector's state, a few at a time, so that it never delays a step of the pipeline."""

from collections.abc import Callable

from pantau_collector.periodic import PeriodicThread
from pantau_collector.store import Store, StoreError, agent_request_rows, submission_rows
from pantau_collector.store.old_rows import remove_old

CHECK_EVERY_S = 600.0
"""Seconds between checks once nothing old is left."""
BETWEEN_STEPS_S = 1.0
"""Seconds between steps while there is more to remove."""
_INCIDENTS_PER_STEP = 100
_KEEP_SUBMISSIONS_DAYS = 7
"""Days for which a form that was submitted is recognised when it comes again."""
_DAY_MS = 86_400_000


class StateRetention:
    """Keeps resolved incidents for `keep_days`, then removes them and what belongs to them, on its own thread."""

    def __init__(self, store: Store, keep_days: int, time_ms: Callable[[], int]) -> None:
        self._store = store
        self._keep_days = keep_days
        self._time_ms = time_ms
        self._thread = PeriodicThread(
            "retention",
            self._step,
            failure="what is old cannot be removed from the state",
            first_wait_s=BETWEEN_STEPS_S,
            retry_s=CHECK_EVERY_S,
            expected=(StoreError,),
        )

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread after the step under way."""
        self._thread.stop()

    def remove_some(self) -> int:
        """Remove up to 100 old incidents with their rows, and return the number of rows removed.

        Raises:
            StoreError: nothing was removed.
        """
        now_ms = self._time_ms()
        before_ms = now_ms - self._keep_days * _DAY_MS
        with self._store.begin() as connection:
            agent_request_rows.remove_requests(connection, before_ms=before_ms)
            submission_rows.remove_submissions(connection, before_ms=now_ms - _KEEP_SUBMISSIONS_DAYS * _DAY_MS)
            return remove_old(connection, before_ms, _INCIDENTS_PER_STEP)

    def _step(self) -> float:
        return BETWEEN_STEPS_S if self.remove_some() else CHECK_EVERY_S

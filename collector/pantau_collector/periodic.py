"""A thread that repeats one step for as long as the collector runs."""

import logging
import threading
from collections.abc import Callable

_log = logging.getLogger(__name__)


class PeriodicThread:
    """Calls `step` repeatedly, on a thread of its own, until it is stopped.

    `step` returns the seconds to wait before its next call. A step that raises is called again after
    `retry_s`, so the thread never ends by itself. Of an error listed in `expected`, only the first in a row is
    logged as a warning; any other is logged with its traceback.
    """

    def __init__(
        self,
        name: str,
        step: Callable[[], float],
        *,
        failure: str,
        retry_s: float,
        first_wait_s: float = 0.0,
        expected: tuple[type[Exception], ...] = (),
        stop_within_s: float | None = None,
        stopping: threading.Event | None = None,
    ) -> None:
        """Prepare the thread; `start` starts it.

        Args:
            name: the thread's name.
            step: the work; it returns the seconds until it is called again.
            failure: the log's description of a failed step, such as "the outbox cannot be read".
            retry_s: seconds to wait after a step that raised.
            first_wait_s: seconds to wait before the first step.
            expected: exceptions that are logged without a traceback.
            stop_within_s: seconds for which `stop` waits at most; the thread is then a daemon, which does not
                keep the process alive. None waits for the step under way, however long it takes.
            stopping: the event on which the thread waits, and which ends it.
        """
        self._step = step
        self._failure = failure
        self._retry_s = retry_s
        self._first_wait_s = first_wait_s
        self._expected = expected
        self._stop_within_s = stop_within_s
        self._failing = False
        self.stopping = stopping or threading.Event()
        """Set once `stop` has been called; a step that waits in between waits on this."""
        self._thread = threading.Thread(target=self._run, name=name, daemon=stop_within_s is not None)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread once the step under way has returned, or after `stop_within_s`."""
        self.stopping.set()
        if self._thread.is_alive():
            self._thread.join(self._stop_within_s)

    def _run(self) -> None:
        wait_s = self._first_wait_s
        while not self.stopping.wait(wait_s):
            wait_s = self._run_step()

    def _run_step(self) -> float:
        try:
            wait_s = self._step()
        except self._expected as error:
            level = logging.DEBUG if self._failing else logging.WARNING
            _log.log(level, "%s; it is tried again: %s", self._failure, error)
        except Exception:  # noqa: BLE001 - whatever it was, the next step may succeed
            _log.exception("%s, for a reason that was not expected; it is tried again", self._failure)
        else:
            self._failing = False
            return wait_s
        self._failing = True
        return self._retry_s

import logging
import threading
from collections.abc import Callable

import pytest

from pantau_collector.periodic import PeriodicThread

DEADLINE_S = 60


class RecordedWaits(threading.Event):
    """An event on which no wait takes time: it notes the seconds, and is set after `count` waits."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self._count = count
        self.waits: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout)
        if len(self.waits) > self._count:
            self.set()
        return self.is_set()


def run(
    step: Callable[[], float], *, steps: int, expected: tuple[type[Exception], ...] = ()
) -> list[float | None]:
    """Run so many steps, and return the seconds waited before each and after the last."""
    stopping = RecordedWaits(steps)
    thread = PeriodicThread(
        "test", step, failure="it failed", first_wait_s=7, retry_s=3, expected=expected, stopping=stopping
    )
    thread.start()
    thread._thread.join(DEADLINE_S)
    assert not thread._thread.is_alive()
    return stopping.waits


def test_each_step_says_how_long_to_wait_for_the_next() -> None:
    answers = iter((0.5, 0.0, 20.0))
    assert run(lambda: next(answers), steps=3) == [7, 0.5, 0.0, 20.0]


def test_a_failed_step_is_tried_again_after_the_retry_and_an_expected_failure_warns_once_in_a_row(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    failing = iter((True, True, False, True))

    def step() -> float:
        if next(failing):
            raise OSError("disk full")
        return 1.0

    assert run(step, steps=4, expected=(OSError,)) == [7, 3, 3, 1.0, 3]
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", "it failed; it is tried again: disk full"),
        ("DEBUG", "it failed; it is tried again: disk full"),
        ("WARNING", "it failed; it is tried again: disk full"),
    ]


def test_a_failure_that_was_not_expected_is_logged_with_its_traceback_and_the_thread_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def step() -> float:
        raise RuntimeError("unforeseen")

    assert run(step, steps=2, expected=(OSError,)) == [7, 3, 3]
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]
    assert all(record.exc_info for record in caplog.records)


def test_stop_ends_a_wait_at_once_and_waits_for_the_step_under_way() -> None:
    waiting = threading.Event()

    def step() -> float:
        waiting.set()
        return 3600.0

    thread = PeriodicThread("test", step, failure="it failed", retry_s=3600)
    thread.start()
    assert waiting.wait(DEADLINE_S)
    thread.stop()
    assert not thread._thread.is_alive()


def test_a_step_that_hangs_delays_neither_stop_nor_the_end_of_the_process() -> None:
    under_way, release = threading.Event(), threading.Event()

    def step() -> float:
        under_way.set()
        release.wait(DEADLINE_S)
        return 0.0

    thread = PeriodicThread("test", step, failure="it failed", retry_s=1, stop_within_s=0.01)
    thread.start()
    assert under_way.wait(DEADLINE_S)
    thread.stop()
    assert thread._thread.is_alive()
    assert thread._thread.daemon
    release.set()
    thread._thread.join(DEADLINE_S)
    assert not thread._thread.is_alive()

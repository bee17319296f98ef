"""Runs a command so that Ctrl-C and SIGTERM end it in good order: every camera gets its TEARDOWN."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

from pantau_agent.event_loop import new_event_loop

_T = TypeVar("_T")


def run(coroutine: Coroutine[Any, Any, _T]) -> _T:
    """Run the coroutine to its end and return its result.

    Raises:
        KeyboardInterrupt: it was interrupted, and has ended.
    """

    async def cancel_on_sigterm() -> _T:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 # for the type checker: a coroutine runs in a task
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await coroutine

    try:
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            return runner.run(cancel_on_sigterm())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None

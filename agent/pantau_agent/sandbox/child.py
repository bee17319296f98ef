"""How a process that handles strangers' bytes is started: before it locks itself down, it only loads libraries."""

import asyncio
import os
from collections.abc import Callable, Sequence

from pantau_service.privileges import NOBODY, become, everyone_can_run_this

_PIPE = asyncio.subprocess.PIPE


async def start(command: Sequence[str]) -> asyncio.subprocess.Process:
    """Start it with pipes for input, output and errors, and with nothing else of ours.

    It gets no environment, where passwords may stand, and a session of its own: no signal of a terminal reaches
    it, and it reaches no terminal. Where this is root, it is nobody from its first instruction on.

    Raises:
        OSError: it cannot be started.
    """
    return await asyncio.create_subprocess_exec(
        *command,
        stdin=_PIPE,
        stdout=_PIPE,
        stderr=_PIPE,
        env={name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ},
        start_new_session=True,
        preexec_fn=_nobody() if os.geteuid() == 0 else None,  # a service is not root
    )


def _nobody() -> Callable[[], None]:
    """Return what becomes nobody. It may read what it has to load until it locks itself down."""
    reads = not everyone_can_run_this()
    return lambda: become(NOBODY, NOBODY, may_read=reads)

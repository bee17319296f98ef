"""How a process that handles strangers' bytes is started: before it locks itself down, it only loads libraries."""

import asyncio
import logging
import os
from collections.abc import Callable, Sequence

from pantau_contract.printable import printable_line
from pantau_service.privileges import NOBODY, become, everyone_can_run_this

MAX_LINES = 100
"""Lines of one process's standard error that are logged."""

_log = logging.getLogger(__name__)
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


async def log_errors(process: asyncio.subprocess.Process, name: str) -> None:
    """Log what it writes to standard error, which may be a stranger's words, until it ends."""
    assert process.stderr is not None  # noqa: S101 # for the type checker: it was opened as a pipe
    lines = 0
    while chunk := await process.stderr.read(4096):
        for line in chunk.decode("utf-8", "replace").splitlines():
            lines += 1
            if lines <= MAX_LINES and line.strip():
                _log.warning("%s: %s", name, printable_line(line))


def _nobody() -> Callable[[], None]:
    """Return what becomes nobody. It may read what it has to load until it locks itself down."""
    reads = not everyone_can_run_this()
    return lambda: become(NOBODY, NOBODY, may_read=reads)

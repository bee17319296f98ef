"""The demo's programs as child processes, started in order and ended in reverse."""

import contextlib
import itertools
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

_END_WITHIN_S = 10
"""Seconds that a program has to end by itself before it is killed."""


class ProgramEndedError(RuntimeError):
    """A program of the demo ended by itself; the message names it and quotes the end of its log."""


class Processes:
    """Starts programs, each with its log in `folder`, and ends them all on leaving the context."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, command: Sequence[str | Path]) -> None:
        """Start a program; its output goes to `name.log`."""
        with self._log(name).open("wb") as log:
            self._running[name] = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
                start_new_session=True,  # Ctrl-C reaches the demo alone, which ends them in order
            )

    def check(self) -> None:
        """Raise `ProgramEndedError` if a program has ended by itself."""
        for name, process in self._running.items():
            if process.poll() is not None:
                raise ProgramEndedError(
                    f"{name} ended with {process.returncode}; its last words:\n{self.output(name)[-1500:]}"
                )

    def output(self, name: str) -> str:
        """Return what a program has printed so far."""
        return self._log(name).read_text("utf-8", "replace")

    def wait_until(self, ready: Callable[[], bool], *, what: str, within_s: float) -> None:
        """Wait until `ready` returns True, while every program runs.

        Raises:
            TimeoutError: it did not within `within_s` seconds; the message names `what`.
            ProgramEndedError: a program ended meanwhile.
        """
        deadline = time.monotonic() + within_s
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise TimeoutError(
                    f"{what} did not happen within {within_s:.0f} s; the logs are in {self._folder}"
                )
            time.sleep(0.1)

    def _log(self, name: str) -> Path:
        return self._folder / f"{name}.log"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in reversed(self._running.values()):
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
        for process in self._running.values():
            try:
                process.wait(_END_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def free_ports(count: int) -> list[int]:
    """Return distinct TCP ports on loopback that are free now.

    They are below those that Linux gives to outgoing connections (32768 and up), so that no connection occupies
    one before its program listens.
    """
    candidates = random.sample(range(20_000, 32_000), 12_000)
    return list(itertools.islice(filter(_is_free, candidates), count))


def _is_free(port: int) -> bool:
    with contextlib.suppress(OSError), socket.socket() as listener:
        listener.bind(("127.0.0.1", port))
        return True
    return False


def listens(port: int) -> bool:
    """Return True if something listens on the loopback port."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False

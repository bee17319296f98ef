"""Sends through Apprise in a process of its own for each message.

Apprise brings a hundred services, each with its own code for the network and for what the service answers. That
code has no deadline for a whole exchange, and reads answers of any length. A process can be ended whatever it
does, its memory can be limited, and it cannot touch the collector's.
"""

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence

import msgspec

from pantau_collector.notices.apprise_job import AppriseJob, Outcome

_COMMAND = (sys.executable, "-m", "pantau_collector.notices.apprise_worker")
_GRACE_S = 10.0
"""Seconds beyond its time after which nothing is expected of a process any more, not even its end."""
_KEPT_BACK = ("PANTAU_", "CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET", "WATCHDOG_")
"""How the names of those variables of the environment begin that are for the collector alone."""


class AppriseProcess:
    """A process that forks one for each job. It starts with the first job, and again if it has ended.

    Any thread may send.
    """

    def __init__(self, command: Sequence[str] = _COMMAND) -> None:
        self._command = command
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def send(self, job: AppriseJob) -> Iterator[Outcome]:
        """Send a message, and yield what became of the words and then of each picture."""
        with self._connect() as connection:
            connection.settimeout(job.within_s + _GRACE_S)
            expected = 1 + (0 if job.together else len(job.pictures))
            try:
                connection.sendall(msgspec.msgpack.encode(job))
                connection.shutdown(socket.SHUT_WR)
                with connection.makefile("rb") as arriving:
                    for number in range(expected):
                        started = time.monotonic()
                        line = arriving.readline()
                        outcome = (
                            msgspec.json.decode(line, type=Outcome)
                            if line
                            else _ended(job, time.monotonic() - started)
                        )
                        yield outcome
                        if outcome.error and (number == 0 or not line):
                            return
            except OSError as error:
                yield Outcome(f"the process that sends it does not answer ({error})")

    def close(self) -> None:
        """End the process; messages that are being sent are finished all the same."""
        with self._lock:
            self._stop()

    def _connect(self) -> socket.socket:
        """Return a connection to a new process."""
        ours, theirs = socket.socketpair()
        with theirs, self._lock:
            try:
                socket.send_fds(self._running(), [b"+"], [theirs.fileno()])
            except OSError:  # it has ended: the machine may have been short of memory
                self._stop()
                socket.send_fds(self._running(), [b"+"], [theirs.fileno()])
        return ours

    def _running(self) -> socket.socket:
        if self._control is None:
            self._control, theirs = socket.socketpair()
            environment = {name: value for name, value in os.environ.items() if not name.startswith(_KEPT_BACK)}
            with theirs:
                self._process = subprocess.Popen(self._command, stdin=theirs.fileno(), env=environment)  # noqa: S603 - ours
        return self._control

    def _stop(self) -> None:
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_GRACE_S)
        self._control = self._process = None


def _ended(job: AppriseJob, after_s: float) -> Outcome:
    """Return the outcome of a process that ended without a word."""
    if after_s >= 0.9 * job.within_s:
        return Outcome(f"the service gave no whole answer within {job.within_s:g} s")
    return Outcome("the process that sends it has ended: what the service answered may be too much for its memory")

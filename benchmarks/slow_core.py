"""Gives a process, with its children, a share of one processor core: by the kernel's quota where there is one."""

import contextlib
import itertools
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

PERIOD_S = 0.02
"""Period of the kernel's quota, in seconds."""
COARSE_PERIOD_S = 0.1
"""Period in which the process is stopped and continued, where there is no quota."""

_numbers = itertools.count()


@contextmanager
def started(command: Sequence[str], log: Path, share: float) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Start a process that gets a share of one core; yield it, and how that is done. It is ended afterwards."""
    group = _quota(share)
    with log.open("wb") as out:

        def enter() -> None:
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
            if group is not None:
                (group / "cgroup.procs").write_text("0")

        process = subprocess.Popen(
            command,
            stdout=out,
            stderr=subprocess.STDOUT,
            preexec_fn=enter,  # noqa: PLW1509 # it only makes system calls
        )
    stopping = threading.Event()
    thread = threading.Thread(target=_take_turns, args=(process.pid, share, stopping))
    if group is None:
        thread.start()
    try:
        yield process, "quota of the kernel" if group is not None else "SIGSTOP and SIGCONT"
    finally:
        stopping.set()
        if thread.is_alive():
            thread.join()
        process.send_signal(signal.SIGCONT)
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(60)
        process.kill()
        process.wait()
        if group is not None:
            _remove(group)


def _quota(share: float) -> Path | None:
    """Return a new control group with that quota; None if none can be made here."""
    name = f"pantau-{os.getpid()}-{next(_numbers)}"
    period_us = int(PERIOD_S * 1e6)
    for folder, limits in (
        ("cpu", {"cpu.cfs_period_us": f"{period_us}", "cpu.cfs_quota_us": f"{int(share * period_us)}"}),
        ("", {"cpu.max": f"{int(share * period_us)} {period_us}"}),
    ):
        group = Path("/sys/fs/cgroup") / folder / name
        try:
            group.mkdir()
            for file, value in limits.items():
                (group / file).write_text(value)
        except OSError:
            with contextlib.suppress(OSError):
                group.rmdir()
            continue
        return group
    return None


def _remove(group: Path) -> None:
    for _ in range(50):
        try:
            group.rmdir()
        except OSError:
            time.sleep(0.1)
        else:
            return


def _take_turns(pid: int, share: float, stopping: threading.Event) -> None:
    """Let the process and its children run for a share of each period."""
    while not stopping.is_set():
        for number, seconds in ((signal.SIGCONT, share), (signal.SIGSTOP, 1 - share)):
            with contextlib.suppress(psutil.Error):
                for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True)):
                    process.send_signal(number)
            stopping.wait(seconds * COARSE_PERIOD_S)

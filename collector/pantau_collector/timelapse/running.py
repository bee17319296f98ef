"""Has a time-lapse made by a process of its own, with limits on memory, computing time and the file's size."""

import subprocess
import sys
import threading
from collections.abc import Callable

import msgspec

from pantau_collector.timelapse.job import MAX_FRAMES, Failed, Job, Made, Progress

_PROCESS = "pantau_collector.timelapse.process"


class CannotMakeError(Exception):
    """No time-lapse was made; the text says why."""


def run(job: Job, report: Callable[[Progress], None], *, within_s: float) -> Made:
    """Make a time-lapse, and report how far it is.

    Raises:
        CannotMakeError: nothing was made: there are no pictures, too many, the file cannot be written, or it takes
            longer than `within_s`.
        OSError: the process cannot be started.
    """
    if not job.moments:
        raise CannotMakeError("there is no picture of that time that is true and was taken by day")
    if job.moments > MAX_FRAMES:
        raise CannotMakeError(
            f"that is {job.moments:,} frames, and at most {MAX_FRAMES:,} are made: shorten the time"
        )
    process = subprocess.Popen(  # noqa: S603 - this interpreter, and a module of ours
        [sys.executable, "-m", _PROCESS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    timer = threading.Timer(within_s, process.kill)
    timer.start()
    last: Progress | Made | Failed | None = None
    try:
        assert process.stdin is not None  # noqa: S101 - it is a pipe
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        with process.stdin:
            process.stdin.write(msgspec.json.encode(job))
        for line in process.stdout:
            last = msgspec.json.decode(line, type=Progress | Made | Failed)
            if isinstance(last, Progress):
                report(last)
    except (BrokenPipeError, msgspec.MsgspecError):
        pass  # it has ended; the exit status says how
    finally:
        in_time = timer.is_alive()
        timer.cancel()
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
    match last:
        case Made():
            return last
        case Failed(why):
            raise CannotMakeError(why)
    if not in_time:
        raise CannotMakeError(f"it was not ready within {within_s:g} s")
    raise CannotMakeError(f"the process that makes it ended with status {process.returncode}")

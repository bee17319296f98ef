"""The process that makes a time-lapse: the job as JSON on its standard input, progress as lines of JSON."""

import sys

import msgspec

from pantau_collector.daylight.limits import limit
from pantau_collector.timelapse.job import Failed, Job, Made, Progress
from pantau_collector.timelapse.make import make

_MEMORY_BYTES = 3_000_000_000
_CPU_S = 3600
_FILE_BYTES = 4_000_000_000


def _say(message: Progress | Made | Failed) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(message) + b"\n")
    sys.stdout.buffer.flush()


def main() -> None:
    """Make what is asked for."""
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    limit(memory_bytes=_MEMORY_BYTES, cpu_s=_CPU_S, file_bytes=_FILE_BYTES)
    try:
        _say(make(job, _say))
    except OSError as error:
        _say(Failed(f"{job.out} cannot be written: {error.strerror or error}"))


if __name__ == "__main__":
    main()

"""Measures what the agent's spool writes to the disk a day: `python -m benchmarks.spool_writes [--json]`.

It spools what batches of so many cameras take compressed, each with the receipt for the one before, and reads
`write_bytes` of proc(5), io. What the file system writes of its own comes on top: on ext4 next to nothing, as the
spool's files do not grow.
"""

import argparse
import json
import random
import tempfile
from pathlib import Path

from pantau_agent.spool.queue import BatchQueue, Bounds
from pantau_contract.messages import BatchRange

BATCH_BYTES = {3: 700, 16: 1800, 64: 5000}
"""Bytes of a compressed batch by the number of cameras, about."""
_A_DAY = 2880
"""Batches a day, one each 30 s."""
_WARM_UP, _MEASURED = 300, 600


class _Clock:
    """Stands still but for `advance`."""

    def __init__(self) -> None:
        self._now_s = 0.0

    def monotonic(self) -> float:
        """Return the seconds since the start."""
        return self._now_s

    def time_ms(self) -> int:
        """Return a UTC time that goes with them."""
        return 1_790_000_000_000 + int(self._now_s * 1000)

    def advance(self) -> None:
        """Let an interval pass."""
        self._now_s += 30


def written_a_day_mb(size: int, folder: Path) -> float:
    """Return the megabytes that a day of batches of `size` bytes writes."""
    clock, noise = _Clock(), random.Random(1)
    queue = BatchQueue(folder / "spool.sqlite", Bounds(512e6, 7 * 86400), "boot", clock)  # type: ignore[arg-type] # all that it asks of a clock
    queue.open()
    before = 0
    for number in range(_WARM_UP + _MEASURED):
        if number == _WARM_UP:
            before = _write_bytes()
        batch = queue.append(noise.randbytes(size), clock_synchronised=True, reports_drops=False)
        queue.acknowledge(batch.id)
        clock.advance()
        queue.receive_receipt([BatchRange(queue.boot, batch.seq, batch.seq)])
    written = _write_bytes() - before
    queue.close()
    return written / _MEASURED * _A_DAY / 1e6


def _write_bytes() -> int:
    lines = Path("/proc/self/io").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("write_bytes"))


def main() -> None:
    """Print the figures. The folder must be on a disk: in memory nothing is written."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.spool_writes", description=main.__doc__)
    parser.add_argument("--json", action="store_true", help="MB a day by the number of cameras, as one object")
    options = parser.parse_args()
    found: dict[int, float] = {}
    for cameras, size in BATCH_BYTES.items():
        with tempfile.TemporaryDirectory(dir=".") as folder:
            found[cameras] = round(written_a_day_mb(size, Path(folder)), 1)
    if options.json:
        print(json.dumps({"mb_a_day": found}))
        return
    for cameras, mb in found.items():
        print(f"{cameras} cameras: {mb:.0f} MB a day")


if __name__ == "__main__":
    main()

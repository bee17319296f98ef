"""The collector with a clock that the test sets: `python -m tests.chaos.collector CLOCK run --config CONFIG`.

The file CLOCK holds the clock's error in milliseconds.
"""

import sys
import time
from pathlib import Path

from pantau_collector.cli import app
from pantau_collector.clock import SystemClock


def set_clock(path: Path) -> None:
    """Make the collector's clock wrong by what the file says."""
    SystemClock.time_ms = lambda _: time.time_ns() // 1_000_000 + int(path.read_text())  # type: ignore[assignment,method-assign]


if __name__ == "__main__":
    set_clock(Path(sys.argv.pop(1)))
    app()

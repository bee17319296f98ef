"""Has pictures measured by a process of its own, which a picture can neither hang nor use to get at anything."""

import subprocess
import sys
from collections.abc import Sequence

import msgspec

from pantau_collector.snapshots.light import Light

_PROCESS = "pantau_collector.daylight.process"
_WITHIN_S = 180.0
"""Seconds after which the process is ended; a picture takes some milliseconds."""


def measure_all(jpegs: Sequence[bytes]) -> list[Light | None]:
    """Return what is measured of each picture's light; None for what is no picture, or too much for the process.

    Raises:
        OSError: the process cannot be started.
    """
    sent = b"".join(len(jpeg).to_bytes(4) + jpeg for jpeg in jpegs)
    process = subprocess.Popen(  # noqa: S603 - this interpreter, and a module of ours
        [sys.executable, "-m", _PROCESS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        out, _ = process.communicate(sent, timeout=_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        out, _ = process.communicate()
    lines = out.split(b"\n")[:-1][: len(jpegs)]
    found = [msgspec.json.decode(line, type=Light | None) for line in lines]
    return found + [None] * (len(jpegs) - len(found))

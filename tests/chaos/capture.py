"""Captures what an agent puts into its spool, in a file beside it that is read at the end.

A line is written before a batch goes into the spool, with every sample's number, and another once it is on the
disk. A kill between the two leaves a batch that may be spooled or not, and a batch that waits in memory because
the disk is full does not count as spooled.
"""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from pantau_contract.messages import Telemetry

Key = tuple[str, str, int]
"""Site, camera, and the sample's number: `width` for a generated camera, the time (ms) for a simulated one."""


class SampleCapture:
    """Appends to a file, each line by one `write`, so that a kill leaves no partial line before the next."""

    def __init__(self, path: Path, *, numbered: bool) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._numbered = numbered

    def offered(self, batch: Telemetry) -> None:
        """Note a batch that is about to be spooled."""
        keys = [(s.camera, s.width if self._numbered else s.time) for s in batch.samples]
        self._write(["offered", batch.boot, batch.seq, [key for key in keys if key[1] is not None]])

    def spooled(self, boot: str, seq: int) -> None:
        """Note a batch that is on the disk."""
        self._write(["spooled", boot, seq])

    def _write(self, line: list[object]) -> None:
        os.write(self._file, json.dumps(line).encode() + b"\n")


@dataclass
class CapturedSamples:
    """Every sample that was offered to a spool, and those that were certainly spooled."""

    offered: set[Key] = field(default_factory=set)
    spooled: set[Key] = field(default_factory=set)
    batches: int = 0


def read_capture(path: Path, site: str, into: CapturedSamples) -> None:
    """Add the samples of a site's capture."""
    offered: dict[tuple[str, int], set[Key]] = {}
    for line in path.read_bytes().splitlines() if path.exists() else ():
        event, boot, seq, *keys = json.loads(line)
        if event == "offered":
            offered[boot, seq] = {(site, camera, number) for camera, number in keys[0]}
            into.offered |= offered[boot, seq]
        else:
            into.spooled |= offered[boot, seq]
            into.batches += 1

"""The truth: what an agent took, written down beside its spool, and read again at the end.

A line is written before a batch goes into the spool, with every sample's number, and one when it is on the disk.
So a kill between the two leaves a batch of which either may be true, and a batch that waits in memory because the
disk is full is not held to be kept.
"""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from pantau_contract.messages import Telemetry

Key = tuple[str, str, int]
"""Site, camera, and the sample's number: `width` of a played camera, the time (ms) of a true one."""


class Tap:
    """Appends to a file, one `write` a line, so that a kill leaves no half of one before the next."""

    def __init__(self, path: Path, *, numbered: bool) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._numbered = numbered

    def offered(self, batch: Telemetry) -> None:
        """The batch is about to be spooled."""
        keys = [(s.camera, s.width if self._numbered else s.time) for s in batch.samples]
        self._write(["offered", batch.boot, batch.seq, [key for key in keys if key[1] is not None]])

    def kept(self, boot: str, seq: int) -> None:
        """The batch is on the disk."""
        self._write(["kept", boot, seq])

    def _write(self, line: list[object]) -> None:
        os.write(self._file, json.dumps(line).encode() + b"\n")


@dataclass
class Taken:
    """What the taps say: every sample that was offered, and those that were kept for certain."""

    offered: set[Key] = field(default_factory=set)
    kept: set[Key] = field(default_factory=set)
    batches: int = 0


def read_tap(path: Path, site: str, into: Taken) -> None:
    """Adds what one site's tap says."""
    waiting: dict[tuple[str, int], set[Key]] = {}
    for line in path.read_bytes().splitlines() if path.exists() else ():
        what, boot, seq, *keys = json.loads(line)
        if what == "offered":
            waiting[boot, seq] = {(site, camera, number) for camera, number in keys[0]}
            into.offered |= waiting[boot, seq]
        else:
            into.kept |= waiting[boot, seq]
            into.batches += 1

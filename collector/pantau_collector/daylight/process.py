"""The process that measures the light of pictures: JPEGs in, one line of JSON out for each.

On its standard input each picture follows its length (four bytes, the largest first).
"""

import sys
from typing import BinaryIO

import msgspec

from pantau_collector.daylight.limits import limit
from pantau_collector.daylight.picture import NotAPictureError, measure_jpeg
from pantau_collector.snapshots.light import Light
from pantau_contract.snapshot import MAX_SNAPSHOT

_MEMORY_BYTES = 1_000_000_000
_CPU_S = 120


def serve(pictures: BinaryIO, answers: BinaryIO) -> None:
    """Measure each picture; null answers what is none."""
    while len(head := pictures.read(4)) == 4:
        size = int.from_bytes(head)
        jpeg = pictures.read(min(size, MAX_SNAPSHOT + 1))
        light: Light | None = None
        try:
            light = measure_jpeg(jpeg)
        except (NotAPictureError, MemoryError):
            light = None
        answers.write(msgspec.json.encode(light) + b"\n")
        answers.flush()


if __name__ == "__main__":
    limit(memory_bytes=_MEMORY_BYTES, cpu_s=_CPU_S, file_bytes=0)
    serve(sys.stdin.buffer, sys.stdout.buffer)

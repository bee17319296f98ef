"""The file format of a camera's memory, small enough to be written every few minutes.

`PANTAUPIC`, one byte of version, the CRC-32 (big-endian) of the rest: a zlib stream of one line of JSON that lists
the arrays, then the arrays. Pictures are kept in whole grey levels, everything else in half precision.
"""

import json
import zlib
from typing import Any

import numpy as np

from pantau_agent.picture.cells import GRID, Plane, plane
from pantau_agent.picture.memory import Lighting, PictureMemory
from pantau_agent.picture.reference import Reference
from pantau_agent.picture.score_baseline import SCORES, ScoreBaseline

MAGIC = b"PANTAUPIC"
"""The first bytes of the file."""
VERSION = 1
"""Version of the format."""
_MAX_INFLATED = 1 << 20
"""Most bytes that are decompressed."""


class DamagedMemoryError(ValueError):
    """The bytes are not a memory of ours; the text says why. The camera has to be learned again."""


def encode_memory(memory: PictureMemory) -> bytes:
    """Return the memory as at most `memory_files.MAX_BYTES` bytes."""
    header: dict[str, Any] = {
        "size": memory.size,
        "learned_ms": memory.learned_ms,
        "lighting": memory.lighting,
        "scores": SCORES,
        "hours": [hour.pictures for hour in memory.hours],
        "references": [],
    }
    parts = [
        _half(memory.overlay_frequency),
        *(_half(np.stack([hour.level, hour.spread])) for hour in memory.hours),
    ]
    for lighting, reference in memory.references.items():
        header["references"].append(
            {
                "lighting": lighting,
                "small": reference.thumbnail.shape,
                "pictures": reference.pictures,
                "young": reference.provisional,
                "scored": reference.baseline.pictures,
            }
        )
        parts.append(np.clip(reference.thumbnail + 0.5, 0, 255).astype(np.uint8).tobytes())
        parts += [_half(getattr(reference, name)) for name, _ in _PLANES]
        parts.append(_half(np.stack([reference.baseline.level, reference.baseline.spread])))
    body = zlib.compress(b"".join([json.dumps(header).encode(), b"\n", *parts]), 6)
    return MAGIC + bytes([VERSION]) + zlib.crc32(body).to_bytes(4, "big") + body


def decode_memory(data: bytes) -> PictureMemory:
    """Return the memory from its bytes.

    Raises:
        DamagedMemoryError: they are cut short, altered, of another version, or not a memory.
    """
    head = len(MAGIC) + 5
    if data[: len(MAGIC)] != MAGIC or len(data) < head:
        raise DamagedMemoryError("it is not a memory of a camera")
    if data[len(MAGIC)] != VERSION:
        raise DamagedMemoryError(f"it is of version {data[len(MAGIC)]}, this program reads {VERSION}")
    if zlib.crc32(data[head:]) != int.from_bytes(data[head - 4 : head], "big"):
        raise DamagedMemoryError("its checksum does not match")
    try:
        plain = zlib.decompressobj().decompress(data[head:], _MAX_INFLATED)
        line, _, arrays = plain.partition(b"\n")
        return _memory_of(json.loads(line), _ArrayReader(arrays))
    except (ValueError, KeyError, TypeError, zlib.error) as error:
        raise DamagedMemoryError(f"it cannot be read: {error}") from None


_PLANES: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("agreement", GRID),
    ("agreement_spread", GRID),
    ("detail", GRID),
    ("contrast", GRID),
    ("light", GRID),
    ("colour", (*GRID, 2)),
)
"""The reference's planes in the order of the file, with their shapes."""


def _half(values: Plane) -> bytes:
    return values.astype(np.float16).tobytes()


class _ArrayReader:
    """Reads arrays off a block of bytes, one after the other."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def half(self, shape: tuple[int, ...]) -> Plane:
        return plane(self._take(np.dtype(np.float16), shape))

    def levels(self, shape: tuple[int, ...]) -> Plane:
        return plane(self._take(np.dtype(np.uint8), shape))

    def baseline(self, pictures: int) -> ScoreBaseline:
        both = self.half((2, len(SCORES)))
        return ScoreBaseline(both[0].copy(), both[1].copy(), pictures)

    def _take(self, kind: np.dtype[Any], shape: tuple[int, ...]) -> Any:
        count = int(np.prod(shape))
        taken = np.frombuffer(self._data, kind, count, self._at).reshape(shape)
        self._at += taken.nbytes
        return taken.copy()


def _memory_of(header: dict[str, Any], reader: _ArrayReader) -> PictureMemory:
    if tuple(header["scores"]) != SCORES:
        raise DamagedMemoryError("it holds other scores than this program's")
    memory = PictureMemory(
        size=(int(header["size"][0]), int(header["size"][1])),
        learned_ms=int(header["learned_ms"]),
        lighting=Lighting(header["lighting"]) if header["lighting"] else None,
        overlay_frequency=reader.half(GRID),
        hours=tuple(reader.baseline(int(pictures)) for pictures in header["hours"]),
    )
    for entry in header["references"]:
        height, width = entry["small"]
        thumbnail = reader.levels((int(height), int(width)))
        agreement, agreement_spread, detail, contrast, light, colour = (reader.half(shape) for _, shape in _PLANES)
        baseline = reader.baseline(int(entry["scored"]))
        reference = Reference(
            thumbnail,
            agreement,
            agreement_spread,
            detail,
            contrast,
            light,
            colour,
            baseline,
            pictures=int(entry["pictures"]),
        )
        reference.mark_provisional(int(entry["young"]))
        memory.references[Lighting(entry["lighting"])] = reference
    return memory

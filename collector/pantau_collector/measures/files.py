"""The files of recent measures: a ring of slots for each camera.

A file holds 26 hours in 312 slots of 65 bytes, 20 kB; 5,000 cameras take 100 MB of disk and none of memory.
A slot's place follows from its time, and it begins with its time, so that an older one in its place is known as
such. Nothing is synchronised to the disk: a loss of power takes a few minutes of a plot.
"""

import math
import os
import shutil
import struct
from collections.abc import Collection, Iterable
from pathlib import Path

from pantau_collector.measures.measure import MEASURES, SLOT_MS, Figures, Slot
from pantau_contract.states import Cause

SLOTS = 312
"""Slots of a camera: 26 hours."""
_SLOT = struct.Struct("<IB" + len(MEASURES) * "Hff")
_CAUSES = tuple(Cause)
_NO_FAULT = 255
_MOST = 0xFFFF
_LARGEST = 3e38
"""About the largest 32-bit float."""


class MeasureFiles:
    """The recent measures of all cameras, in `directory/{site}/{camera}.measures`. One thread may write.

    Ids of sites and cameras are slugs, so that each is a safe name of a file.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def load(self, site: str, camera: str, from_ms: int, to_ms: int) -> list[Slot]:
        """Return the slots that begin in a period (UTC ms), in order; those without any measure are absent."""
        try:
            content = self._path(site, camera).read_bytes()
        except FileNotFoundError:
            return []
        slots = (_decode(content, at) for at in range(0, len(content) - _SLOT.size + 1, _SLOT.size))
        found = [slot for slot in slots if slot is not None and from_ms <= slot.start_ms < to_ms]
        return sorted(found, key=lambda slot: slot.start_ms)

    def add(self, site: str, camera: str, slots: Iterable[Slot]) -> None:
        """Add what was measured to what is kept of the same times; a slot older than what is kept is left out.

        Raises:
            OSError: it cannot be written.
        """
        path = self._path(site, camera)
        try:
            file = os.open(path, os.O_RDWR | os.O_CREAT, 0o640)
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(path, os.O_RDWR | os.O_CREAT, 0o640)
        try:
            for slot in slots:
                at = slot.start_ms // SLOT_MS % SLOTS * _SLOT.size
                known = _decode(os.pread(file, _SLOT.size, at), 0)
                if known is not None and known.start_ms > slot.start_ms:
                    continue
                if known is not None and known.start_ms == slot.start_ms:
                    slot.merge(known)
                os.pwrite(file, _encode(slot), at)
        finally:
            os.close(file)

    def keep_only(self, cameras: Collection[tuple[str, str]]) -> None:
        """Remove the files of all other cameras.

        Raises:
            OSError: not all of them could be removed.
        """
        sites = {site for site, _ in cameras}
        for folder in self._directory.glob("*"):
            if folder.name not in sites:
                shutil.rmtree(folder)
                continue
            for path in folder.glob("*.measures"):
                if (folder.name, path.stem) not in cameras:
                    path.unlink(missing_ok=True)

    def _path(self, site: str, camera: str) -> Path:
        return self._directory / site / f"{camera}.measures"


def _encode(slot: Slot) -> bytes:
    values: list[float] = []
    for measure in MEASURES:
        figures = slot.figures.get(measure)
        values += (0, 0.0, 0.0) if figures is None else (min(figures.number, _MOST), *map(_float, figures[1:]))
    fault = _NO_FAULT if slot.fault is None else _CAUSES.index(slot.fault)
    return _SLOT.pack(slot.start_ms // SLOT_MS, fault, *values)


def _decode(content: bytes, at: int) -> Slot | None:
    if len(content) - at < _SLOT.size:
        return None
    number, fault, *values = _SLOT.unpack_from(content, at)
    if not number:
        return None
    figures = {measure: Figures(*values[3 * i : 3 * i + 3]) for i, measure in enumerate(MEASURES) if values[3 * i]}
    return Slot(number * SLOT_MS, figures, _CAUSES[fault] if fault < len(_CAUSES) else None)


def _float(value: float) -> float:
    return max(-_LARGEST, min(value, _LARGEST)) if math.isfinite(value) else 0.0

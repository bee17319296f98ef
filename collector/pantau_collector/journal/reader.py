"""Reads the journal: within the collector, or from another process while the collector writes it."""

import bisect
import logging
import os
from pathlib import Path

from pantau_collector.journal.record import (
    HEAD_SIZE,
    Damage,
    DamagedError,
    Record,
    decode_received,
    find_record,
    read_span,
)

SUFFIX = ".journal"
"""The ending of a segment's file name."""
_log = logging.getLogger(__name__)


class JournalReader:
    """Reads the segments in a directory; each file is named after the position of its first byte.

    A position counts bytes from the first record ever written. Any number of threads may read at once.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._starts: list[int] = []
        self._damages: dict[int, Damage] = {}
        self._refresh()

    @property
    def directory(self) -> Path:
        """The directory that holds the segments, and the other files of this journal."""
        return self._directory

    @property
    def start(self) -> int:
        """The position of the oldest record that is kept."""
        return self._starts[0] if self._starts else 0

    @property
    def end(self) -> int:
        """The position after the newest record."""
        if not self._starts:
            return 0
        path = self._path(self._starts[-1])
        return self._starts[-1] + (path.stat().st_size if path.exists() else 0)

    @property
    def damages(self) -> tuple[Damage, ...]:
        """The damage found so far, each place once."""
        return tuple(self._damages.values())

    def read(self, position: int, limit: int, *, until: int | None = None) -> tuple[list[Record], int]:
        """Return up to `limit` records, or about 8 MB, from `position`, and the position after them.

        `until`, which must be the position after some record, bounds what is read. An empty list means that there
        is nothing more at present. A position that retention has overtaken, or that lies after the end, is moved
        to the nearest record, and damage is skipped; both are logged and listed in `damages`.
        """
        while True:
            # Read before the list of segments: what is appended meanwhile is left to the next read.
            end = self._whole_end()
            starts = self._starts
            if not starts:
                if not self._refresh():
                    return [], position
                continue
            position = self._within(position, starts[0], self.end)
            i = bisect.bisect_right(starts, position) - 1
            following = starts[i + 1] if i + 1 < len(starts) else None
            end = end if following is None else following
            bound = min((each for each in (end, until) if each is not None), default=None)
            records, position = self._read_segment(starts[i], bound, position, limit)
            if records:
                return records, position
            if end is not None and bound is not None and position < bound:
                self._report(position, bound, "hold no readable record")
                position = bound
            if until is not None and position >= until:
                return [], position
            if following is None and not self._refresh():
                return [], position

    def position_at(self, received_ms: int) -> int:
        """Return a position at most one segment before the first record received at `received_ms` or later."""
        found = self.start
        for start in self._starts:
            first = self._first_received(start)
            if first is not None and first >= received_ms:
                break
            found = start
        return found

    def latest(self, size: int) -> int:
        """Return the position of the first whole record in about the last `size` bytes."""
        position = max(self.end - size, self.start)
        starts = self._starts
        i = bisect.bisect_right(starts, position) - 1
        if i < 0:
            return position
        with self._path(starts[i]).open("rb") as file:
            found = find_record(file.fileno(), position - starts[i], os.fstat(file.fileno()).st_size)
        if found is not None:
            return starts[i] + found
        return starts[i + 1] if i + 1 < len(starts) else self.end

    def _within(self, position: int, start: int, end: int) -> int:
        if position < start:
            self._report(position, start, "are no longer kept: retention has overtaken a reader")
            return start
        if position > end:
            self._report(end, position, "are not there, though a reader stands behind them")
            return end
        return position

    def _read_segment(
        self, start: int, whole_end: int | None, position: int, limit: int
    ) -> tuple[list[Record], int]:
        try:
            file = os.open(self._path(start), os.O_RDONLY)
        except FileNotFoundError:
            return [], position
        try:
            size = os.fstat(file).st_size
            end = start + size if whole_end is None else min(start + size, whole_end)
            span = read_span(file, position - start, end - start, limit)
        finally:
            os.close(file)
        for offset, size in span.skipped:
            self._report(start + offset, start + offset + size, "were damaged and have been skipped")
        return span.records, start + span.offset

    def _whole_end(self) -> int | None:
        """Return where the last whole record ends, or None if another process may still be writing it."""
        return None

    def _refresh(self) -> bool:
        """List the segments again, and return True if any was added or removed."""
        found = list_segments(self._directory)
        changed = found != self._starts
        self._starts = found
        return changed

    def _first_received(self, start: int) -> int | None:
        """Return when a segment's first record was received (UTC ms), or None if it cannot be read."""
        try:
            with self._path(start).open("rb") as file:
                return decode_received(file.read(HEAD_SIZE))
        except (FileNotFoundError, DamagedError):
            return None

    def _path(self, start: int) -> Path:
        return segment_path(self._directory, start)

    def _report(self, position: int, end: int, reason: str) -> None:
        if position < end and position not in self._damages:
            damage = Damage(position, end - position, reason)
            self._damages[position] = damage
            _log.warning("journal %s: %s", self._directory, damage)


def list_segments(directory: Path) -> list[int]:
    """Return the start positions of the segments in a directory, in order."""
    stems = (path.name.removesuffix(SUFFIX) for path in directory.glob("*" + SUFFIX))
    return sorted(int(stem) for stem in stems if stem.isdecimal())


def segment_path(directory: Path, start: int) -> Path:
    """Return the path of the segment that starts at a position."""
    return directory / f"{start:020d}{SUFFIX}"

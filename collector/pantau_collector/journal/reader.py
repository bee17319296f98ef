"""Reading the journal: within the collector, and from another process while the collector writes it."""

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
_log = logging.getLogger(__name__)


class JournalReader:
    """Reads the segments in a directory; each file is named by the position of its first byte.

    A position counts bytes from the first record ever written. Any number of threads may read at once.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._starts: list[int] = []
        self._damages: dict[int, Damage] = {}
        self._refresh()

    @property
    def directory(self) -> Path:
        """Where the segments are, and what belongs to this journal alone."""
        return self._directory

    @property
    def start(self) -> int:
        """Position of the oldest record kept."""
        return self._starts[0] if self._starts else 0

    @property
    def end(self) -> int:
        """Position behind the newest record."""
        if not self._starts:
            return 0
        path = self._path(self._starts[-1])
        return self._starts[-1] + (path.stat().st_size if path.exists() else 0)

    @property
    def damages(self) -> tuple[Damage, ...]:
        """What could not be read so far, each place once."""
        return tuple(self._damages.values())

    def read(self, position: int, limit: int, *, until: int | None = None) -> tuple[list[Record], int]:
        """Up to `limit` records (and about 8 MB) from `position`, and the position behind them.

        With `until`, the position behind some record, only records before it. An empty list says that there is no
        more at present. A position that retention has overtaken, or that lies behind the end, is moved to what
        there is, and damage is skipped; `damages` and the log tell of each.
        """
        while True:
            # Before the segments are looked at: what is appended meanwhile is the next reading's.
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
        """A position before the first record received at `received_ms` or later, at most a segment before it."""
        found = self.start
        for start in self._starts:
            first = self._first_received(start)
            if first is not None and first >= received_ms:
                break
            found = start
        return found

    def latest(self, size: int) -> int:
        """The position of the first whole record in about the last `size` bytes."""
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
        """Where the last whole record ends; None: the newest may still be being written, by another process."""
        return None

    def _refresh(self) -> bool:
        """Looks for segments that have come or gone; whether any has."""
        found = list_segments(self._directory)
        changed = found != self._starts
        self._starts = found
        return changed

    def _first_received(self, start: int) -> int | None:
        """When a segment's first record was received; None if that cannot be read."""
        try:
            with self._path(start).open("rb") as file:
                return decode_received(file.read(HEAD_SIZE))
        except (FileNotFoundError, DamagedError):
            return None

    def _path(self, start: int) -> Path:
        return segment_path(self._directory, start)

    def _report(self, position: int, end: int, what: str) -> None:
        if position < end and position not in self._damages:
            damage = Damage(position, end - position, what)
            self._damages[position] = damage
            _log.warning("journal %s: %s", self._directory, damage)


def list_segments(directory: Path) -> list[int]:
    """The start positions of the segments in a directory, in order."""
    stems = (path.name.removesuffix(SUFFIX) for path in directory.glob("*" + SUFFIX))
    return sorted(int(stem) for stem in stems if stem.isdecimal())


def segment_path(directory: Path, start: int) -> Path:
    """The file of the segment that starts at a position."""
    return directory / f"{start:020d}{SUFFIX}"

"""A reader's position in the journal, kept in a small file."""

import logging
from pathlib import Path

from pantau_service import atomic_file

_log = logging.getLogger(__name__)


class CursorFile:
    """Positions in the journal that outlive the process. A damaged or missing file stands for position 0.

    A reader with one lane has one position; a reader with several lanes has several, and the first is the
    smallest. Reading from too early a position is harmless, because whatever is done with a record is idempotent.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._positions = _read(path)

    @property
    def position(self) -> int:
        """The position before which every record has been dealt with."""
        return self._positions[0]

    @property
    def positions(self) -> tuple[int, ...]:
        """The positions from which the lanes go on reading."""
        return self._positions

    def move(self, *positions: int) -> None:
        """Write the positions durably: after a crash the file holds either the old ones or the new ones.

        Raises:
            OSError: they could not be written; the old ones stay.
        """
        atomic_file.write(self._path, (" ".join(map(str, positions)) + "\n").encode())
        self._positions = positions


def _read(path: Path) -> tuple[int, ...]:
    try:
        text = path.read_text(encoding="ascii", errors="replace").strip()
    except FileNotFoundError:
        return (0,)
    words = text.split()
    if words and all(map(str.isdecimal, words)):
        return tuple(map(int, words))
    _log.warning("%s holds no position (%r): starting at the journal's beginning", path, text[:40])
    return (0,)

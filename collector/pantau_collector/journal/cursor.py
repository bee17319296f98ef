"""How far a reader of the journal has come, in a small file of its own."""

import logging
from pathlib import Path

from pantau_service import whole_file

_log = logging.getLogger(__name__)


class Cursor:
    """Positions in the journal that outlive the process; a damaged or missing file is the journal's beginning.

    A reader in one lane has one; one in several has more, the first of which is the least. Reading from too far
    back is harmless, for all that is done with a record is idempotent.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._positions = _read(path)

    @property
    def position(self) -> int:
        """Before it, all is done."""
        return self._positions[0]

    @property
    def positions(self) -> tuple[int, ...]:
        """Where reading goes on."""
        return self._positions

    def move(self, *positions: int) -> None:
        """Writes the positions durably: the file holds either the old ones or the new ones, never half.

        Raises:
            OSError: they could not be written; the old ones stay.
        """
        whole_file.replace(self._path, (" ".join(map(str, positions)) + "\n").encode())
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

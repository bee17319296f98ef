"""How far a reader of the journal has come, in a small file of its own."""

import logging
import os
from pathlib import Path

_log = logging.getLogger(__name__)


class Cursor:
    """A position in the journal that outlives the process; a damaged or missing file is the journal's beginning.

    Reading from too far back is harmless, for all that is done with a record is idempotent.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._position = _read(path)

    @property
    def position(self) -> int:
        """Where reading goes on."""
        return self._position

    def move(self, position: int) -> None:
        """Writes the position durably: the file holds either the old one or the new one, never half.

        Raises:
            OSError: it could not be written; the old position stays.
        """
        written = self._path.with_suffix(".new")
        with written.open("w") as file:
            file.write(f"{position}\n")
            file.flush()
            os.fsync(file.fileno())
        written.replace(self._path)
        self._position = position


def _read(path: Path) -> int:
    try:
        text = path.read_text(encoding="ascii", errors="replace").strip()
    except FileNotFoundError:
        return 0
    if text.isdecimal():
        return int(text)
    _log.warning("%s holds no position (%r): starting at the journal's beginning", path, text[:40])
    return 0

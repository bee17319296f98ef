"""What could not be taken, kept with the reason, for the person who finds out why."""

import base64
import contextlib
import json
import os
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

MAX_KEPT = 64 << 10
"""How much of a payload is kept, in bytes."""


class DeadLetter(NamedTuple):
    """One thing that was not taken. `topic` is where it came on, or the measurement of a line."""

    topic: str
    reason: str
    payload: bytes


class DeadLetters:
    """A file of JSON lines: `time` (UTC), `topic`, `reason`, `size`, and `payload` (base64, its first 64 KiB).

    When the file is full it becomes `*.1` and a new one begins; `files` of them are kept. Any thread may write.
    """

    def __init__(
        self, path: Path, *, time_ms: Callable[[], int], max_bytes: int = 16 << 20, files: int = 4
    ) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._time_ms = time_ms
        self._max_bytes = max_bytes
        self._files = files
        self._writing = threading.Lock()
        self.written = 0
        """Letters since the start."""

    def write(self, letters: Iterable[DeadLetter]) -> None:
        """Adds the letters, durably.

        Raises:
            OSError: they could not be written, perhaps some of them were.
        """
        now = datetime.fromtimestamp(self._time_ms() / 1000, UTC).isoformat(timespec="milliseconds")
        lines = [_line(letter, now) for letter in letters]
        if not lines:
            return
        with self._writing:
            self._rotate()
            with self._path.open("ab") as file:
                if file.tell() and not _ends_whole(self._path):
                    file.write(b"\n")
                file.write(b"".join(lines))
                file.flush()
                os.fdatasync(file.fileno())
            self.written += len(lines)

    def _rotate(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            if self._path.stat().st_size < self._max_bytes:
                return
            for number in range(self._files - 1, 0, -1):
                with contextlib.suppress(FileNotFoundError):
                    self._numbered(number - 1).replace(self._numbered(number))

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}") if number else self._path


def _line(letter: DeadLetter, now: str) -> bytes:
    content = {
        "time": now,
        "topic": letter.topic[:400],
        "reason": letter.reason[:2000],
        "size": len(letter.payload),
        "payload": base64.b64encode(letter.payload[:MAX_KEPT]).decode(),
    }
    return json.dumps(content).encode() + b"\n"


def _ends_whole(path: Path) -> bool:
    """Whether the last line is complete; a loss of power may have cut it."""
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"

"""Dead letters: what could not be processed, kept with the reason, for the person who finds out why."""

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
"""Bytes of a payload that are kept."""


class DeadLetter(NamedTuple):
    """A message or line that was refused. `topic` is a message's topic, or a line's measurement."""

    topic: str
    reason: str
    payload: bytes


class DeadLetters:
    """A file of JSON lines: `time` (UTC), `topic`, `reason`, `size`, and `payload` (base64, its first 64 KiB).

    A full file is renamed to `*.1` and a new one begun; `files` of them are kept. Any thread may write.
    """

    def __init__(
        self, path: Path, *, time_ms: Callable[[], int], max_bytes: int = 16 << 20, files: int = 4
    ) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = path
        self._time_ms = time_ms
        self._max_bytes = max_bytes
        self._files = files
        self._writing = threading.Lock()
        self.written = 0
        """Dead letters written since the start."""

    def write(self, letters: Iterable[DeadLetter]) -> None:
        """Append dead letters durably.

        Raises:
            OSError: not all of them are written, but some may be.
        """
        now = datetime.fromtimestamp(self._time_ms() / 1000, UTC).isoformat(timespec="milliseconds")
        lines = [_line(letter, now) for letter in letters]
        if not lines:
            return
        with self._writing:
            self._rotate()
            with open(self._path, "ab", opener=_for_its_owner) as file:
                if file.tell() and not _ends_with_newline(self._path):
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


def _for_its_owner(path: str, flags: int) -> int:
    """Open a file that its owner alone may read: a payload may hold a picture, or whatever else was sent."""
    return os.open(path, flags, 0o600)


def _line(letter: DeadLetter, now: str) -> bytes:
    content = {
        "time": now,
        "topic": letter.topic[:400],
        "reason": letter.reason[:2000],
        "size": len(letter.payload),
        "payload": base64.b64encode(letter.payload[:MAX_KEPT]).decode(),
    }
    return json.dumps(content).encode() + b"\n"


def _ends_with_newline(path: Path) -> bool:
    """Return False if the last line is incomplete, as a loss of power may leave it."""
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"

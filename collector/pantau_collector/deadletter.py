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

from pantau_contract.printable import printable_line
from pantau_contract.topics import PREFIX, TopicKind, site_of

MAX_KEPT = 64 << 10
"""Bytes of a payload that are kept."""
MAX_KEPT_OF_PICTURE = 16
"""Bytes of a picture that are kept: what format it has, and nothing of what it shows."""
SITES_SHARE = 8
"""A site may fill one part in so many of a file in a day; further letters of it are counted only."""
_DAY_MS = 86_400_000
_REPORT_EVERY_MS = 60_000
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG")
_SNAPSHOT = f"/{TopicKind.SNAPSHOT}"


class DeadLetter(NamedTuple):
    """A message or line that was refused. `topic` is a message's topic, or a line's measurement."""

    topic: str
    reason: str
    payload: bytes
    size: int | None = None
    """Bytes that were sent, where the payload itself was never taken in."""


class DeadLetters:
    """A file of JSON lines: `time` (UTC), `topic`, `reason`, `size`, and `payload` (base64, its first 64 KiB).

    A full file is renamed to `*.1` and a new one begun; `files` of them are kept. No site can push out what others
    have there: each has a share, beyond which its letters are counted, and their number written once a minute.
    Of pictures only the first bytes are kept, for they may show people. Any thread may write.
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
        self._shares = _Shares(max_bytes // SITES_SHARE)
        self.written = 0
        """Dead letters written since the start."""

    @property
    def left_out(self) -> int:
        """Dead letters since the start that were counted only."""
        return self._shares.left_out

    def write(self, letters: Iterable[DeadLetter]) -> None:
        """Append dead letters durably.

        Raises:
            OSError: not all of them are written, but some may be.
        """
        now_ms = self._time_ms()
        with self._writing:
            lines = [line for letter in letters if (line := self._line(letter, now_ms))]
            lines += [_line(report, now_ms) for report in self._shares.take_due(now_ms)]
            while lines:
                lines = self._append(lines)

    def _line(self, letter: DeadLetter, now_ms: int) -> bytes | None:
        """Return the letter's line, or None if its site has used up its share."""
        line = _line(letter, now_ms)
        site = site_of(letter.topic)
        return line if not site or self._shares.take(site, len(line), now_ms) else None

    def _append(self, lines: list[bytes]) -> list[bytes]:
        """Append what the file has room for, one line at least, and return the rest."""
        self._rotate()
        with open(self._path, "ab", opener=_for_its_owner) as file:
            if file.tell() and not _ends_with_newline(self._path):
                file.write(b"\n")
            count, end = 0, file.tell()
            while count < len(lines) and end < self._max_bytes:
                end += len(lines[count])
                count += 1
            file.write(b"".join(lines[:count]))
            file.flush()
            os.fdatasync(file.fileno())
        self.written += count
        return lines[count:]

    def _rotate(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            if self._path.stat().st_size < self._max_bytes:
                return
            for number in range(self._files - 1, 0, -1):
                with contextlib.suppress(FileNotFoundError):
                    self._numbered(number - 1).replace(self._numbered(number))

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}") if number else self._path


class _Shares:
    """How many bytes each site has used of its share today, and how many letters of it were only counted."""

    def __init__(self, share: int) -> None:
        self._share = share
        self._used: dict[str, int] = {}
        self._unreported: dict[str, int] = {}
        self._day = 0
        self._reported_ms = 0
        self.left_out = 0

    def take(self, site: str, size: int, now_ms: int) -> bool:
        """Use `size` bytes of the site's share, and return True; or count the letter if there is no room."""
        if now_ms // _DAY_MS != self._day:
            self._day, self._used = now_ms // _DAY_MS, {}
        used = self._used.get(site, 0) + size
        if used > self._share:
            self._unreported[site] = self._unreported.get(site, 0) + 1
            self.left_out += 1
            return False
        self._used[site] = used
        return True

    def take_due(self, now_ms: int) -> list[DeadLetter]:
        """Return a letter about each site of which letters were only counted, once a minute."""
        if not self._unreported or abs(now_ms - self._reported_ms) < _REPORT_EVERY_MS:
            return []
        unreported, self._unreported, self._reported_ms = self._unreported, {}, now_ms
        return [
            DeadLetter(
                f"{PREFIX}/{site}",
                f"{count} more dead letters of this site are not kept: it has used up its share of today",
                b"",
            )
            for site, count in unreported.items()
        ]


def _for_its_owner(path: str, flags: int) -> int:
    """Open a file that its owner alone may read: a payload may hold a picture, or whatever else was sent."""
    return os.open(path, flags, 0o600)


def _line(letter: DeadLetter, now_ms: int) -> bytes:
    is_picture = letter.topic.endswith(_SNAPSHOT) or letter.payload.startswith(_PICTURES)
    content = {
        "time": datetime.fromtimestamp(now_ms / 1000, UTC).isoformat(timespec="milliseconds"),
        "topic": printable_line(letter.topic),
        "reason": printable_line(letter.reason, 2000),
        "size": len(letter.payload) if letter.size is None else letter.size,
        "payload": base64.b64encode(letter.payload[: MAX_KEPT_OF_PICTURE if is_picture else MAX_KEPT]).decode(),
    }
    return json.dumps(content).encode() + b"\n"


def _ends_with_newline(path: Path) -> bool:
    """Return False if the last line is incomplete, as a loss of power may leave it."""
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"

"""The queue behind the spool: on the disk, or in memory while the disk cannot be written. Used by one thread."""

import logging
import sqlite3
import uuid
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from pantau_agent.clock import Clock, read_both
from pantau_agent.spool.acknowledgements import Acknowledgements
from pantau_agent.spool.drops import Drops
from pantau_agent.spool.file import Batch, SpoolFile, SpoolInUseError

_log = logging.getLogger(__name__)

_MAX_IN_MEMORY = 16 << 20
"""Bytes of batches kept in memory while the disk cannot be written."""
_REOPEN_AFTER_S = 30
"""Seconds between two attempts to open a file that cannot be used."""
_COMMIT_ACKNOWLEDGED_AT = 500
"""Acknowledged batches that are deleted in a commit of their own, without waiting for the next batch."""
_RESERVED_SESSIONS = 64
"""Session numbers reserved by one commit, so that an agent without a broker does not write at each attempt."""
_LOG_DROPS_EVERY_S = 3600
"""Seconds between two warnings about dropped batches."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How large and how old the queue may become."""

    max_bytes: float
    max_age_s: float


class BatchQueue:
    """The batches that wait, in order.

    `boot` and a batch's `seq` make it unique; `dropped` counts the batches dropped since the boot. `drops` are
    what was dropped and not reported yet.
    """

    def __init__(self, path: Path, bounds: Bounds, machine_boot: str, clock: Clock) -> None:
        self._path = path
        self._bounds = bounds
        self._machine_boot = machine_boot
        self._clock = clock
        self.file: SpoolFile | None = None
        self.in_memory: deque[Batch] = deque()
        self._acknowledgements = Acknowledgements(clock)
        self._on_disk = 0
        self._last_id = 0
        self._session = 0
        self._reserved_sessions = 0
        self._failing = False
        self._reopen_at = 0.0
        self._log_drops_at = 0.0
        self.drops = Drops()
        self._saved_drops = self.drops.note
        self.boot = ""
        self.next_seq = 0
        self.dropped = 0
        self.used_mb = 0.0

    def __len__(self) -> int:
        """Return how many batches wait."""
        return self._on_disk + len(self.in_memory) - len(self._acknowledgements)

    def open(self) -> None:
        """Open or create the file, and continue where the last run stopped; without a usable disk, in memory.

        Raises:
            SpoolInUseError: another agent has it open.
        """
        now_ms = self._clock.time_ms()
        self._session = now_ms // 1000  # so the count does not start again if the spool is lost
        self._last_id = now_ms  # greater than the ids of a file that can be opened only later
        try:
            self.file = SpoolFile.open(self._path)
            self._restore(self.file)
        except (OSError, sqlite3.Error) as error:
            self._log_failure(error)
        self.boot = self.boot or uuid.uuid4().hex[:16]
        self._reserved_sessions = self._session
        self._save_counts()

    def close(self) -> None:
        """Write what is left to write, and close the file."""
        self._commit()
        if self.file is not None:
            self.file.close()

    def append(self, payload: bytes, *, clock_synchronised: bool | None, reports_drops: bool) -> Batch:
        """Append a batch and commit it. `reports_drops`: its payload reports `drops`."""
        now_ms, monotonic_s = read_both(self._clock)
        batch = Batch(
            self._last_id + 1,
            self.boot,
            self.next_seq,
            now_ms,
            int(monotonic_s * 1000),
            clock_synchronised,
            payload,
        )
        self._last_id, self.next_seq = batch.id, batch.seq + 1
        self.in_memory.append(batch)
        if reports_drops:
            self.drops.reported_by(batch.id)
        self._commit()
        self._enforce_bounds(batch)
        return batch

    def after(self, batch_id: int, limit: int) -> list[Batch]:
        """Return the next batches after an id that are not acknowledged, oldest first."""
        found: list[Batch] = []
        if self.file is not None:
            try:
                found = self.file.after(batch_id, limit + self._acknowledgements.count_after(batch_id))
            except sqlite3.Error as error:
                self._handle_failure(error)
        found += [batch for batch in self.in_memory if batch.id > batch_id]
        return [batch for batch in found if batch.id not in self._acknowledgements][:limit]

    def newest_with_clock_set(self, boot: str) -> Batch | None:
        """Return a batch of a boot from when the clock was set, without its payload, or None if none is left."""
        found = (batch for batch in self.in_memory if batch.boot == boot and batch.clock_synchronised)
        try:
            return next(found, None) or (self.file.newest_with_clock_set(boot) if self.file is not None else None)
        except sqlite3.Error as error:
            self._handle_failure(error)
            return None

    def save_dated(self, batch: Batch) -> None:
        """Replace a batch by the same one, dated."""
        self.in_memory = deque(batch if waiting.id == batch.id else waiting for waiting in self.in_memory)
        if self.file is not None:
            try:
                self.file.replace(batch)
            except sqlite3.Error as error:
                self._handle_failure(error)

    def acknowledge(self, batch_id: int) -> None:
        """Record that the broker has acknowledged a batch."""
        self._acknowledgements.add(batch_id)
        if len(self._acknowledgements) % _COMMIT_ACKNOWLEDGED_AT == 0:
            self._commit()

    def distrust_broker(self) -> None:
        """Let what the broker acknowledged lately wait again: it was lost, and may not have written that."""
        self._acknowledgements.keep_only_written()

    def next_session(self) -> int:
        """Return the number of a new connection, greater than every one before, over restarts too."""
        self._session += 1
        if self._session > self._reserved_sessions:
            self._reserved_sessions = self._session + _RESERVED_SESSIONS
            self._save_counts()
        return self._session

    def retained_cameras(self) -> frozenset[str]:
        """Return the cameras saved by `save_retained_cameras`; none if they cannot be read."""
        try:
            return frozenset((self.file.read_note("cameras") or "").split() if self.file is not None else ())
        except sqlite3.Error as error:
            self._handle_failure(error)
            return frozenset()

    def save_retained_cameras(self, cameras: frozenset[str]) -> None:
        """Save which cameras' states a broker may retain."""
        self._save_notes(cameras=" ".join(sorted(cameras)))

    def _restore(self, file: SpoolFile) -> None:
        newest = file.newest()
        self._last_id = newest.id if newest else 0
        if file.read_note("machine_boot") == self._machine_boot:
            self.boot = file.read_note("boot") or ""
            self.dropped = int(file.read_note("dropped") or 0)
            self.next_seq = newest.seq + 1 if newest and newest.boot == self.boot else 0
        self._session = max(self._session, int(file.read_note("session") or 0))
        self.drops = Drops(file.read_note("drops"))
        self._on_disk = file.count()
        self.used_mb = file.used_bytes() / 1e6

    def _commit(self) -> None:
        """Write what waits in memory, and delete what the broker has written for certain."""
        done = self._acknowledgements.written_by_broker()
        for batch_id in done:
            self.drops.arrived(batch_id)
        try:
            file = self.file or self._reopened()
            file.commit(self.in_memory, done, **self._changed_drops())
        except (sqlite3.Error, OSError, SpoolInUseError) as error:
            self._handle_failure(error)
            return
        self._on_disk += len(self.in_memory) - len(done)
        self.in_memory.clear()
        for batch_id in done:
            self._acknowledgements.discard(batch_id)
        self.used_mb = file.used_bytes() / 1e6
        if self.file is None or self._failing:
            self.file, self._failing = file, False
            self._on_disk = file.count()
            self._save_counts()
            _log.info("the spool %s can be written again", self._path)

    def _reopened(self) -> SpoolFile:
        if self._clock.monotonic() < self._reopen_at:
            raise OSError("it is tried again in a moment")
        self._reopen_at = self._clock.monotonic() + _REOPEN_AFTER_S
        return SpoolFile.open(self._path)

    def _handle_failure(self, error: Exception) -> None:
        """Continue in memory. A file that turns out to be damaged is closed; opening it again sets it aside."""
        self._log_failure(error)
        self._saved_drops = ""
        if self.file is not None and not isinstance(error, sqlite3.OperationalError):
            self.file.close()
            self.file = None
            self.drops.forget_report()

    def _log_failure(self, error: Exception) -> None:
        if not self._failing:
            _log.error(
                "the spool %s cannot be used (%s): batches wait in memory; look at the disk", self._path, error
            )
        self._failing = True

    def _save_counts(self) -> None:
        self._save_notes(
            machine_boot=self._machine_boot,
            boot=self.boot,
            session=self._reserved_sessions,
            dropped=self.dropped,
        )

    def _save_notes(self, **notes: object) -> None:
        if self.file is None:
            return
        try:
            self.file.write_notes(**notes)
        except sqlite3.Error as error:
            self._handle_failure(error)

    def _changed_drops(self) -> dict[str, str]:
        """Return the note on drops to save, if it has changed."""
        note = self.drops.note
        if note == self._saved_drops:
            return {}
        self._saved_drops = note
        return {"drops": note}

    def _enforce_bounds(self, newest: Batch) -> None:
        while sum(len(batch.payload) for batch in self.in_memory) > _MAX_IN_MEMORY:
            self._drop([self.in_memory.popleft()])
        try:
            while self.file is not None and (excess := self._excess(self.file, newest)):
                self._on_disk -= len(excess)
                self._drop(excess)
                ids = [batch.id for batch in excess]
                self.file.drop(ids, dropped=self.dropped, **self._changed_drops())
                self.used_mb = self.file.used_bytes() / 1e6
        except sqlite3.Error as error:
            self._handle_failure(error)

    def _excess(self, file: SpoolFile, newest: Batch) -> list[Batch]:
        """Return the oldest batches, as far as they are too old or there is no room for them."""
        oldest = [batch for batch in file.oldest(100) if batch.id < newest.id]
        if file.used_bytes() > self._bounds.max_bytes:
            return oldest[: 1 + len(oldest) // 10]
        stale = [place for place, batch in enumerate(oldest) if self._is_stale(batch, newest)]
        return oldest[: stale[-1] + 1] if stale else []

    def _is_stale(self, batch: Batch, newest: Batch) -> bool:
        """Return whether a batch is too old.

        One of this boot is judged by the monotonic clock, which is never stepped; others by their wall-clock time,
        unless the clock was not set then or is not set now.
        """
        max_age_ms = self._bounds.max_age_s * 1000
        if batch.boot == newest.boot:
            return newest.monotonic_ms - batch.monotonic_ms > max_age_ms
        if batch.clock_synchronised is False or newest.clock_synchronised is False:
            return False
        return newest.time_ms - batch.time_ms > max_age_ms

    def _drop(self, batches: list[Batch]) -> None:
        for batch in batches:
            if self._acknowledgements.discard(batch.id):
                self.drops.arrived(batch.id)
            else:
                self.drops.add(batch)
                self.dropped += 1
        if self.dropped and self._clock.monotonic() >= self._log_drops_at:
            self._log_drops_at = self._clock.monotonic() + _LOG_DROPS_EVERY_S
            _log.warning(
                "the spool is full or its oldest batches are too old: %d given up since the boot", self.dropped
            )

"""The queue behind the spool: on the disk, or in memory while the disk cannot be written. Used by one thread."""

import logging
import sqlite3
import uuid
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pantau_agent.clock import Clock, read_both
from pantau_agent.spool.acknowledgements import Acknowledgements
from pantau_agent.spool.drops import Drops
from pantau_agent.spool.file import Batch, SpooledBoot, SpoolFile, SpoolInUseError
from pantau_agent.spool.id_set import IdSet
from pantau_agent.spool.previous import PreviousRun
from pantau_contract.messages import BatchRange
from pantau_contract.version import __version__

_log = logging.getLogger(__name__)

_MAX_IN_MEMORY = 16 << 20
"""Bytes of batches kept in memory while the disk cannot be written."""
_REOPEN_AFTER_S = 30
"""Seconds between two attempts to open a file that cannot be used."""
_COMMIT_DELETABLE_AT = 500
"""Batches that are deleted in a commit of their own, without waiting for the next batch."""
_MAX_SAVED_RANGES = 64
"""Ranges of batches that the broker holds, of which a restart knows; the others are sent again."""
_RESERVED_SESSIONS = 64
"""Session numbers reserved by one commit, so that an agent without a broker does not write at each attempt."""
_LOG_DROPS_EVERY_S = 3600
"""Seconds between two warnings about dropped batches."""
_LOG_RECEIPTS_EVERY_S = 3600
"""Seconds between two warnings about receipts that cannot be true."""


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
        self._present = IdSet()
        """The batches in the spool, on the disk or in memory."""
        self._boots: dict[str, SpooledBoot] = {}
        self._last_id = 0
        self._session = 0
        self._reserved_sessions = 0
        self._failing = False
        self._reopen_at = 0.0
        self._log_drops_at = 0.0
        self._log_receipts_at = 0.0
        self.drops = Drops()
        self._saved_notes = {"drops": self.drops.note}
        self.previous: PreviousRun | None = None
        """The run before this one, or None if nothing is known of it."""
        self.boot = ""
        self.next_seq = 0
        self.dropped = 0
        self.used_mb = 0.0

    def __len__(self) -> int:
        """Return how many batches wait to be sent."""
        return len(self._present) - len(self._acknowledgements)

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
        self._save_notes(clean=1)
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
        self._present.add(batch.id)
        self._boots[batch.boot] = SpooledBoot(batch.id - batch.seq, batch.seq)
        if reports_drops:
            self.drops.reported_by(batch.id)
        self._commit()
        self._enforce_bounds(batch)
        return batch

    def after(self, batch_id: int, limit: int) -> list[Batch]:
        """Return the next batches after an id that wait, oldest first."""
        found: list[Batch] = []
        if self.file is not None:
            try:
                found = self._waiting_in(self.file, batch_id, limit)
            except sqlite3.Error as error:
                self._handle_failure(error)
        found += [each for each in self.in_memory if each.id > batch_id and each.id not in self._acknowledgements]
        return found[:limit]

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
        if batch_id in self._present:
            self._acknowledgements.add(batch_id)
            self._commit_if_many()

    def receive_receipt(self, ranges: Iterable[BatchRange]) -> None:
        """Record that the collector has the batches of a receipt. What it cannot have is ignored, and logged."""
        known_before = self._acknowledgements.has_receipts
        for each in ranges:
            known = self._boots.get(each.boot)
            if known is None:
                continue  # nothing of that boot is left
            if each.last > known.last_seq:
                self._log_false_receipt(each)
                continue
            ids = self._present.between(known.first_id + each.first, known.first_id + each.last)
            self._acknowledgements.add_arrived(ids)
        if self._acknowledgements.has_receipts and not known_before:
            _log.info("the collector gives receipts: from now on each batch is kept until there is one for it")
        self._commit_if_many()

    def take_overdue(self) -> bool:
        """Let the batches wait again whose receipt is overdue, and return whether there are any."""
        return self._acknowledgements.take_overdue()

    def distrust_broker(self) -> None:
        """Let what the broker acknowledged lately wait again: it was lost, and may not have written that."""
        self._acknowledgements.distrust_broker()

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
        self.previous = _previous_run(file, newest)
        if file.read_note("machine_boot") == self._machine_boot:
            self.boot = file.read_note("boot") or ""
            self.dropped = int(file.read_note("dropped") or 0)
            self.next_seq = newest.seq + 1 if newest and newest.boot == self.boot else 0
        self._session = max(self._session, int(file.read_note("session") or 0))
        self.drops = Drops(file.read_note("drops"))
        self._find_batches(file)
        self._acknowledgements = Acknowledgements(
            self._clock,
            has_receipts=file.read_note("receipts") == "1",
            held=_held_from(file.read_note("held") or "", self._present),
        )
        self.used_mb = file.used_bytes() / 1e6

    def _commit_if_many(self) -> None:
        if len(self._acknowledgements.deletable()) >= _COMMIT_DELETABLE_AT:
            self._commit()

    def _commit(self) -> None:
        """Write what waits in memory, and delete what is elsewhere for certain."""
        done = self._acknowledgements.deletable()
        for batch_id in done:
            self.drops.arrived(batch_id)
        try:
            file = self.file or self._reopened()
            file.commit(self.in_memory, done, **self._changed_notes())
        except (sqlite3.Error, OSError, SpoolInUseError) as error:
            self._handle_failure(error)
            return
        self.in_memory.clear()
        for batch_id in done:
            self._acknowledgements.discard(batch_id)
            self._present.discard(batch_id)
        self.used_mb = file.used_bytes() / 1e6
        if self.file is None or self._failing:
            self.file, self._failing = file, False
            self._find_batches(file)
            self._save_counts()
            _log.info("the spool %s can be written again", self._path)

    def _find_batches(self, file: SpoolFile) -> None:
        """Find out which batches are in the file. None is in memory only."""
        this_boot = {boot: known for boot, known in self._boots.items() if boot == self.boot}
        self._boots = file.boots() | this_boot
        self._present = IdSet(file.ranges())
        self._acknowledgements.keep_only(self._present)

    def _waiting_in(self, file: SpoolFile, batch_id: int, limit: int) -> list[Batch]:
        """Return the next batches of the file after an id that wait, about as many as `limit`."""
        found: list[Batch] = []
        while len(found) < limit:
            page = file.after(self._acknowledgements.skip(batch_id), limit)
            found += [batch for batch in page if batch.id not in self._acknowledgements]
            if len(page) < limit:
                break
            batch_id = page[-1].id
        return found

    def _reopened(self) -> SpoolFile:
        if self._clock.monotonic() < self._reopen_at:
            raise OSError("it is tried again in a moment")
        self._reopen_at = self._clock.monotonic() + _REOPEN_AFTER_S
        return SpoolFile.open(self._path)

    def _handle_failure(self, error: Exception) -> None:
        """Continue in memory. A file that turns out to be damaged is closed; opening it again sets it aside."""
        self._log_failure(error)
        self._saved_notes = {}
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

    def _log_false_receipt(self, found: BatchRange) -> None:
        if self._clock.monotonic() >= self._log_receipts_at:
            self._log_receipts_at = self._clock.monotonic() + _LOG_RECEIPTS_EVERY_S
            _log.warning(
                "the collector sends a receipt for batch %d of boot %r, which does not exist; it is ignored."
                " Who else may publish on this site's topics at the broker?",
                found.last,
                found.boot,
            )

    def _save_counts(self) -> None:
        self._save_notes(
            machine_boot=self._machine_boot,
            boot=self.boot,
            session=self._reserved_sessions,
            dropped=self.dropped,
            version=__version__,
            clean=0,
        )

    def _save_notes(self, **notes: object) -> None:
        if self.file is None:
            return
        try:
            self.file.write_notes(**notes)
        except sqlite3.Error as error:
            self._handle_failure(error)

    def _changed_notes(self) -> dict[str, str]:
        """Return the notes to save that have changed: on drops, and on what the broker and the collector have."""
        notes = {"drops": self.drops.note}
        if self._acknowledgements.has_receipts:
            held = self._acknowledgements.held[:_MAX_SAVED_RANGES]
            notes |= {"receipts": "1", "held": " ".join(f"{first}-{last}" for first, last in held)}
        changed = {key: note for key, note in notes.items() if self._saved_notes.get(key, "") != note}
        self._saved_notes |= changed
        return changed

    def _enforce_bounds(self, newest: Batch) -> None:
        while sum(len(batch.payload) for batch in self.in_memory) > _MAX_IN_MEMORY:
            self._drop([self.in_memory.popleft()])
        try:
            while self.file is not None and (excess := self._excess(self.file, newest)):
                self._drop(excess)
                ids = [batch.id for batch in excess]
                self.file.drop(ids, dropped=self.dropped, **self._changed_notes())
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
            self._present.discard(batch.id)
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


def _previous_run(file: SpoolFile, newest: Batch | None) -> PreviousRun | None:
    machine_boot, clean = file.read_note("machine_boot"), file.read_note("clean")
    if machine_boot is None:
        return None
    dated = newest is not None and newest.clock_synchronised is not False
    return PreviousRun(
        machine_boot,
        version=file.read_note("version") or "",
        clean=None if clean is None else clean == "1",
        alive_ms=newest.time_ms if newest is not None and dated else None,
    )


def _held_from(note: str, present: IdSet) -> list[tuple[int, int]]:
    """Return the ranges of a note, as far as they are in the spool; none if it cannot be read."""
    try:
        held = [tuple(map(int, each.split("-"))) for each in note.split()]
        return IdSet(
            (max(first, low), min(last, high)) for first, last in held for low, high in present.ranges()
        ).ranges()
    except ValueError:
        return []

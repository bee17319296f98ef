"""The agent's durable store-and-forward queue.

What is appended is on the disk when `append` returns, and leaves only some time after it is acknowledged: a broker
acknowledges before it has written, so what it took shortly before it was lost is sent again. The queue is bounded
by size and age: the oldest goes first, and is counted. Where the disk cannot be written (full, worn out)
batches wait in memory, and go to the disk as soon as it takes them.

One thread owns the file and all that is known of it; the methods may be called from any event loop.
"""

import asyncio
import logging
import sqlite3
import uuid
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self, TypeVar

from pantau_agent.clock import Clock, read_both
from pantau_agent.spool.drops import Drops
from pantau_agent.spool.file import Batch, SpoolFile, SpoolInUseError
from pantau_contract.messages import Drop

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

_MAX_IN_MEMORY = 16 << 20
"""Bytes that wait in memory while the disk cannot be written."""
_REOPEN_AFTER_S = 30
BROKER_WRITES_WITHIN_S = 60
"""A broker that dies later than this after an acknowledgement has the batch on its own disk (mosquitto writes each
`autosave_interval`; 30 s as we set it up)."""
_FORGET_AT = 500
"""Acknowledged batches that make a commit of their own, without waiting for the next batch."""
_RESERVE_SESSIONS = 64
"""Numbers set aside by one commit, so that an agent without a broker does not write at each attempt."""
_SAY_DROPPED_EVERY_S = 3600


class Spool:
    """The queue. `boot` and a batch's `seq` make it unique; `dropped` counts what was given up since the boot.

    `boot` lasts as long as the machine is up and the spool is whole, over restarts of the agent: so the monotonic
    times of its batches can be compared. `batches` and `used_mb` are what waits now.
    """

    def __init__(self, path: Path, *, max_bytes: float, max_age_s: float, machine_boot: str, clock: Clock) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._max_age_ms = max_age_s * 1000
        self._machine_boot = machine_boot
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="spool")
        self._file: SpoolFile | None = None
        self._in_memory: deque[Batch] = deque()
        self._acknowledged: dict[int, float] = {}
        self._on_disk = 0
        self._last_id = 0
        self._session = 0
        self._sessions_reserved = 0
        self._failing = False
        self._reopen_at = 0.0
        self._say_dropped_at = 0.0
        self._drops = Drops()
        self._drops_noted = self._drops.note
        self.boot = ""
        self.next_seq = 0
        self.dropped = 0
        self.used_mb = 0.0

    @classmethod
    async def open(
        cls, path: Path, *, max_bytes: float, max_age_s: float, machine_boot: str, clock: Clock
    ) -> Self:
        """Opens or begins the spool; where the disk cannot be used, one in memory.

        Raises:
            SpoolInUseError: another agent has it.
        """
        spool = cls(path, max_bytes=max_bytes, max_age_s=max_age_s, machine_boot=machine_boot, clock=clock)
        try:
            await spool._run(spool._start)
        except SpoolInUseError:
            spool._thread.shutdown()
            raise
        return spool

    @property
    def batches(self) -> int:
        """How many batches wait."""
        return self._on_disk + len(self._in_memory) - len(self._acknowledged)

    @property
    def drop(self) -> Drop | None:
        """What was given up and no batch has told of: for the next one to tell, which is appended with `tells`."""
        return self._drops.to_tell

    async def append(
        self, payload: bytes, *, clock_synchronised: bool | None = None, tells: bool = False
    ) -> Batch:
        """Keeps a batch, whose `seq` is `next_seq`; durable on return, as far as there is a disk.

        `tells`: its payload holds `drop`.
        """
        return await self._run(lambda: self._append(payload, clock_synchronised, tells=tells))

    async def after(self, batch_id: int, limit: int) -> list[Batch]:
        """The next batches that are not acknowledged yet, oldest first."""
        return await self._run(lambda: self._after(batch_id, limit))

    async def clock_set_in(self, boot: str) -> Batch | None:
        """A batch of a boot from when the clock was set, without its payload; None where none is left."""
        return await self._run(lambda: self._clock_set_in(boot))

    async def settle(self, batch: Batch) -> None:
        """Keeps what became of a batch whose time was not known: it is the same however often it is sent."""
        await self._run(lambda: self._settle(batch))

    def acknowledge(self, batch_id: int) -> None:
        """The broker has taken a batch. Where the agent is killed soon after, it may be sent again."""
        self._thread.submit(self._acknowledge, batch_id)

    def doubt(self) -> None:
        """The broker was lost: what it has taken lately, and may not have written, waits again."""
        self._thread.submit(self._doubt)

    async def begin_session(self) -> int:
        """The number of a new connection: greater than every one before, over restarts too."""
        return await self._run(self._begin_session)

    async def told_cameras(self) -> frozenset[str]:
        """The cameras noted last; none where they cannot be read."""
        return await self._run(self._told_cameras)

    def note_cameras(self, cameras: frozenset[str]) -> None:
        """Keeps which cameras a broker may know of."""
        self._thread.submit(self._note, cameras=" ".join(sorted(cameras)))

    async def close(self) -> None:
        """Writes what is left to write."""
        await self._run(self._close)
        self._thread.shutdown()

    async def _run(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _start(self) -> None:
        now_ms = self._clock.time_ms()
        self._session = now_ms // 1000  # so that with a lost spool the count does not begin anew
        self._last_id = now_ms  # greater than the ids of a file that can be opened only later
        try:
            self._file = SpoolFile.open(self._path)
            self._go_on(self._file)
        except (OSError, sqlite3.Error) as error:
            self._say_failing(error)
        self.boot = self.boot or uuid.uuid4().hex[:16]
        self._sessions_reserved = self._session
        self._write_notes()

    def _go_on(self, file: SpoolFile) -> None:
        """Goes on where the last run stopped."""
        newest = file.newest()
        self._last_id = newest.id if newest else 0
        if file.read_note("machine_boot") == self._machine_boot:
            self.boot = file.read_note("boot") or ""
            self.dropped = int(file.read_note("dropped") or 0)
            self.next_seq = newest.seq + 1 if newest and newest.boot == self.boot else 0
        self._session = max(self._session, int(file.read_note("session") or 0))
        self._drops = Drops(file.read_note("drops"))
        self._on_disk = file.count()
        self.used_mb = file.used_bytes() / 1e6

    def _append(self, payload: bytes, clock_synchronised: bool | None, *, tells: bool) -> Batch:
        now_ms, monotonic_s = read_both(self._clock)
        monotonic_ms = int(monotonic_s * 1000)
        batch = Batch(
            self._last_id + 1, self.boot, self.next_seq, now_ms, monotonic_ms, clock_synchronised, payload
        )
        self._last_id, self.next_seq = batch.id, batch.seq + 1
        self._in_memory.append(batch)
        if tells:
            self._drops.told_by(batch.id)
        self._commit()
        self._keep_bounds(batch)
        return batch

    def _after(self, batch_id: int, limit: int) -> list[Batch]:
        found: list[Batch] = []
        if self._file is not None:
            try:
                known = sum(acknowledged > batch_id for acknowledged in self._acknowledged)
                found = self._file.after(batch_id, limit + known)
            except sqlite3.Error as error:
                self._failed(error)
        found += [batch for batch in self._in_memory if batch.id > batch_id]
        return [batch for batch in found if batch.id not in self._acknowledged][:limit]

    def _clock_set_in(self, boot: str) -> Batch | None:
        found = (batch for batch in self._in_memory if batch.boot == boot and batch.clock_synchronised)
        try:
            return next(found, None) or (self._file.clock_set_in(boot) if self._file is not None else None)
        except sqlite3.Error as error:
            self._failed(error)
            return None

    def _settle(self, batch: Batch) -> None:
        self._in_memory = deque(batch if waits.id == batch.id else waits for waits in self._in_memory)
        if self._file is not None:
            try:
                self._file.replace(batch)
            except sqlite3.Error as error:
                self._failed(error)

    def _acknowledge(self, batch_id: int) -> None:
        self._acknowledged[batch_id] = self._clock.monotonic()
        if len(self._acknowledged) % _FORGET_AT == 0:
            self._commit()

    def _doubt(self) -> None:
        self._acknowledged = dict.fromkeys(self._written_by_broker(), 0.0)

    def _written_by_broker(self) -> list[int]:
        """What was acknowledged so long ago that the broker has written it."""
        before_s = self._clock.monotonic() - BROKER_WRITES_WITHIN_S
        return [batch_id for batch_id, at_s in self._acknowledged.items() if at_s <= before_s]

    def _begin_session(self) -> int:
        self._session += 1
        if self._session > self._sessions_reserved:
            self._sessions_reserved = self._session + _RESERVE_SESSIONS
            self._write_notes()
        return self._session

    def _close(self) -> None:
        self._commit()
        if self._file is not None:
            self._file.close()

    def _commit(self) -> None:
        """Writes what waits in memory, and forgets what the broker has for certain."""
        done = self._written_by_broker()
        for batch_id in done:
            self._drops.arrived(batch_id)
        try:
            file = self._file or self._reopened()
            file.commit(self._in_memory, done, **self._drops_to_note())
        except (sqlite3.Error, OSError, SpoolInUseError) as error:
            self._failed(error)
            return
        self._on_disk += len(self._in_memory) - len(done)
        self._in_memory.clear()
        for batch_id in done:
            del self._acknowledged[batch_id]
        self.used_mb = file.used_bytes() / 1e6
        if self._file is None or self._failing:
            self._file, self._failing = file, False
            self._on_disk = file.count()
            self._write_notes()
            _log.info("the spool %s can be written again", self._path)

    def _reopened(self) -> SpoolFile:
        if self._clock.monotonic() < self._reopen_at:
            raise OSError("it is tried again in a moment")
        self._reopen_at = self._clock.monotonic() + _REOPEN_AFTER_S
        return SpoolFile.open(self._path)

    def _failed(self, error: Exception) -> None:
        """Goes on in memory. A file that turns out to be damaged is opened anew, which sets it aside."""
        self._say_failing(error)
        self._drops_noted = ""
        if self._file is not None and not isinstance(error, sqlite3.OperationalError):
            self._file.close()
            self._file = None
            self._drops.forget_teller()

    def _say_failing(self, error: Exception) -> None:
        if not self._failing:
            _log.error(
                "the spool %s cannot be used (%s): batches wait in memory; look at the disk", self._path, error
            )
        self._failing = True

    def _told_cameras(self) -> frozenset[str]:
        try:
            return frozenset((self._file.read_note("cameras") or "").split() if self._file is not None else ())
        except sqlite3.Error as error:
            self._failed(error)
            return frozenset()

    def _write_notes(self) -> None:
        self._note(
            machine_boot=self._machine_boot,
            boot=self.boot,
            session=self._sessions_reserved,
            dropped=self.dropped,
        )

    def _note(self, **notes: object) -> None:
        if self._file is None:
            return
        try:
            self._file.write_notes(**notes)
        except sqlite3.Error as error:
            self._failed(error)

    def _keep_bounds(self, newest: Batch) -> None:
        while sum(len(batch.payload) for batch in self._in_memory) > _MAX_IN_MEMORY:
            self._give_up([self._in_memory.popleft()])
        try:
            while self._file is not None and (too_much := self._too_much(self._file, newest)):
                self._on_disk -= len(too_much)
                self._give_up(too_much)
                ids = [batch.id for batch in too_much]
                self._file.drop(ids, dropped=self.dropped, **self._drops_to_note())
                self.used_mb = self._file.used_bytes() / 1e6
        except sqlite3.Error as error:
            self._failed(error)

    def _too_much(self, file: SpoolFile, newest: Batch) -> list[Batch]:
        """The oldest batches, as far as they are too old or there is no room for them."""
        oldest = [batch for batch in file.oldest(100) if batch.id < newest.id]
        if file.used_bytes() > self._max_bytes:
            return oldest[: 1 + len(oldest) // 10]
        stale = [place for place, batch in enumerate(oldest) if self._is_stale(batch, newest)]
        return oldest[: stale[-1] + 1] if stale else []

    def _is_stale(self, batch: Batch, newest: Batch) -> bool:
        """A batch of this boot is judged by the monotonic clock, which is never stepped; others by their time.

        Where a clock was not set, then or now, its time says nothing.
        """
        if batch.boot == newest.boot:
            return newest.monotonic_ms - batch.monotonic_ms > self._max_age_ms
        if batch.clock_synchronised is False or newest.clock_synchronised is False:
            return False
        return newest.time_ms - batch.time_ms > self._max_age_ms

    def _drops_to_note(self) -> dict[str, str]:
        """The note on what was given up, where it has changed."""
        note = self._drops.note
        if note == self._drops_noted:
            return {}
        self._drops_noted = note
        return {"drops": note}

    def _give_up(self, batches: list[Batch]) -> None:
        for batch in batches:
            if self._acknowledged.pop(batch.id, None) is None:
                self._drops.given_up(batch)
                self.dropped += 1
            else:
                self._drops.arrived(batch.id)
        if self.dropped and self._clock.monotonic() >= self._say_dropped_at:
            self._say_dropped_at = self._clock.monotonic() + _SAY_DROPPED_EVERY_S
            _log.warning(
                "the spool is full or its oldest batches are too old: %d given up since the boot", self.dropped
            )

"""The agent's durable store-and-forward queue.

An appended batch is on the disk when `append` returns, and is deleted only when the collector's receipt says
that it has it, or, with a collector that gives none, some time after the broker has acknowledged it. The queue
is bounded by size and age; the oldest batches are dropped first, and counted. While the disk cannot be written
(full, worn out) batches wait in memory, and go to the disk as soon as it works again.

One thread owns the queue and its file; the methods may be called from any event loop.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self, TypeVar

from pantau_agent.clock import Clock
from pantau_agent.spool.file import Batch, SpoolInUseError
from pantau_agent.spool.previous import PreviousRun
from pantau_agent.spool.queue import BatchQueue, Bounds
from pantau_contract.messages import Drop, Receipt

_T = TypeVar("_T")


class Spool:
    """The queue, for the event loop."""

    def __init__(self, path: Path, *, max_bytes: float, max_age_s: float, machine_boot: str, clock: Clock) -> None:
        self._queue = BatchQueue(path, Bounds(max_bytes, max_age_s), machine_boot, clock)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="spool")

    @classmethod
    async def open(
        cls, path: Path, *, max_bytes: float, max_age_s: float, machine_boot: str, clock: Clock
    ) -> Self:
        """Open or create the spool; if the disk cannot be used, in memory.

        Raises:
            SpoolInUseError: another agent has it open.
        """
        spool = cls(path, max_bytes=max_bytes, max_age_s=max_age_s, machine_boot=machine_boot, clock=clock)
        try:
            await spool._run(spool._queue.open)
        except SpoolInUseError:
            spool._thread.shutdown()
            raise
        return spool

    @property
    def boot(self) -> str:
        """Id of the boot; with a batch's `seq` it makes the batch unique.

        It lasts while the machine is up and the spool is intact, over restarts of the agent, so the monotonic
        times of its batches can be compared.
        """
        return self._queue.boot

    @property
    def previous(self) -> PreviousRun | None:
        """The run of the agent before this one, or None if nothing is known of it."""
        return self._queue.previous

    @property
    def next_seq(self) -> int:
        """The `seq` of the next batch."""
        return self._queue.next_seq

    @property
    def batches(self) -> int:
        """Number of batches that wait to be sent."""
        return len(self._queue)

    @property
    def used_mb(self) -> float:
        """Size of what waits on the disk, in 10^6 bytes."""
        return self._queue.used_mb

    @property
    def dropped(self) -> int:
        """Number of batches dropped since the boot."""
        return self._queue.dropped

    @property
    def unreported_drop(self) -> Drop | None:
        """What was dropped and not reported yet; the next batch reports it, appended with `reports_drop`."""
        return self._queue.drops.to_report

    async def append(
        self, payload: bytes, *, clock_synchronised: bool | None = None, reports_drop: bool = False
    ) -> Batch:
        """Append a batch, whose `seq` is `next_seq`. It is durable on return, as far as there is a disk.

        `reports_drop`: its payload reports `unreported_drop`.
        """
        return await self._run(
            lambda: self._queue.append(payload, clock_synchronised=clock_synchronised, reports_drops=reports_drop)
        )

    async def after(self, batch_id: int, limit: int) -> list[Batch]:
        """Return the next batches after an id that wait to be sent, oldest first."""
        return await self._run(lambda: self._queue.after(batch_id, limit))

    async def newest_with_clock_set(self, boot: str) -> Batch | None:
        """Return a batch of a boot from when the clock was set, without its payload, or None if none is left."""
        return await self._run(lambda: self._queue.newest_with_clock_set(boot))

    async def save_dated(self, batch: Batch) -> None:
        """Replace an undated batch by the dated one, so it is the same however often it is sent."""
        await self._run(lambda: self._queue.save_dated(batch))

    def acknowledge(self, batch_id: int) -> None:
        """Record that the broker has acknowledged a batch.

        If the agent is killed soon after, it may be sent again.
        """
        self._thread.submit(self._queue.acknowledge, batch_id)

    def receive_receipt(self, receipt: Receipt) -> None:
        """Record that the collector has the batches of a receipt."""
        self._thread.submit(self._queue.receive_receipt, receipt.batches)

    async def take_overdue(self) -> bool:
        """Let the batches wait again whose receipt is overdue, and return whether there are any."""
        return await self._run(self._queue.take_overdue)

    def distrust_broker(self) -> None:
        """Let what the broker acknowledged lately wait again: it was lost, and may not have written that."""
        self._thread.submit(self._queue.distrust_broker)

    async def next_session(self) -> int:
        """Return the number of a new connection, greater than every one before, over restarts too."""
        return await self._run(self._queue.next_session)

    async def retained_cameras(self) -> frozenset[str]:
        """Return the cameras saved by `save_retained_cameras`; none if they cannot be read."""
        return await self._run(self._queue.retained_cameras)

    def save_retained_cameras(self, cameras: frozenset[str]) -> None:
        """Save which cameras' states a broker may retain."""
        self._thread.submit(self._queue.save_retained_cameras, cameras)

    async def close(self) -> None:
        """Write what is left to write, and close the file."""
        await self._run(self._queue.close)
        self._thread.shutdown()

    async def _run(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
